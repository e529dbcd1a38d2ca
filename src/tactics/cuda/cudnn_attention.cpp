#include <cmath>
#include <limits>

#include "tactics/cuda/attention_node.h"
#include "tactics/cuda/cudnn_support.h"
#include "tactics/cuda/libraries.h"

namespace tenon::core::cuda {
namespace {

constexpr int kAttentionEngines = 3;  // cuDNN compiles them at run time: seconds each

using cudnn::GraphOp;
using cudnn::GraphSpec;

/// The mask under the rank of the scores; nothing when its last axis is neither 1 nor whole.
std::optional<Dims> mask_dims(Dims dims, int64_t keys) {
  dims.insert(dims.begin(), 4 - dims.size(), 1);
  if (dims[3] != keys && dims[3] != 1) return {};
  return dims;
}

/// softmax(scale * q k^T + mask) v. cuDNN recognises this order of operations; it needs the sum's logarithm to be
/// part of the graph although nothing reads it.
class AttentionGraph {
 public:
  AttentionGraph(const PrepareContext& cx, const AttentionNode& node) : cx_(cx), node_(node), op_(*node.op) {
    const Dims q = node.dims(cx.shapes, kQuery);
    row_ = {q[0], q[1], q[2], 1};
    depth_ = q[3];
  }

  bool build(std::string& why) {
    const int q = operand(kQuery), k = keys();
    int t = g.matmul(q, k);
    const double scale = op_.scale != 0 ? op_.scale : 1 / std::sqrt(static_cast<double>(depth_));
    t = g.pointwise(CUDNN_POINTWISE_MUL, t, g.scalar(static_cast<float>(scale), 4));
    if (node_.inputs[kMask] >= 0 && !add_mask(t, why)) return false;
    if (op_.causal) t = causal(t);
    t = softmax(t);
    g.set_type(t, type_of(kQuery));
    const int y = g.matmul(t, operand(kValue));
    g.store(y, type_of(kQuery), strides_of(cx_.offer.out[0].layout, cx_.shapes.out[0]));
    bindings.push_back({y, -1, 0, nullptr});
    return true;
  }

  GraphSpec g;
  std::vector<CudnnExecutable::Binding> bindings;

 private:
  cudnnDataType_t type_of(AttentionInput i) const {
    const int input = node_.inputs[i];
    return cudnn::data_type(stored_as(cx_.offer.in[static_cast<size_t>(input)], cx_.problem.input(input).dtype()));
  }

  int bind(AttentionInput i, Dims dims, Dims strides) {
    CudnnExecutable::Binding binding{g.memory(std::move(dims), std::move(strides), type_of(i)), node_.inputs[i], -1, nullptr};
    const int input = node_.inputs[i];
    binding.offset = node_.offset(i) * size_of(stored_as(cx_.offer.in[static_cast<size_t>(input)], cx_.problem.input(input).dtype()));
    bindings.push_back(binding);
    return binding.tensor;
  }

  int operand(AttentionInput i) { return bind(i, node_.dims(cx_.shapes, i), node_.strides(cx_, i)); }

  /// k^T: the last two axes swapped.
  int keys() {
    Dims dims = node_.dims(cx_.shapes, kKey), strides = node_.strides(cx_, kKey);
    std::swap(dims[2], dims[3]);
    std::swap(strides[2], strides[3]);
    return bind(kKey, dims, strides);
  }

  bool add_mask(int& t, std::string& why) {
    const auto dims = mask_dims(cx_.shapes.in[static_cast<size_t>(node_.inputs[kMask])], node_.dims(cx_.shapes, kKey)[2]);
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
  const AttentionNode& node_;
  const Attention& op_;
  Dims row_;
  int64_t depth_ = 1;
};

/// Config: "plan", as for convolutions. Products are of 16-bit factors; scores and the softmax are f32.
class CudnnAttention : public Tactic {
 public:
  std::string_view name() const override { return "cudnn_attention"; }
  bool slow_to_prepare() const override { return true; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const auto node = AttentionNode::of(p, why);
    if (!node || !source_enabled(p, cudnn_source, why) || !cudnn::Library::get(why) || !takes(p, *node, why)) return {};
    std::vector<Offer> result;
    for (DType storage : storage_types(p, why)) {
      Offer offer = row_major_offer(p, name());
      store_as(offer, p, storage);
      if (stored_as(offer.out[0], p.output(0).dtype()) == DType::f32) {
        why = "cuDNN's attention takes 16-bit types; allow f16 or bf16";
        continue;
      }
      // A mask keeps its own type: the lowest f32 number, which hides a key, would become an infinity in f16.
      if (node->inputs[kMask] >= 0) offer.in[static_cast<size_t>(node->inputs[kMask])].storage = DType::none;
      for (const Offer& each : in_attention_layouts(*node, offer, offer.out[0].storage, false)) add_engine_offers(p, storage, each, result, kAttentionEngines);
    }
    return result;
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const auto node = AttentionNode::of(cx, why);
    if (!node) return nullptr;
    for (const AttentionInput i : {kQuery, kKey, kValue})
      if (checked_product(node->dims(cx.shapes, i)) == 0) {
        why = "an empty tensor";
        return nullptr;
      }
    AttentionGraph graph(cx, *node);
    if (!graph.build(why)) return nullptr;
    return prepare_graph(cx, graph.g, std::move(graph.bindings), why);
  }

 private:
  static bool takes(const Problem& p, const AttentionNode& node, std::string& why) {
    const Attention& op = *node.op;
    for (const AttentionInput i : {kLengths, kOffset, kSink})
      if (node.inputs[i] >= 0) why = "lengths, offsets and sinks are not described to cuDNN";
    if (op.softcap != 0 || op.left >= 0 || op.right >= 0 || op.probe != AttentionProbe::none)
      why = "soft caps, windows and shown scores are not described to cuDNN";
    if (node.fact(p, kMask).dtype() == DType::boolean) why = "a mask of booleans";
    return why.empty();
  }
};

}  // namespace

const Tactic& cudnn_attention_tactic() {
  static const CudnnAttention tactic;
  return tactic;
}

}  // namespace tenon::core::cuda
