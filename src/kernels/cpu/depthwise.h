#pragma once
#include <cstdint>

#include "base/threads.h"
#include "kernels/cpu/strip_functions.h"

namespace tenon::core::cpu {

/// One axis of a window that slides over `in` elements to make `out`; nothing is read outside them.
struct SlidingAxis {
  int64_t in = 0, out = 0, kernel = 1, stride = 1, dilation = 1, pad = 0;
};

/// A convolution of each channel by itself, in channels-last order.
struct DepthwiseShape {
  int64_t channels = 0;
  SlidingAxis rows, columns;
  static constexpr int64_t kMostRows = 16;  // of a kernel
};

/// What becomes of the sums: + bias, + residual, into [low, high], and then `activation`.
struct DepthwiseFinish {
  const float *bias = nullptr, *residual = nullptr;  // may be null; the residual has the place of the output
  float low, high;
  StripFunction activation = nullptr;  // may be null
  float alpha = 0, beta = 0;
};

/// One row of outputs from the kernel's rows of the input, null where a row is padding. Weights [kernel rows][kernel
/// columns][channels].
void depthwise_row(const DepthwiseShape&, const float* const* rows, const float* weights, const DepthwiseFinish&,
                   float* y);

/// All rows of `images` images.
void depthwise(const DepthwiseShape&, int64_t images, const float* x, const float* weights, const DepthwiseFinish&,
               float* y, Threads&);

}  // namespace tenon::core::cpu
