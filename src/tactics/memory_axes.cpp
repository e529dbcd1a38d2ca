#include "tactics/memory_axes.h"

#include "tactics/support.h"

namespace tenon::core {

MemoryAxis memory_axis(const Dims& dims, const Layout& layout, int64_t axis) {
  MemoryAxis result;
  result.count = dims[static_cast<size_t>(axis)];
  bool behind = false;
  for (size_t i = 0; i < dims.size(); ++i) {
    const auto a = layout.row_major() ? static_cast<int64_t>(i) : layout.order[i];
    if (a == axis)
      behind = true;
    else
      (behind ? result.inner : result.outer) *= dims[static_cast<size_t>(a)];
  }
  return result;
}

std::vector<Offer> in_both_layouts(const Offer& row_major, int rank) {
  std::vector<Offer> offers{row_major};
  if (rank < 3) return offers;
  offers.push_back(row_major);
  offers[1].in[0] = offers[1].out[0] = with_layout(channels_last(rank));
  return offers;
}

}  // namespace tenon::core
