#include "passes/fuse_joined_convs.h"

#include <algorithm>

#include "ops/point_conv.h"
#include "ops/shape.h"
#include "passes/fold.h"
#include "passes/fused_body.h"
#include "passes/match.h"
#include "passes/rewrites/affine.h"

namespace tenon::core {
namespace {

constexpr std::string_view kJoinedConvEquation = "Conv1x1(relu(Concat(x, y) * scale + shift)) => Fused";

struct Layer {
  Value conv, concat, scale, shift;  // scale and shift: constants of any form
};

std::optional<Layer> layer_of(const Graph& g, NodeId id) {
  if (!is_point_conv(g, id)) return {};
  const Value conv{id, 0}, relu = input(g, conv);
  if (!is_unary(g, relu, UnaryKind::relu) || !single_use(g, relu)) return {};
  const Value sum = input(g, relu);
  const auto shift = with_constant(g, sum, BinaryKind::add);
  const auto scale = shift && single_use(g, sum) ? with_constant(g, shift->x, BinaryKind::mul) : std::nullopt;
  if (!scale || !single_use(g, shift->x) || !single_use(g, scale->x)) return {};
  const Concat* concat = is<Concat>(g, scale->x);
  if (!concat || concat->axis != 1) return {};
  return Layer{conv, scale->x, scale->constant, shift->constant};
}

/// f32 pictures, each part read once by the concat, with constants that vary over the channels alone.
bool fits(const Graph& g, const Layer& l) {
  const Type& joined = g.type(l.concat);
  if (joined.dtype != DType::f32 || !ranked_tensor(g, l.concat) || joined.rank() != 4) return false;
  const auto& parts = g.node(l.concat.node).inputs;
  for (size_t i = 0; i < parts.size(); ++i) {
    const bool again = std::find(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(i), parts[i]) != parts.begin() + static_cast<std::ptrdiff_t>(i);
    if (again || !ranked_tensor(g, parts[i]) || !g.type(parts[i]).shape[1].is_const()) return false;
  }
  const Value bias = input(g, l.conv, 2);
  return g.constant(input(g, l.conv, 1)) && (!bias || g.constant(bias)) && is_channel_constant(g, l.scale, joined.shape, 1) &&
         is_channel_constant(g, l.shift, joined.shape, 1);
}

Patch fused(Graph& g, const Layer& l) {
  FusedBody body(g);
  const Shape shape = g.type(l.concat).shape;
  const auto per_channel = [&](Value constant) {
    return body.operand(fold_reshape(g, channel_vector(g, constant, shape, 1), {shape[1].value(), 1, 1}));
  };
  std::vector<Value> parts;
  for (Value part : std::vector<Value>(g.node(l.concat.node).inputs)) parts.push_back(body.operand(part));
  const Value joined = body.graph.add(g.node(l.concat.node).op, parts);
  const Value scaled = body.graph.add(Binary(BinaryKind::mul), {joined, per_channel(l.scale)});
  const Value shifted = body.graph.add(Binary(BinaryKind::add), {scaled, per_channel(l.shift)});
  std::vector<Value> inputs{body.graph.add(Unary(UnaryKind::relu), {shifted}), body.operand(input(g, l.conv, 1))};
  if (const Value bias = input(g, l.conv, 2)) inputs.push_back(body.operand(bias));
  return {{{l.conv, body.finish(body.graph.add(g.node(l.conv.node).op, inputs), shape)}}};
}

}  // namespace

void fuse_joined_convs(Graph& g, PassContext& context) {
  for (NodeId id : g.order()) {
    if (!g.alive(id) || !context.may_change()) continue;
    const auto layer = layer_of(g, id);
    if (layer && fits(g, *layer)) context.apply(g, fused(g, *layer), kJoinedConvEquation);
  }
}

}  // namespace tenon::core
