#include "passes/rewrite.h"

#include "ops/pointwise.h"

namespace tenon::core {
namespace {

/// Each sweep shrinks the graph or moves a node one way; a count this high means that two rules undo each other.
constexpr int kMaxSweeps = 200;

bool allowed(const Rewrite& rule, const PassOptions& options) {
  return !(rule.reassociates && options.exact) && !(rule.nan_unsafe && options.strict_nan);
}

bool fire(Graph& g, PassContext& context, NodeId id, const Rewrite& rule) {
  Near near;
  auto patch = with_context(std::string(rule.equation), [&] { return rule.apply(g, {id, 0}, near); });
  if (!patch) {
    if (!near.reason().empty()) context.near_miss(g, id, rule.equation, near.reason(), rule.spelling);
    return false;
  }
  if (!allowed(rule, context.options())) {
    const char* option = rule.reassociates && context.options().exact ? "--exact" : "--strict-nan";
    context.near_miss(g, id, rule.equation, std::string(option) + " forbids it", rule.spelling);
    g.remove_dead("no output needs it");
    return false;
  }
  context.apply(g, *patch, rule.equation, rule.spelling);
  return true;
}

}  // namespace

std::optional<Patch> forward(Graph& g, Value old, Value x) {
  if (!g.is_output(old) || !g.node(x.node).as<InputOp>()) return replace(old, x);
  if (g.node(old.node).as<Identity>()) return std::nullopt;
  return replace(old, g.add(Identity{}, {x}));
}

void apply_rewrites(Graph& g, PassContext& context, std::span<const Rewrites> families) {
  bool changed = true;
  for (int sweep = 0; changed; ++sweep) {
    assume(sweep < kMaxSweeps, "rewrites reach a fixpoint");
    changed = false;
    for (NodeId id : g.order())
      for (const Rewrites& rules : families)
        for (const Rewrite& rule : rules) {
          if (!context.may_change()) return;
          if (g.alive(id) && fire(g, context, id, rule)) changed = true;
        }
    g.remove_dead("no output needs it");
  }
}

void apply_rewrites(Graph& g, PassContext& context, Rewrites rules) {
  apply_rewrites(g, context, std::span(&rules, 1));
}

}  // namespace tenon::core
