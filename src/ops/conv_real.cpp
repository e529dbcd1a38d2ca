#include "ops/conv_real.h"

#include <algorithm>

#include "base/checked.h"
#include "base/error.h"
#include "ops/conv_tiles.h"
#include "ops/infer_util.h"

namespace tenon::core {
namespace {

/// y[i] += a * x[i * stride].
template <class T>
void add_scaled(int64_t count, T a, const T* x, int64_t stride, T* y) {
  int64_t i = 0;
  if (stride == 1)
    for (; i + 8 <= count; i += 8)
      for (int64_t j = 0; j < 8; ++j) y[i + j] += a * x[i + j];
  for (; i < count; ++i) y[i] += a * x[i * stride];
}

/// One output plane: y += w * x, for one tap over all rows of the last axis.
template <class T>
void add_tap(const Slide& s, const Dims& tap, T weight, const T* x, T* y) {
  const size_t last = s.in.size() - 1;
  const int64_t stride = s.strides[last], shift = tap[last] * s.dilations[last] - s.begin[last];
  const int64_t from = shift < 0 ? (-shift + stride - 1) / stride : 0;
  const int64_t to = s.in[last] > shift ? std::min(s.out[last], (s.in[last] - shift + stride - 1) / stride) : 0;
  if (from >= to) return;
  Dims at(last, 0);
  for (int64_t row = 0, rows = s.positions / s.out[last]; row < rows; ++row) {
    int64_t flat = 0;
    bool inside = true;
    for (size_t i = 0; i < last; ++i) {
      const int64_t p = at[i] * s.strides[i] + tap[i] * s.dilations[i] - s.begin[i];
      inside = inside && p >= 0 && p < s.in[i];
      flat = flat * s.in[i] + p;
    }
    if (inside)
      add_scaled(to - from, weight, x + flat * s.in[last] + from * stride + shift, stride,
                 y + row * s.out[last] + from);
    for (size_t i = last; i-- > 0 && ++at[i] == s.out[i];) at[i] = 0;
  }
}

/// For few output channels a group, depthwise above all: tap by tap, no rearranging.
template <class T>
void convolve_by_taps(const ConvProblem& p, const T* x, const T* w, T* y, Threads& threads) {
  const Slide& s = p.slide;
  threads.parallel(p.batch * p.group * p.out_channels, [&](int64_t plane) {
    const int64_t image = plane / (p.group * p.out_channels), m = plane % (p.group * p.out_channels);
    T* to = y + plane * s.positions;
    std::fill(to, to + s.positions, T(0));
    for (int64_t c = 0; c < p.in_channels; ++c) {
      const T* from = x + ((image * p.group + m / p.out_channels) * p.in_channels + c) * s.plane;
      const T* weights = w + (m * p.in_channels + c) * s.taps;
      Dims tap(s.in.size(), 0);
      for (int64_t t = 0; t < s.taps; ++t) {
        add_tap(s, tap, weights[t], from, to);
        for (size_t i = tap.size(); i-- > 0 && ++tap[i] == s.kernel[i];) tap[i] = 0;
      }
    }
  });
}

/// The input under the kernel at output positions [first, first + count) as panels [count /
/// kTileColumns][channel][tap][kTileColumns].
template <class T>
void pack_panels(const ConvProblem& p, const T* x, int64_t first, int64_t count, std::vector<T>& panels) {
  const Slide& s = p.slide;
  std::vector<int64_t> sources(static_cast<size_t>(s.taps * kTileColumns), -1);
  panels.resize(static_cast<size_t>((count + kTileColumns - 1) / kTileColumns * kTileColumns * p.in_channels * s.taps));
  T* to = panels.data();
  for (int64_t j = 0; j < count; j += kTileColumns) {
    source_positions(s, first + j, std::min(kTileColumns, count - j), kTileColumns, sources.data());
    for (int64_t c = 0; c < p.in_channels; ++c) {
      const T* plane = x + c * s.plane;
      for (int64_t i = 0; i < s.taps * kTileColumns; ++i) *to++ = sources[i] < 0 ? T(0) : plane[sources[i]];
    }
  }
}

template <class T>
void convolve_by_panels(const ConvProblem& p, const T* x, const T* w, T* y, Threads& threads) {
  const Slide& s = p.slide;
  const int64_t depth = p.in_channels * s.taps, planes = p.batch * p.group;
  const int64_t chunk = s.positions * planes >= 8 * kTileColumns * threads.size() ? 4 * kTileColumns : kTileColumns;
  const int64_t chunks = (s.positions + chunk - 1) / chunk;
  std::vector<std::vector<T>> strips(static_cast<size_t>(p.group));
  threads.parallel(p.group, [&](int64_t g) {
    strips[g] = pack_strips(w + g * p.out_channels * depth, p.out_channels, depth, depth, int64_t{1});
  });
  threads.parallel(planes * chunks, [&](int64_t piece) {
    const int64_t plane = piece / chunks, first = piece % chunks * chunk;
    const int64_t count = std::min(chunk, s.positions - first);
    std::vector<T> panels;
    pack_panels(p, x + plane * p.in_channels * s.plane, first, count, panels);
    multiply_panels(strips[plane % p.group].data(), p.out_channels, depth, panels.data(), count,
                    y + plane * p.out_channels * s.positions + first, s.positions);
  });
}

}  // namespace

template <class T>
void convolve(const ConvProblem& p, const T* x, const T* w, T* y, Threads& threads) {
  if (p.slide.positions == 0 || p.batch == 0) return;
  if (p.out_channels < kTileRows)
    convolve_by_taps(p, x, w, y, threads);
  else
    convolve_by_panels(p, x, w, y, threads);
}
template void convolve<float>(const ConvProblem&, const float*, const float*, float*, Threads&);
template void convolve<double>(const ConvProblem&, const double*, const double*, double*, Threads&);

Shape infer_conv_shape(InferContext& cx, int x_input, int w_input, const Window& window, int64_t group) {
  expect_rank(cx, x_input, "the input of the convolution", 3);
  expect_rank(cx, w_input, "the weights of the convolution", 3);
  const Shape &x = cx.input(x_input).shape(), &w = cx.input(w_input).shape();
  if (x.size() != w.size())
    fail(ErrorCode::shape_mismatch, "the input has rank {} and the weights have rank {}; both must have the same rank",
         x.size(), w.size());
  if (group < 1) fail(ErrorCode::invalid_model, "group must be 1 or more; found {}", group);
  expect_same(cx, x[1], w[1] * Dim(group), "input channels against the weights' channels times group");
  if (w[0].is_const() && w[0].value() % group != 0)
    fail(ErrorCode::shape_mismatch, "{} output channels can't be divided into {} groups", w[0].value(), group);
  const int spatial = static_cast<int>(x.size()) - 2;
  const Window filled = window.filled(spatial);
  Shape out = {x[0], w[0]};
  for (int i = 0; i < spatial; ++i) {
    if (!window.kernel.empty()) expect_same(cx, w[2 + i], window.kernel[i], "kernel_shape against the weights' shape");
    out.push_back(slide_dim(filled, i, x[2 + i], w[2 + i]));
  }
  return out;
}

ConvProblem make_conv_problem(const Dims& x, const Dims& w, const Window& window, int64_t group) {
  const auto mismatch = [&](std::string_view what) {
    fail(ErrorCode::shape_mismatch, "{}: input {}, weights {}, group {}", what, dims_to_string(x), dims_to_string(w),
         group);
  };
  if (x.size() != w.size() || x.size() < 3) mismatch("input and weights must have the same rank of 3 or more");
  if (group < 1 || x[1] != checked_mul(w[1], group))
    mismatch("input channels must be the weights' channels times group");
  if (w[0] % group != 0) mismatch("output channels must be a multiple of group");
  const Dims kernel = spatial_dims(w);
  if (!window.kernel.empty() && window.kernel != kernel) mismatch("kernel_shape must be that of the weights");
  for (int64_t k : kernel)
    if (k < 1) mismatch("the kernel must not be empty");
  return {x[0], group, w[1], w[0] / group, make_slide(window, spatial_dims(x), kernel)};
}

Dims output_dims(const ConvProblem& p) {
  Dims dims = {p.batch, p.group * p.out_channels};
  dims.insert(dims.end(), p.slide.out.begin(), p.slide.out.end());
  return dims;
}

}  // namespace tenon::core
