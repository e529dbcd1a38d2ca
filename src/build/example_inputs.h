#pragma once
#include "engine/engine_data.h"

namespace tenon::core {

/// Random inputs that the model can take, at the dims of `bindings`: floats in [-1, 1), integers within the bounds of
/// what reads them (embedding tables, one-hot depths), else 0 or 1. The same seed gives the same values.
std::vector<HostValue> example_inputs(const Graph&, const Bindings&, uint64_t seed);

}  // namespace tenon::core
