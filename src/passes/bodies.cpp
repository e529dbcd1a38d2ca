#include "passes/bodies.h"

#include <set>

#include "ir/subgraphs.h"
#include "ops/pointwise.h"

namespace tenon::core {

std::vector<Captures> captures_of(const Node& node) {
  const auto after = [](const GraphRef& body, int64_t own, int64_t node_own) {
    return Captures{body, static_cast<int>(own), static_cast<int>(node_own),
                    static_cast<int>(body->inputs().size() - own)};
  };
  if (const auto* op = node.as<If>()) {
    const auto then_inputs = static_cast<int64_t>(op->then_branch->inputs().size());
    return {after(op->then_branch, 0, 1), after(op->else_branch, 0, 1 + then_inputs)};
  }
  if (const auto* op = node.as<Loop>()) return {after(op->body, 2 + op->carried, 2 + op->carried)};
  if (const auto* op = node.as<Scan>())
    return {after(op->body, op->states + op->sequences, op->states + op->sequences)};
  if (const auto* op = node.as<BatchedScan>())
    return {after(op->body, op->states + op->sequences, 1 + op->states + op->sequences)};
  if (const auto* op = node.as<SequenceMap>()) return {after(op->body, op->mapped, op->mapped)};
  return {};
}

std::vector<Value> inline_body(Graph& g, const Graph& body, const std::vector<Value>& inputs, bool names) {
  std::map<Value, Value> moved;
  for (size_t i = 0; i < inputs.size(); ++i) moved[body.inputs()[i]] = inputs[i];
  std::map<OriginId, OriginId> origins;
  std::set<std::string> taken;
  for (NodeId id = 0; names && id < g.capacity(); ++id)
    if (g.alive(id)) taken.insert(g.node(id).output_names.begin(), g.node(id).output_names.end());
  for (NodeId id : body.order()) {
    const Node& node = body.node(id);
    if (node.as<InputOp>()) continue;
    std::vector<Value> operands;
    for (Value v : node.inputs) operands.push_back(v ? moved.at(v) : v);
    std::vector<OriginId> behind;
    for (OriginId o : node.origins) {
      if (!origins.count(o)) origins[o] = g.add_origin(body.origins()[o]);
      behind.push_back(origins[o]);
    }
    const Value v = g.add(node.op, std::move(operands), std::move(behind));
    for (int i = 0; i < static_cast<int>(node.outputs.size()); ++i) {
      moved[{id, i}] = Graph::output(v, i);
      const std::string& name = body.name_of({id, i});
      if (names && !name.empty() && taken.insert(name).second) g.set_name(Graph::output(v, i), name);
    }
  }
  std::vector<Value> out;
  for (Value v : body.outputs()) out.push_back(moved.at(v));
  return out;
}

Graph with_constants(const Graph& body, const std::vector<ConstRef>& constants) {
  Graph out;
  out.name = body.name;
  out.ranges = body.ranges;
  std::vector<Value> inputs;
  for (int i = 0; i < static_cast<int>(constants.size()); ++i)
    inputs.push_back(constants[i] ? out.add_constant(constants[i])
                                  : out.add_input(body.input_name(i), body.type(body.inputs()[i])));
  const auto results = inline_body(out, body, inputs, true);
  for (size_t i = 0; i < results.size(); ++i) out.add_output(body.output_name(static_cast<int>(i)), results[i]);
  for (const auto& entry : body.dropped()) out.note_dropped(out.add_origin(body.origins()[entry.first]), entry.second);
  return out;
}

Patch replace_bodies(Graph& g, NodeId id, const std::vector<GraphRef>& bodies,
                     const std::vector<std::vector<Value>>& captured) {
  const auto before = captures_of(g.node(id));
  std::vector<Value> inputs(g.node(id).inputs.begin(), g.node(id).inputs.begin() + before[0].node_first);
  for (const auto& list : captured) inputs.insert(inputs.end(), list.begin(), list.end());
  const auto count = static_cast<int>(g.node(id).outputs.size());
  const Value v = g.add(with_subgraphs(*g.node(id).op, bodies), std::move(inputs));
  Patch patch;
  for (int i = 0; i < count; ++i) patch.replace.push_back({{id, i}, Graph::output(v, i)});
  return patch;
}

Patch replace_outputs(Graph& g, NodeId id, const std::vector<Value>& values) {
  Patch patch;
  for (size_t i = 0; i < values.size(); ++i) {
    const Value old{id, static_cast<int32_t>(i)};
    const bool direct = g.is_output(old) && g.node(values[i].node).as<InputOp>();
    if (g.use_count(old) > 0) patch.replace.emplace_back(old, direct ? g.add(Identity{}, {values[i]}) : values[i]);
  }
  return patch;
}

}  // namespace tenon::core
