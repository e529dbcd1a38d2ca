#pragma once
#include <compare>
#include <string>
#include <vector>

#include "ir/tensor.h"

namespace tenon::core {

/// The order of the logical axes in memory, outermost first; empty means row-major. Dense always.
struct Layout {
  std::vector<int8_t> order;
  auto operator<=>(const Layout&) const = default;
  bool row_major() const { return order.empty(); }
  /// "row-major", "nhwc" (rank 4), or "perm(0,2,1)".
  std::string str() const;
};
/// N, spatial axes, C. Row-major when that is the same order (rank below 3).
Layout channels_last(int rank);
/// Strides in elements of each logical axis.
Dims strides_of(const Layout&, std::span<const int64_t> dims);
/// Both orders put the elements of these dims at the same places (axes of size 1 may sit anywhere).
bool same_memory(const Layout& a, const Layout& b, std::span<const int64_t> dims);

/// How a value lies in memory. `storage` none: the value's own dtype.
struct Format {
  Layout layout;
  DType storage = DType::none;
  float scale = 0;
  int32_t zero = 0;
  int32_t vector = 1;
  auto operator<=>(const Format&) const = default;
  std::string str() const;
};

}  // namespace tenon::core
