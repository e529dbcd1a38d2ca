#include "build/strip_names.h"

#include "ir/subgraphs.h"

namespace tenon::core {
namespace {

OpRef bare_op(const OpRef& op) {
  std::vector<GraphRef> bodies = subgraphs(*op);
  if (bodies.empty()) return op;
  for (GraphRef& body : bodies) body = std::make_shared<const Graph>(without_names(*body));
  return with_subgraphs(*op, bodies);
}

}  // namespace

Graph without_names(const Graph& g) {
  Graph bare;
  bare.name = g.name;
  bare.ranges = g.ranges;
  for (const Check& c : g.checks) bare.checks.push_back({c.a, c.b, "two dims that must be equal"});
  std::map<Value, Value> moved;
  for (size_t i = 0; i < g.inputs().size(); ++i) moved[g.inputs()[i]] = bare.add_input(g.input_name(static_cast<int>(i)), g.type(g.inputs()[i]));
  for (NodeId id : g.order()) {
    const Node& n = g.node(id);
    if (n.as<InputOp>()) continue;
    if (const auto* c = n.as<ConstantOp>()) {
      moved[{id, 0}] = bare.add_constant(c->value->value());
      continue;
    }
    std::vector<Value> inputs;
    for (Value v : n.inputs) inputs.push_back(v ? moved.at(v) : v);
    const Value first = bare.add(bare_op(n.op), std::move(inputs));
    for (int i = 0; i < static_cast<int>(n.outputs.size()); ++i) moved[{id, i}] = Graph::output(first, i);
  }
  for (size_t i = 0; i < g.outputs().size(); ++i) bare.add_output(g.output_name(static_cast<int>(i)), moved.at(g.outputs()[i]));
  return bare;
}

}  // namespace tenon::core
