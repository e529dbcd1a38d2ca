#include "passes/control_flow.h"

#include <algorithm>
#include <set>

#include "ops/body_types.h"
#include "passes/bodies.h"
#include "passes/match.h"

namespace tenon::core {
namespace {

std::vector<Value> captured_values(const Node& node, const Captures& c) {
  return {node.inputs.begin() + c.node_first, node.inputs.begin() + c.node_first + c.count};
}

/// Null for a branch that the constants contradict: it stays as it is, and fails if it is ever taken.
GraphRef try_with_constants(const Graph& body, const std::vector<ConstRef>& constants) {
  try {
    return std::make_shared<const Graph>(with_constants(body, constants));
  } catch (const Error& e) {
    if (!is_contradiction(e)) throw;
    return nullptr;
  }
}

std::optional<Patch> sink_constants_of(Graph& g, NodeId id) {
  std::vector<GraphRef> bodies;
  std::vector<std::vector<Value>> captured;
  bool any = false;
  for (const Captures& c : captures_of(g.node(id))) {
    std::vector<ConstRef> constants(c.body->inputs().size());
    captured.emplace_back();
    const auto values = captured_values(g.node(id), c);
    bool here = false;
    for (int i = 0; i < c.count; ++i) {
      constants[c.body_first + i] = g.constant(values[i]);
      here |= g.constant(values[i]) != nullptr;
      if (!g.constant(values[i])) captured.back().push_back(values[i]);
    }
    GraphRef body = here ? try_with_constants(*c.body, constants) : nullptr;
    if (!body) captured.back() = values;
    any |= body != nullptr;
    bodies.push_back(body ? body : c.body);
  }
  return any ? std::optional(replace_bodies(g, id, bodies, captured)) : std::nullopt;
}

std::optional<bool> constant_bool(const Graph& g, Value v) {
  const auto number = uniform(g, v);
  return number ? std::optional(*number != 0) : std::nullopt;
}

std::optional<Patch> inline_branch(Graph& g, NodeId id) {
  if (!g.node(id).as<If>()) return std::nullopt;
  const auto condition = constant_bool(g, g.node(id).inputs[0]);
  if (!condition) return std::nullopt;
  const Captures taken = captures_of(g.node(id))[*condition ? 0 : 1];
  return replace_outputs(g, id, inline_body(g, *taken.body, captured_values(g.node(id), taken), true));
}

/// The nodes of a body that depend on captured inputs and constants alone, constants themselves left out.
std::set<NodeId> invariant_nodes(const Graph& body, int first_captured) {
  std::set<NodeId> fixed, invariant;
  for (size_t i = first_captured; i < body.inputs().size(); ++i) fixed.insert(body.inputs()[i].node);
  for (NodeId id : body.order()) {
    const Node& node = body.node(id);
    if (node.as<InputOp>()) continue;
    const bool all =
        std::all_of(node.inputs.begin(), node.inputs.end(), [&](Value v) { return !v || fixed.count(v.node); });
    if (!all || !node.op->pure()) continue;
    fixed.insert(id);
    if (!node.as<ConstantOp>()) invariant.insert(id);
  }
  return invariant;
}

/// A body cut in two: what is invariant gives `outer_results`, which `inner` takes as its last inputs.
struct Cut {
  Graph outer, inner;
};

Cut cut_body(const Graph& body, int first_captured, const std::set<NodeId>& invariant) {
  std::vector<Value> crossing;
  for (NodeId id : invariant)
    for (int i = 0; i < static_cast<int>(body.node(id).outputs.size()); ++i) {
      const Value v{id, i};
      const auto& uses = body.uses(v);
      if (body.is_output(v) ||
          std::any_of(uses.begin(), uses.end(), [&](const Use& u) { return !invariant.count(u.user); }))
        crossing.push_back(v);
    }
  Cut cut{body, body};
  Graph outer;
  outer.ranges = body.ranges;
  std::vector<Value> inputs(body.inputs().size());
  for (size_t i = first_captured; i < body.inputs().size(); ++i)
    inputs[i] = outer.add_input(body.input_name(static_cast<int>(i)), body.type(body.inputs()[i]));
  Patch patch;
  for (size_t i = 0; i < crossing.size(); ++i)
    patch.replace.push_back({crossing[i], cut.inner.add_input("hoisted_" + std::to_string(body.inputs().size() + i),
                                                              body.type(crossing[i]))});
  std::map<Value, Value> moved;
  for (size_t i = first_captured; i < body.inputs().size(); ++i) moved[body.inputs()[i]] = inputs[i];
  for (NodeId id : body.order()) {
    const Node& node = body.node(id);
    if (!invariant.count(id) && !node.as<ConstantOp>()) continue;
    std::vector<Value> operands;
    for (Value v : node.inputs) operands.push_back(v ? moved.at(v) : v);
    std::vector<OriginId> origins;
    for (OriginId o : node.origins) origins.push_back(outer.add_origin(body.origins()[o]));
    const Value v = outer.add(node.op, std::move(operands), std::move(origins));
    for (int i = 0; i < static_cast<int>(node.outputs.size()); ++i) moved[{id, i}] = Graph::output(v, i);
  }
  for (size_t i = 0; i < crossing.size(); ++i) outer.add_output("hoisted_" + std::to_string(i), moved.at(crossing[i]));
  cut.inner.apply(patch);
  cut.inner.remove_dead("computed in front of the loop");
  cut.outer = std::move(outer);
  return cut;
}

/// The dims of the captured values, which are the last inputs of `outer`, don't contradict it.
bool runs_on(const Graph& g, const Graph& outer, const std::vector<Value>& captured) {
  std::vector<Type> types;
  for (Value v : captured) types.push_back(g.type(v));
  return try_body_types(outer, types).has_value();
}

std::optional<Patch> hoist(Graph& g, NodeId id) {
  const Node& node = g.node(id);
  if (!node.as<Loop>() && !node.as<Scan>() && !node.as<BatchedScan>()) return std::nullopt;
  const Captures c = captures_of(node)[0];
  const auto invariant = invariant_nodes(*c.body, c.body_first);
  if (invariant.empty()) return std::nullopt;
  Cut cut = cut_body(*c.body, c.body_first, invariant);
  auto captured = captured_values(node, c);
  if (!runs_on(g, cut.outer, captured)) return std::nullopt;
  const auto hoisted = inline_body(g, cut.outer, captured, false);
  captured.insert(captured.end(), hoisted.begin(), hoisted.end());
  return replace_bodies(g, id, {std::make_shared<const Graph>(std::move(cut.inner))}, {captured});
}

}  // namespace

void sink_constants(Graph& g, PassContext& context) {
  for (NodeId id : g.order()) {
    if (!context.may_change()) return;
    if (!g.alive(id)) continue;
    if (const auto patch = sink_constants_of(g, id)) context.apply_quietly(g, *patch, "constants into the body");
  }
}

void inline_branches(Graph& g, PassContext& context) {
  for (NodeId id : g.order()) {
    if (!context.may_change()) return;
    if (!g.alive(id)) continue;
    if (const auto patch = inline_branch(g, id))
      context.apply(g, *patch, "If with a constant condition => the branch taken");
  }
}

void hoist_invariants(Graph& g, PassContext& context) {
  for (NodeId id : g.order()) {
    if (!context.may_change()) return;
    if (!g.alive(id)) continue;
    if (const auto patch = hoist(g, id))
      context.apply(g, *patch, "what a loop's body computes the same each time => once in front of it");
  }
}

}  // namespace tenon::core
