#pragma once
#include "base/threads.h"
#include "ops/window.h"

namespace tenon::core {

/// A grouped convolution over concrete sizes: x [batch][group * in_channels][slide.in], w [group *
/// out_channels][in_channels][slide.kernel], y [batch][group * out_channels][slide.out].
struct ConvProblem {
  int64_t batch = 0, group = 1, in_channels = 0, out_channels = 0;  // channels of one group
  Slide slide;
};

/// Sets y. Exact for integers in double as long as no sum exceeds 2^53.
template <class T>
void convolve(const ConvProblem&, const T* x, const T* w, T* y, Threads&);

/// Checks x [N,C,...] and w [M,C/group,...] of a convolution; its output shape, with the kernel of w.
Shape infer_conv_shape(InferContext&, int x, int w, const Window&, int64_t group);
/// The same for concrete tensors; fails with a sentence when they do not fit.
ConvProblem make_conv_problem(const Dims& x, const Dims& w, const Window&, int64_t group);
Dims output_dims(const ConvProblem&);

}  // namespace tenon::core
