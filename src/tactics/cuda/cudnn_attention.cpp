#include <cmath>
#include <limits>

#include "ops/attention.h"
#include "tactics/cuda/cudnn_support.h"
#include "tactics/cuda/libraries.h"

namespace tenon::core::cuda {
namespace {

constexpr int kAttentionEngines = 3;  // cuDNN compiles them at run time: seconds each

using cudnn::GraphOp;
using cudnn::GraphSpec;

constexpr int kMask = 3;

/// The mask under the rank of the scores; nothing when its last axis is neither 1 nor whole.
std::optional<Dims> mask_dims(const NodeShapes& shapes) {
  Dims dims = shapes.in[kMask];
  dims.insert(dims.begin(), 4 - dims.size(), 1);
  const int64_t keys = shapes.in[1][2];
  if (dims[3] != keys && dims[3] != 1) return {};
  return dims;
}

/// Heads outermost, or tokens: what a projection of all heads leaves, without a transposition.
Layout tokens_first() { return {{0, 2, 1, 3}}; }

/// softmax(scale * q k^T + mask) v. cuDNN recognises this order of operations; it needs the sum's logarithm to be
/// part of the graph although nothing reads it.
class AttentionGraph {
 public:
  AttentionGraph(const PrepareContext& cx, const Attention& op) : cx_(cx), op_(op) {
    const Dims& q = cx.shapes.in[0];
    row_ = {q[0], q[1], q[2], 1};
  }

  bool build(std::string& why) {
    const int q = input(0), k = keys();
    int t = g.matmul(q, k);
    const double scale = op_.scale != 0 ? op_.scale : 1 / std::sqrt(static_cast<double>(cx_.shapes.in[0][3]));
    t = g.pointwise(CUDNN_POINTWISE_MUL, t, g.scalar(static_cast<float>(scale), 4));
    if (cx_.problem.input(kMask).present() && !add_mask(t, why)) return false;
    if (op_.causal) t = causal(t);
    t = softmax(t);
    g.set_type(t, type_of(0));
    const int y = g.matmul(t, input(2));
    g.store(y, type_of(0), strides_of(cx_.offer.out[0].layout, cx_.shapes.out[0]));
    bindings.push_back({y, -1, 0, nullptr});
    return true;
  }

  GraphSpec g;
  std::vector<CudnnExecutable::Binding> bindings;

 private:
  cudnnDataType_t type_of(int i) const {
    return cudnn::data_type(stored_as(cx_.offer.in[static_cast<size_t>(i)], cx_.problem.input(i).dtype()));
  }

  int bind(int i, Dims dims, Dims strides) {
    bindings.push_back({g.memory(std::move(dims), std::move(strides), type_of(i)), i, -1, nullptr});
    return bindings.back().tensor;
  }

  int input(int i) {
    const Dims& dims = cx_.shapes.in[static_cast<size_t>(i)];
    return bind(i, dims, strides_of(cx_.offer.in[static_cast<size_t>(i)].layout, dims));
  }

  /// k^T: the last two axes swapped.
  int keys() {
    Dims dims = cx_.shapes.in[1], strides = strides_of(cx_.offer.in[1].layout, dims);
    std::swap(dims[2], dims[3]);
    std::swap(strides[2], strides[3]);
    return bind(1, dims, strides);
  }

  bool add_mask(int& t, std::string& why) {
    const auto dims = mask_dims(cx_.shapes);
    if (!dims) {
      why = "the mask is shorter than the keys";
      return false;
    }
    t = g.pointwise(CUDNN_POINTWISE_ADD, t, bind(kMask, *dims, strides_of({}, *dims)));
    return true;
  }

  int causal(int t) {
    GraphOp axis;
    axis.axis = 2;
    const int row = g.pointwise(CUDNN_POINTWISE_GEN_INDEX, t, -1, axis);
    axis.axis = 3;
    const int column = g.pointwise(CUDNN_POINTWISE_GEN_INDEX, t, -1, axis);
    return g.select(g.pointwise(CUDNN_POINTWISE_CMP_GE, row, column), t, g.scalar(-std::numeric_limits<float>::max(), 4));
  }

  int softmax(int t) {
    const int largest = g.reduce(CUDNN_REDUCE_TENSOR_MAX, t, row_);
    const int e = g.pointwise(CUDNN_POINTWISE_EXP, g.pointwise(CUDNN_POINTWISE_SUB, t, largest));
    const int sum = g.reduce(CUDNN_REDUCE_TENSOR_ADD, e, row_);
    g.pointwise(CUDNN_POINTWISE_ADD, largest, g.pointwise(CUDNN_POINTWISE_LOG, sum));
    return g.pointwise(CUDNN_POINTWISE_DIV, e, sum);
  }

  const PrepareContext& cx_;
  const Attention& op_;
  Dims row_;
};

/// Config: "plan", as for convolutions. Products are of 16-bit factors; scores and the softmax are f32.
class CudnnAttention : public Tactic {
 public:
  std::string_view name() const override { return "cudnn_attention"; }
  bool slow_to_prepare() const override { return true; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const Attention* op = p.node().as<Attention>();
    if (!op) why = "not an attention";
    if (!op || !source_enabled(p, cudnn_source, why) || !cudnn::Library::get(why) || !takes(p, *op, why)) return {};
    std::vector<Offer> result;
    for (DType storage : storage_types(p, why)) {
      Offer offer = row_major_offer(p, name());
      store_as(offer, p, storage);
      if (stored_as(offer.out[0], p.output(0).dtype()) == DType::f32) {
        why = "cuDNN's attention takes 16-bit types; allow f16 or bf16";
        continue;
      }
      // A mask keeps its own type: the lowest f32 number, which hides a key, would become an infinity in f16.
      if (p.input(kMask).present()) offer.in[kMask].storage = DType::none;
      add_engine_offers(p, storage, offer, result, kAttentionEngines);
      for (Format* f : {&offer.in[0], &offer.in[1], &offer.in[2], &offer.out[0]}) f->layout = tokens_first();
      add_engine_offers(p, storage, offer, result, kAttentionEngines);
    }
    return result;
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    for (const Dims* dims : {&cx.shapes.in[0], &cx.shapes.in[1], &cx.shapes.in[2]})
      if (checked_product(*dims) == 0) {
        why = "an empty tensor";
        return nullptr;
      }
    AttentionGraph graph(cx, *cx.problem.node().as<Attention>());
    if (!graph.build(why)) return nullptr;
    return prepare_graph(cx, graph.g, std::move(graph.bindings), why);
  }

 private:
  static bool takes(const Problem& p, const Attention& op, std::string& why) {
    for (int i = 4; i < p.inputs(); ++i)
      if (p.input(i).present()) why = "lengths, offsets and sinks are not described to cuDNN";
    if (op.softcap != 0 || op.left >= 0 || op.right >= 0 || op.probe != AttentionProbe::none)
      why = "soft caps, windows and shown scores are not described to cuDNN";
    if (p.input(kMask).present() && p.input(kMask).dtype() == DType::boolean) why = "a mask of booleans";
    return why.empty();
  }
};

}  // namespace

const Tactic& cudnn_attention_tactic() {
  static const CudnnAttention tactic;
  return tactic;
}

}  // namespace tenon::core::cuda
