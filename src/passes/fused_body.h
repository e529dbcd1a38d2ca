#pragma once
#include "passes/match.h"

namespace tenon::core {

/// Keeps the ranges of the symbols in `shape` in the body of a fused node.
void keep_ranges(const Graph& g, const Shape& shape, Graph& body);

/// The body of a Fused node while it is put together, and the values that the node reads.
class FusedBody {
 public:
  explicit FusedBody(Graph& g) : g_(g) { graph.name = "fused"; }
  /// A new input of the body for a value outside; absent for an absent one.
  Value operand(Value outside);
  /// Adds the node whose body gives `result`. The symbols of `shape` keep their ranges.
  Value finish(Value result, const Shape& shape);

  Graph graph;

 private:
  Graph& g_;
  std::vector<Value> outer_;
};

}  // namespace tenon::core
