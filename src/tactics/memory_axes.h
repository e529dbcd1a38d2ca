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

}  // namespace tenon::core
