#pragma once
#include <span>

#include "tenon/dtype.h"

namespace tenon::core {

/// Rounds to nearest even and limits to the range of the integer type; NaN becomes 0.
void saturate(DType integer, std::span<float>);
void saturate(DType integer, std::span<double>);

}  // namespace tenon::core
