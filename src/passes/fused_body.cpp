#include "passes/fused_body.h"

#include "ops/fused.h"

namespace tenon::core {

void keep_ranges(const Graph& g, const Shape& shape, Graph& body) {
  std::set<std::string> symbols;
  for (const Dim& d : shape) d.collect_symbols(symbols);
  for (const auto& s : symbols)
    if (const auto it = g.ranges.find(s); it != g.ranges.end()) body.ranges.insert(*it);
}

Value FusedBody::operand(Value outside) {
  if (!outside) return {};
  outer_.push_back(outside);
  return graph.add_input("x" + std::to_string(outer_.size() - 1), g_.type(outside));
}

Value FusedBody::finish(Value result, const Shape& shape) {
  graph.add_output("y0", result);
  keep_ranges(g_, shape, graph);
  Fused op;
  op.body = std::make_shared<const Graph>(std::move(graph));
  return g_.add(std::move(op), outer_);
}

}  // namespace tenon::core
