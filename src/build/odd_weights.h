#pragma once
#include "base/threads.h"
#include "ir/graph.h"

namespace tenon::core {

/// True for a float tensor with a NaN or an infinity in it.
bool holds_odd_numbers(const Tensor&);

/// A sentence for each constant with a NaN or an infinity that is a weight of a convolution, a product, a normalization or a
/// recurrent cell of an imported graph, bodies included; also behind transposes and the like. Reads each constant once.
std::vector<std::string> odd_weights(const Graph&, Threads&);

/// Likewise for constants that nodes read as anything else (masks, bounds), where such numbers may be meant.
std::vector<std::string> odd_constants(const Graph&);

}  // namespace tenon::core
