#pragma once
#include "ops/conv.h"

namespace tenon::core {

/// The size of one axis of the output of a convolution or pooling; `kernel` is the kernel's size along it. Fails when
/// the window is known not to fit. A window that would start in the end padding is left out under `ceil_mode`.
Dim slide_dim(const Window& filled, int axis, const Dim& in, const Dim& kernel, bool ceil_mode = false);

/// A kernel of concrete size at every output position of a concrete input; spatial axes only.
struct Slide {
  Dims in, out, kernel, strides, dilations;
  Dims begin, end;                             // padding
  int64_t positions = 1, taps = 1, plane = 1;  // products of out, kernel, in
};
/// `kernel` replaces that of the window.
Slide make_slide(const Window&, std::span<const int64_t> in, std::span<const int64_t> kernel, bool ceil_mode = false);
/// A slide whose output size is given; also the transposed convolution from `out` to `in`.
Slide make_slide(const Window& filled, Dims in, Dims out, Dims begin);

/// For each tap t and each output position p in [first, first + count): to[t * stride + p - first] is the flat input
/// position, or -1 in the padding.
void source_positions(const Slide&, int64_t first, int64_t count, int64_t stride, int64_t* to);

/// begin, end of one axis when `total` is to be split: the larger half at the end for same_upper, else at the begin.
std::pair<int64_t, int64_t> split_padding(AutoPad, int64_t total);

/// Notes that two dims are equal; fails with "<what>: expected <expected>, found <found>" when they are known to
/// differ.
void expect_same(InferContext&, const Dim& found, const Dim& expected, std::string_view what);

/// The dims of axes 2 and up.
template <class D>
std::vector<D> spatial_dims(const std::vector<D>& shape) {
  return std::vector<D>(shape.begin() + 2, shape.end());
}

}  // namespace tenon::core
