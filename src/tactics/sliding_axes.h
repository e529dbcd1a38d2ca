#pragma once
#include <vector>

#include "kernels/cpu/depthwise.h"
#include "ops/conv.h"

namespace tenon::core {

/// The spatial axes of a convolution of x to y with weights `w`.
std::vector<cpu::SlidingAxis> sliding_axes(Window, const Dims& w, const Dims& x, const Dims& y);

}  // namespace tenon::core
