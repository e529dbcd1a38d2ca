#include "passes/fuse_bottlenecks.h"

#include <algorithm>

#include "base/checked.h"
#include "ops/conv.h"
#include "ops/point_conv.h"
#include "passes/fused_body.h"
#include "passes/match.h"

namespace tenon::core {
namespace {

constexpr std::string_view kExpansionEquation = "depthwise Conv(Conv1x1(x)) => Fused";
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

bool is_expansion(const Graph& g, NodeId first, NodeId depthwise, const PassOptions& options) {
  const DType dtype = g.type({depthwise, 0}).dtype;
  if (dtype != DType::f16 && dtype != DType::bf16 && !(dtype == DType::f32 && options.f32_on_tensor_cores)) return false;
  if (!is_point_conv(g, first) || !single_use(g, {first, 0})) return false;
  for (NodeId conv : {first, depthwise})
    if (!has_constant_weights(g, {conv, 0}) || !is_constant_or_absent(g, input(g, {conv, 0}, 2))) return false;
  const Dims &w = g.constant(input(g, {first, 0}, 1))->dims(), &kernel = g.constant(input(g, {depthwise, 0}, 1))->dims();
  const auto& dilations = g.node(depthwise).as<Conv>()->window.dilations;
  constexpr int64_t kMostKernel = 7;
  return w[0] % 8 == 0 && w[1] % 8 == 0 && w[1] <= kMostExpansionInputs && w[0] >= 2 * w[1] && kernel[2] <= kMostKernel && kernel[3] <= kMostKernel &&
         std::all_of(dilations.begin(), dilations.end(), [](int64_t d) { return d == 1; });
}

}  // namespace

void fuse_expansions(Graph& g, PassContext& context) {
  if (!context.options().fuse_gates) return;
  for (NodeId id : g.order()) {
    if (!g.alive(id) || !context.may_change() || !is_depthwise_conv(g, id)) continue;
    const Value before = input(g, {id, 0});
    if (is<Conv>(g, before) && is_expansion(g, before.node, id, context.options())) context.apply(g, fused(g, {before.node, id}), kExpansionEquation);
  }
}

void fuse_bottlenecks(Graph& g, PassContext& context) {
  for (NodeId id : g.order()) {
    if (!g.alive(id) || !context.may_change()) continue;
    if (!is_depthwise_conv(g, id) || !is_worth_it(g, {id, 0})) continue;
    const auto chain = chain_of(g, id);
    if (chain.size() > 1) context.apply(g, fused(g, chain), kBottleneckEquation);
  }
}

}  // namespace tenon::core
