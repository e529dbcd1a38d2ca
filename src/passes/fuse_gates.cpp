#include "passes/fuse_gates.h"

#include "ops/squeeze.h"
#include "passes/fused_body.h"
#include "passes/match.h"

namespace tenon::core {
namespace {

constexpr std::string_view kGateEquation = "x * conv(conv(mean(x))) => Fused";
constexpr int64_t kMostChannels = 4096, kMostHidden = 1024;

bool fits(const Graph& g, const SqueezeNodes& n) {
  const DType dtype = g.type(n.x).dtype;
  if (dtype != DType::f32 && dtype != DType::f16 && dtype != DType::bf16) return false;
  if (!ranked_tensor(g, n.x) || g.type(n.x).shape.size() != 4) return false;
  for (Value conv : {n.hidden, n.gate})
    if (!g.constant(input(g, conv, 1)) || !is_constant_or_absent(g, input(g, conv, 2))) return false;
  if (!single_use(g, n.mean) || !single_use(g, n.hidden) || !single_use(g, n.gate)) return false;
  const Dims& second = g.constant(input(g, n.gate, 1))->dims();
  return second[0] <= kMostChannels && second[1] <= kMostHidden && g.type(n.product).dtype == dtype && same_shape(g, n.x, n.product);
}

Patch fused(Graph& g, const SqueezeNodes& n) {
  FusedBody body(g);
  const Value x = body.operand(n.x), mean = body.graph.add(g.node(n.mean.node).op, {x});
  Value v = mean;
  for (Value conv : {n.hidden, n.gate}) {
    const Value w = body.operand(input(g, conv, 1)), bias = body.operand(input(g, conv, 2));
    v = body.graph.add(g.node(conv.node).op, bias ? std::vector<Value>{v, w, bias} : std::vector<Value>{v, w});
  }
  return {{{n.product, body.finish(body.graph.add(g.node(n.product.node).op, {v, x}), g.type(n.x).shape)}}};
}

}  // namespace

void fuse_gates(Graph& g, PassContext& context) {
  if (!context.options().fuse_gates) return;
  for (NodeId id : g.order()) {
    if (!g.alive(id) || !context.may_change()) continue;
    const auto nodes = squeeze_nodes(g, {id, 0});
    if (nodes && fits(g, *nodes)) context.apply(g, fused(g, *nodes), kGateEquation);
  }
}

}  // namespace tenon::core
