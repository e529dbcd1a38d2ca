#pragma once
#include "plan/choices.h"

namespace tenon::core {

/// A dense tensor around one of its axes, in memory order: `outer` blocks of `count` rows of `inner` elements.
struct MemoryAxis {
  int64_t outer = 1, count = 1, inner = 1;
};
MemoryAxis memory_axis(const Dims& dims, const Layout& layout, int64_t axis);

/// The same offer in row-major and, for rank 3 and more, in channels-last order for the first input and output.
std::vector<Offer> in_both_layouts(const Offer& row_major, int rank);

/// An operand's strides along the axes of a result, aligned at the last one; 0 where it is broadcast.
Dims aligned_strides(const Dims& operand, const Layout&, size_t rank);
/// Puts what belongs to the axes in the order they have in memory.
Dims in_memory_order(const Dims& of_axes, const Layout&);
/// A value with two axes or more that are not known to be 1 has an order worth choosing.
bool has_order(const Fact&);
/// A parameter with one element for each of a row (the axes of x from `axis` on), whose shape ends x's.
bool fits_row(const Dims& parameter, const Dims& x, size_t axis);

}  // namespace tenon::core
