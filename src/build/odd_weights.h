#pragma once
#include "ir/graph.h"

namespace tenon::core {

/// True for a float tensor with a NaN or an infinity in it.
bool holds_odd_numbers(const Tensor&);
/// A sentence for each constant that a node reads and that holds a NaN or an infinity, bodies included.
std::vector<std::string> odd_weights(const Graph&);

}  // namespace tenon::core
