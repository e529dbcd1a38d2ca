#include "ops/bottleneck.h"

#include "ops/point_conv.h"

namespace tenon::core {
namespace {

class Reader {
 public:
  explicit Reader(const Graph& body) : g_(body) {}

  /// The convolution of `id`; not all are known when something but an input of the body is read.
  BottleneckPart part(NodeId id) {
    return {input(id, 1), input(id, 2), g_.node(id).as<Conv>()->activation};
  }
  int input(NodeId id, size_t i) {
    const auto& inputs = g_.node(id).inputs;
    if (i >= inputs.size() || !inputs[i]) return -1;
    const int place = place_of_input(g_, inputs[i]);
    all_known = all_known && place >= 0;
    return place;
  }
  bool all_known = true;

 private:
  const Graph& g_;
};

}  // namespace

std::optional<Bottleneck> bottleneck(const Graph& body) {
  if (body.outputs().size() != 1 || body.outputs()[0].output != 0) return {};
  Reader reader(body);
  Bottleneck b;
  NodeId id = body.outputs()[0].node;
  const auto before = [&] { return body.node(id).inputs[0]; };
  if (is_point_conv_or_sum(body, id)) {
    b.project = reader.part(id);
    b.residual = reader.input(id, 3);
    if (before().output != 0) return {};
    id = before().node;
  }
  if (!is_depthwise_conv(body, id)) return {};
  b.middle = reader.part(id);
  b.window = body.node(id).as<Conv>()->window;
  if (before().output == 0 && is_point_conv(body, before().node)) {
    id = before().node;
    b.expand = reader.part(id);
  }
  b.x = reader.input(id, 0);
  const bool whole = b.expand.present() || b.project.present();
  return whole && reader.all_known ? std::optional(std::move(b)) : std::nullopt;
}

bool dims_agree(const Bottleneck& op, std::span<const Dims> in, const Dims& y) {
  const auto dims = [&](int i) -> const Dims& { return in[static_cast<size_t>(i)]; };
  const Dims &x = dims(op.x), &w = dims(op.middle.weights);
  if (x.size() != 4 || y.size() != 4 || w.size() != 4 || w[1] != 1 || (op.residual >= 0 && dims(op.residual) != y)) return false;
  const int64_t channels = w[0], inputs = x[1], outputs = y[1];
  const auto has_bias = [&](const BottleneckPart& part, int64_t count) { return part.bias < 0 || dims(part.bias) == Dims{count}; };
  const auto is_point = [&](const BottleneckPart& part, int64_t from, int64_t to) {
    return part.present() ? dims(part.weights) == Dims{to, from, 1, 1} && has_bias(part, to) : from == to;
  };
  return is_point(op.expand, inputs, channels) && has_bias(op.middle, channels) && is_point(op.project, channels, outputs);
}

}  // namespace tenon::core
