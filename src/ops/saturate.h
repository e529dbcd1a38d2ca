#pragma once
#include <span>

#include "tenon/dtype.h"

namespace tenon::core {

/// The smallest and the largest number that a double holds and that fits; u64 as far as i64 goes. Types that are no
/// integers read as i64.
struct IntegerRange {
  double low, high;
};
IntegerRange integer_range(DType);

/// Rounds to nearest even and limits to the range of the integer type; NaN becomes 0.
void saturate(DType integer, std::span<float>);
void saturate(DType integer, std::span<double>);

}  // namespace tenon::core
