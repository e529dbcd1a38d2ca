#pragma once
#include "ir/graph.h"

namespace tenon::core {

/// A rank-0 constant of x's dtype.
Value number_like(Graph&, Value x, double value);
/// Clip with infinite bounds left out; x itself when both are.
Value clip(Graph&, Value x, double low, double high);
struct Bounds {
  Value x;
  double low, high;
};
/// A Clip with constant bounds or a ReLU, on floats.
std::optional<Bounds> as_bounds(const Graph&, Value v);

}  // namespace tenon::core
