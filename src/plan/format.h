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

/// Whose memory holds the bytes. On the CPU everything is `device`.
enum class Place : uint8_t {
  device,  // the memory that the device's kernels read and write
  host,    // page-locked host memory of a device that has memory of its own
};

/// How a value lies in memory. `storage` none: the value's own dtype.
struct Format {
  Layout layout;
  DType storage = DType::none;
  Place place = Place::device;
  float scale = 0;
  int32_t zero = 0;
  int32_t vector = 1;
  auto operator<=>(const Format&) const = default;
  /// "nhwc:f16@host": order, storage and place, as far as they are not the plain ones.
  std::string str() const;
};

/// The type of the elements in memory.
inline DType stored_as(const Format& format, DType dtype) { return format.storage == DType::none ? dtype : format.storage; }

}  // namespace tenon::core
