#include "tactics/memory_axes.h"

#include <algorithm>

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

Dims aligned_strides(const Dims& dims, const Layout& layout, size_t rank) {
  const Dims own = strides_of(layout, dims);
  Dims strides(rank, 0);
  for (size_t i = 0; i < dims.size(); ++i)
    if (dims[i] != 1) strides[rank - dims.size() + i] = own[i];
  return strides;
}

Dims in_memory_order(const Dims& of_axes, const Layout& layout) {
  if (layout.row_major()) return of_axes;
  Dims result;
  for (int8_t axis : layout.order) result.push_back(of_axes[static_cast<size_t>(axis)]);
  return result;
}

bool has_order(const Fact& fact) {
  return std::count_if(fact.shape().begin(), fact.shape().end(), [](const Dim& d) { return d != Dim(1); }) >= 2;
}

bool fits_row(const Dims& parameter, const Dims& x, size_t axis) {
  const size_t length = x.size() - axis;
  if (parameter.size() < length) return false;
  for (size_t i = 0; i < parameter.size(); ++i) {
    const size_t from_end = parameter.size() - 1 - i;
    if (parameter[i] != (from_end < length ? x[x.size() - 1 - from_end] : 1)) return false;
  }
  return true;
}

}  // namespace tenon::core
