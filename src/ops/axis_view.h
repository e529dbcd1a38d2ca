#pragma once
#include "ir/tensor.h"

namespace tenon::core {

/// A tensor seen as [outer][length][inner] around one axis.
struct AxisView {
  int64_t outer = 1, length = 1, inner = 1;
  AxisView(const Dims& dims, int64_t axis) : length(dims[axis]) {
    for (int64_t i = 0; i < axis; ++i) outer *= dims[i];
    for (size_t i = axis + 1; i < dims.size(); ++i) inner *= dims[i];
  }
};

}  // namespace tenon::core
