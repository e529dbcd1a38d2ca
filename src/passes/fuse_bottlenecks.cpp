#include "passes/fuse_bottlenecks.h"

#include "base/checked.h"
#include "ops/conv.h"
#include "ops/point_conv.h"
#include "passes/fused_body.h"
#include "passes/match.h"

namespace tenon::core {
namespace {

constexpr std::string_view kBottleneckEquation = "Conv1x1(depthwise Conv(Conv1x1(x))) => Fused";
constexpr int64_t kLeastRows = 16;  // of the result: each thread computes a few rows before the depthwise one again
constexpr int64_t kMostKernelRows = 16;

bool has_constant_weights(const Graph& g, Value conv) { return static_cast<bool>(g.constant(input(g, conv, 1))); }

/// Rows, columns and channels are numbers, and together large.
bool is_large(const Graph& g, Value v) {
  int64_t bytes = size_of(DType::f32);
  for (size_t i = 1; i < 4; ++i) {
    const Dim d = g.type(v).shape[i];
    if (!d.is_const()) return false;
    bytes = checked_mul(bytes, d.value());
  }
  return bytes >= kLeastBottleneckBytes;
}

bool is_worth_it(const Graph& g, Value depthwise) {
  if (g.type(depthwise).dtype != DType::f32 || !has_constant_weights(g, depthwise)) return false;
  const Dim rows = g.type(depthwise).shape[2], kernel = g.type(input(g, depthwise, 1)).shape[2];
  return rows.is_const() && rows.value() >= kLeastRows && kernel.is_const() && kernel.value() <= kMostKernelRows;
}

/// The convolutions around a depthwise one that are fused with it, first to last; only itself when none are.
std::vector<NodeId> chain_of(const Graph& g, NodeId id) {
  std::vector<NodeId> chain{id};
  const Value middle{id, 0}, before = input(g, middle);
  if (is<Conv>(g, before) && is_point_conv(g, before.node) && single_use(g, before) && has_constant_weights(g, before) &&
      is_large(g, before))
    chain.insert(chain.begin(), before.node);
  if (!single_use(g, middle) || !is_large(g, middle)) return chain;
  const Use after = g.uses(middle)[0];
  if (after.input == 0 && is_point_conv_or_sum(g, after.user) && has_constant_weights(g, {after.user, 0}))
    chain.push_back(after.user);
  return chain;
}

Patch fused(Graph& g, const std::vector<NodeId>& chain) {
  FusedBody body(g);
  const Value first{chain.front(), 0}, last{chain.back(), 0};
  Value x = body.operand(input(g, first));
  for (NodeId id : chain) {
    std::vector<Value> inputs{x};
    for (int i = 1; i < input_count(g, {id, 0}); ++i) inputs.push_back(body.operand(input(g, {id, 0}, i)));
    x = body.graph.add(g.node(id).op, inputs);
  }
  return {{{last, body.finish(x, g.type(last).shape)}}};
}

}  // namespace

void fuse_bottlenecks(Graph& g, PassContext& context) {
  for (NodeId id : g.order()) {
    if (!g.alive(id) || !context.may_change()) continue;
    if (!is_depthwise_conv(g, id) || !is_worth_it(g, {id, 0})) continue;
    const auto chain = chain_of(g, id);
    if (chain.size() > 1) context.apply(g, fused(g, chain), kBottleneckEquation);
  }
}

}  // namespace tenon::core
