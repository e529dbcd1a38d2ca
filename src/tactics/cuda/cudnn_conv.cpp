#include <algorithm>

#include "tactics/cuda/cudnn_support.h"
#include "tactics/cuda/libraries.h"

namespace tenon::core::cuda {
namespace {

using cudnn::GraphOp;
using cudnn::GraphSpec;

/// What the two operations have in common; residual: of a convolution alone.
struct Sliding {
  const Window& window;
  const Activation& activation;
  GraphOp::Kind kind;
};

std::optional<Sliding> sliding_of(const Node& node) {
  if (const Conv* conv = node.as<Conv>()) return Sliding{conv->window, conv->activation, GraphOp::Kind::conv};
  if (const ConvTranspose* op = node.as<ConvTranspose>())
    return Sliding{op->window, op->activation, GraphOp::Kind::conv_transpose};
  return {};
}

Dims channels_last_strides(const Dims& dims) { return strides_of(channels_last(static_cast<int>(dims.size())), dims); }

/// The padding of a transposed convolution that the output's size implies; false where it would be negative.
bool add_implied_pads(const ConvTranspose& op, const Window& window, const NodeShapes& shapes, GraphOp& g) {
  const bool same = op.window.auto_pad == AutoPad::same_upper || op.window.auto_pad == AutoPad::same_lower;
  for (size_t i = 0; i < window.kernel.size(); ++i) {
    const int64_t in = shapes.in[0][i + 2], out = shapes.out[0][i + 2];
    const int64_t extra = op.output_padding.empty() ? 0 : op.output_padding[i];
    const int64_t reached = (in - 1) * window.strides[i] + (window.kernel[i] - 1) * window.dilations[i] + 1;
    const int64_t total = reached + extra - out;
    if (total < 0) return false;
    int64_t before = op.window.auto_pad == AutoPad::same_upper ? total / 2 : total - total / 2;
    if (op.output_shape.empty() && !same) before = op.window.auto_pad == AutoPad::notset ? window.pads[i] : 0;
    g.pre.push_back(before);
    g.post.push_back(std::max<int64_t>(0, total - before));
  }
  return true;
}

/// A row is an image of height 1.
void add_height(Dims& dims, size_t at, int64_t value) {
  if (dims.size() == at + 1) dims.insert(dims.begin() + static_cast<int64_t>(at), value);
}

/// The graph of one node at concrete dims. Its order (product, residual, bias, activation) and a bias of the stored
/// type are what cuDNN's compiled engines take; other orders leave only engines that are generated at run time.
class SlidingGraph {
 public:
  SlidingGraph(const PrepareContext& cx, const Sliding& op) : cx_(cx), op_(op), type_(cudnn::data_type(stored_type(cx))) {
    x_ = cx.shapes.in[0], w_ = cx.shapes.in[1], y_ = cx.shapes.out[0];
    for (Dims* dims : {&x_, &w_, &y_}) add_height(*dims, 2, 1);
  }

  bool build(std::string& why) {
    if (checked_product(x_) == 0 || checked_product(w_) == 0 || checked_product(y_) == 0) {
      why = "an empty tensor";
      return false;
    }
    GraphOp product;
    if (!describe(product, why)) return false;
    const int x = bind(0, x_), w = bind(1, w_);
    if (cx_.problem.input(1).constant) bindings.back().held = weights();
    int t = g.convolve(op_.kind, x, w, y_, channels_last_strides(y_), std::move(product));
    if (cx_.problem.input(3).present()) t = g.pointwise(CUDNN_POINTWISE_ADD, t, bind(3, y_));
    if (cx_.problem.input(2).present()) {
      Dims bias(y_.size(), 1);
      bias[1] = y_[1];
      t = g.pointwise(CUDNN_POINTWISE_ADD, t, bind(2, bias));
    }
    if (!append_activation(g, op_.activation, t, why)) return false;
    g.store(t, type_);
    bindings.push_back({t, -1, 0, nullptr});
    return true;
  }

  GraphSpec g;
  std::vector<CudnnExecutable::Binding> bindings;

 private:
  int bind(int input, const Dims& dims) {
    bindings.push_back({g.memory(dims, channels_last_strides(dims), type_), input, -1, nullptr});
    return bindings.back().tensor;
  }

  bool describe(GraphOp& product, std::string& why) const {
    Window window = op_.window;
    window.kernel.assign(cx_.shapes.in[1].begin() + 2, cx_.shapes.in[1].end());
    window = window.filled(static_cast<int>(window.kernel.size()));
    product.strides = window.strides;
    product.dilations = window.dilations;
    if (const auto* transposed = cx_.problem.node().as<ConvTranspose>()) {
      if (!add_implied_pads(*transposed, window, cx_.shapes, product)) {
        why = "the output is larger than what the input reaches";
        return false;
      }
    } else {
      for (const auto& [before, after] : resolve_pads(window, std::span(cx_.shapes.in[0]).subspan(2)))
        product.pre.push_back(before), product.post.push_back(after);
    }
    for (Dims* of : {&product.strides, &product.dilations}) add_height(*of, 0, 1);
    for (Dims* of : {&product.pre, &product.post}) add_height(*of, 0, 0);
    return true;
  }

  std::shared_ptr<const DeviceBuffer> weights() const {
    const CurrentDevice device(cx_.problem.device.index);
    return filters_on_device(cx_, 1, stored_type(cx_));
  }

  const PrepareContext& cx_;
  const Sliding& op_;
  cudnnDataType_t type_;
  Dims x_, w_, y_;
};

/// Config: "plan": the number of the engine in the list that cuDNN gives for the concrete problem.
class CudnnConv : public Tactic {
 public:
  std::string_view name() const override { return "cudnn_conv"; }
  bool slow_to_prepare() const override { return true; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const auto op = sliding_of(p.node());
    if (!op) why = "not a convolution";
    if (!op || !source_enabled(p, cudnn_source, why) || !cudnn::Library::get(why)) return {};
    const int rank = p.input(0).rank();
    if (rank < 3 || rank > 5) {
      why = fmt::format("cuDNN has convolutions of 1 to 3 spatial axes, found {}", rank - 2);
      return {};
    }
    GraphSpec trial;
    int t = trial.memory(Dims(4, 1), Dims(4, 1), CUDNN_DATA_FLOAT);
    if (!append_activation(trial, op->activation, t, why)) return {};
    std::vector<Offer> result;
    for (DType storage : storage_types(p, why)) add_engine_offers(p, storage, channels_last_offer(p, storage), result);
    return result;
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const Sliding op = *sliding_of(cx.problem.node());
    SlidingGraph graph(cx, op);
    if (!graph.build(why)) return nullptr;
    return prepare_graph(cx, graph.g, std::move(graph.bindings), why);
  }

 private:
  Offer channels_last_offer(const Problem& p, DType storage) const {
    Offer offer = row_major_offer(p, name());
    const Layout layout = channels_last(p.input(0).rank());
    offer.in[0].layout = offer.out[0].layout = layout;
    if (!p.input(1).constant) offer.in[1].layout = layout;
    if (p.input(3).present()) offer.in[3].layout = layout;
    store_as(offer, p, storage);
    return offer;
  }
};

}  // namespace

const Tactic& cudnn_conv_tactic() {
  static const CudnnConv tactic;
  return tactic;
}

}  // namespace tenon::core::cuda
