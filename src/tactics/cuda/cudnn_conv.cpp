#include "tactics/cuda/cudnn_support.h"
#include "tactics/cuda/libraries.h"

namespace tenon::core::cuda {
namespace {

using cudnn::GraphOp;
using cudnn::GraphSpec;

/// Dims with at least two spatial axes: a row is an image of height 1.
Dims with_height(Dims dims) {
  if (dims.size() == 3) dims.insert(dims.begin() + 2, 1);
  return dims;
}

Dims packed_strides(const Dims& dims) { return strides_of(channels_last(static_cast<int>(dims.size())), dims); }

/// [M, C, spatial] to [M, spatial, C], in the stored type.
Tensor channels_last_weights(const Tensor& plain, DType type) {
  const Dims& dims = plain.dims();
  const std::vector<float> from = to_floats(plain);
  std::vector<float> to(from.size());
  const auto rows = static_cast<size_t>(dims[0]), channels = static_cast<size_t>(dims[1]);
  const size_t points = rows * channels == 0 ? 0 : from.size() / rows / channels;
  for (size_t m = 0; m < rows; ++m)
    for (size_t c = 0; c < channels; ++c)
      for (size_t p = 0; p < points; ++p) to[(m * points + p) * channels + c] = from[(m * channels + c) * points + p];
  return from_floats(type, dims, to);
}

/// A convolution or transposed convolution at concrete dims.
struct SlidingProduct {
  Dims x, w, y;
  GraphOp op;
};

SlidingProduct sliding_product(const Window& plain, const NodeShapes& shapes) {
  SlidingProduct s{with_height(shapes.in[0]), with_height(shapes.in[1]), with_height(shapes.out[0]), {}};
  Window window = plain;
  window.kernel.assign(shapes.in[1].begin() + 2, shapes.in[1].end());
  window = window.filled(static_cast<int>(window.kernel.size()));
  s.op.strides = window.strides;
  s.op.dilations = window.dilations;
  return s;
}

void add_height(GraphOp& op) {
  if (op.strides.size() != 1) return;
  op.strides.insert(op.strides.begin(), 1);
  op.dilations.insert(op.dilations.begin(), 1);
  op.pre.insert(op.pre.begin(), 0);
  op.post.insert(op.post.begin(), 0);
}

bool is_empty(const Dims& dims) { return checked_product(dims) == 0; }

/// Config: "plan": the number of the engine in the list that cuDNN gives for the concrete problem.
class CudnnConv : public Tactic {
 public:
  std::string_view name() const override { return "cudnn_conv"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const Conv* conv = p.node().as<Conv>();
    if (!conv) why = "not a convolution";
    if (!conv || !source_enabled(p, cudnn_source, why) || !cudnn::Library::get(why)) return {};
    const int rank = p.input(0).rank();
    if (rank < 3 || rank > 5) {
      why = fmt::format("cuDNN has convolutions of 1 to 3 spatial axes, found {}", rank - 2);
      return {};
    }
    GraphSpec trial;
    int t = trial.memory(Dims(4, 1), Dims(4, 1), CUDNN_DATA_FLOAT);
    if (!append_activation(trial, conv->activation, t, why)) return {};
    std::vector<Offer> result;
    for (DType storage : storage_types(p, why)) {
      Offer offer = row_major_offer(p, name());
      const Layout layout = channels_last(rank);
      offer.in[0].layout = offer.out[0].layout = layout;
      if (!p.input(1).constant) offer.in[1].layout = layout;
      if (p.input(3).present()) offer.in[3].layout = layout;
      store_as(offer, p, storage);
      add_engine_offers(offer, result);
    }
    return result;
  }

  /// The order of the graph (product, residual, bias, activation) and a bias of the stored type are what cuDNN's
  /// compiled engines take; other orders leave only engines that are generated at run time.
  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const Conv& conv = *cx.problem.node().as<Conv>();
    SlidingProduct s = sliding_product(conv.window, cx.shapes);
    if (is_empty(s.x) || is_empty(s.w) || is_empty(s.y)) {
      why = "an empty tensor";
      return nullptr;
    }
    Window window = conv.window;
    window.kernel.assign(cx.shapes.in[1].begin() + 2, cx.shapes.in[1].end());
    const auto pads = resolve_pads(window.filled(static_cast<int>(window.kernel.size())), std::span(cx.shapes.in[0]).subspan(2));
    for (const auto& [before, after] : pads) s.op.pre.push_back(before), s.op.post.push_back(after);
    add_height(s.op);
    return build(cx, conv, s, why);
  }

 private:
  static std::shared_ptr<const Executable> build(const PrepareContext& cx, const Conv& conv, const SlidingProduct& s,
                                                 std::string& why) {
    const DType type = stored_type(cx);
    const cudnnDataType_t stored = cudnn::data_type(type);
    GraphSpec g;
    std::vector<CudnnExecutable::Binding> bindings;
    const int x = g.memory(s.x, packed_strides(s.x), stored), w = g.memory(s.w, packed_strides(s.w), stored);
    bindings.push_back({x, 0, -1, nullptr});
    bindings.push_back({w, 1, -1, weights(cx, type)});
    int t = g.convolve(GraphOp::Kind::conv, x, w, s.y, packed_strides(s.y), s.op);
    if (cx.problem.input(3).present()) {
      bindings.push_back({g.memory(s.y, packed_strides(s.y), stored), 3, -1, nullptr});
      t = g.pointwise(CUDNN_POINTWISE_ADD, t, bindings.back().tensor);
    }
    if (cx.problem.input(2).present()) {
      Dims bias(s.y.size(), 1);
      bias[1] = s.y[1];
      bindings.push_back({g.memory(bias, packed_strides(bias), stored), 2, -1, nullptr});
      t = g.pointwise(CUDNN_POINTWISE_ADD, t, bindings.back().tensor);
    }
    if (!append_activation(g, conv.activation, t, why)) return nullptr;
    g.store(t, stored);
    bindings.push_back({t, -1, 0, nullptr});
    return prepare_graph(cx, g, std::move(bindings), why);
  }

  static std::shared_ptr<const DeviceBuffer> weights(const PrepareContext& cx, DType type) {
    if (!cx.problem.input(1).constant) return nullptr;
    const CurrentDevice device(cx.problem.device.index);
    return packed_on_device(cx, 1, "cudnn:" + std::string(to_string(type)),
                            [&](const Tensor& plain) { return channels_last_weights(plain, type); });
  }
};

}  // namespace

const Tactic& cudnn_conv_tactic() {
  static const CudnnConv tactic;
  return tactic;
}

}  // namespace tenon::core::cuda
