#include "kernels/cpu/highway_targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/depthwise.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/cpu/depthwise.h"

#include <algorithm>

#include "kernels/cpu/unroll.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::core::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

struct Row {
  const DepthwiseShape& s;
  const float* const* rows;
  const float* weights;
  const DepthwiseFinish& finish;
  float* y;
};

/// The lanes of one step over the channels: all, or those that are left of fewer than a vector.
struct Whole {
  HWY_INLINE V Load(const float* p) const { return hn::LoadU(D(), p); }
  HWY_INLINE void Store(V v, float* p) const { hn::StoreU(v, D(), p); }
};
struct Part {
  hn::Mask<D> mask;
  HWY_INLINE V Load(const float* p) const { return hn::MaskedLoad(mask, D(), p); }
  HWY_INLINE void Store(V v, float* p) const { hn::BlendedStore(v, mask, D(), p); }
};

/// `count` neighbouring outputs from column `o` on, at channels from `c` on; kernel columns [first, last) are inside.
template <int count, class Lanes>
HWY_INLINE void Outputs(const Row& r, int64_t o, int64_t c, int64_t first, int64_t last, const Lanes& lanes) {
  const D d;
  const SlidingAxis& axis = r.s.columns;
  const int64_t channels = r.s.channels, step = axis.stride * channels;
  V sum[count];
  const V bias = r.finish.bias ? lanes.Load(r.finish.bias + c) : hn::Zero(d);
  TENON_UNROLL
  for (int i = 0; i < count; ++i) sum[i] = bias;
  for (int64_t k = 0; k < r.s.rows.kernel; ++k) {
    if (!r.rows[k]) continue;
    for (int64_t j = first; j < last; ++j) {
      const float* x = r.rows[k] + (o * axis.stride + j * axis.dilation - axis.pad) * channels + c;
      const V w = lanes.Load(r.weights + (k * axis.kernel + j) * channels + c);
      TENON_UNROLL
      for (int i = 0; i < count; ++i) sum[i] = hn::MulAdd(w, lanes.Load(x + i * step), sum[i]);
    }
  }
  const V low = hn::Set(d, r.finish.low), high = hn::Set(d, r.finish.high);
  TENON_UNROLL
  for (int i = 0; i < count; ++i) {
    const int64_t at = (o + i) * channels + c;
    if (r.finish.residual) sum[i] = hn::Add(sum[i], lanes.Load(r.finish.residual + at));
    lanes.Store(hn::Min(high, hn::Max(low, sum[i])), r.y + at);  // in this order NaN stays
  }
}

template <class Lanes>
HWY_INLINE void Columns(const Row& r, int64_t c, int64_t inside_begin, int64_t inside_end, const Lanes& lanes) {
  constexpr int kTogether = 8;
  const SlidingAxis& axis = r.s.columns;
  const auto at_edge = [&](int64_t o) HWY_ATTR {
    const int64_t begin = o * axis.stride - axis.pad;  // input column of the kernel's first
    const int64_t first = begin < 0 ? (-begin + axis.dilation - 1) / axis.dilation : 0;
    const int64_t last = begin >= axis.in ? 0 : std::min(axis.kernel, (axis.in - 1 - begin) / axis.dilation + 1);
    Outputs<1>(r, o, c, first, last, lanes);
  };
  int64_t o = 0;
  for (; o < inside_begin; ++o) at_edge(o);
  for (; o + kTogether <= inside_end; o += kTogether) Outputs<kTogether>(r, o, c, 0, axis.kernel, lanes);
  for (; o + 4 <= inside_end; o += 4) Outputs<4>(r, o, c, 0, axis.kernel, lanes);
  for (; o < inside_end; ++o) Outputs<1>(r, o, c, 0, axis.kernel, lanes);
  for (; o < axis.out; ++o) at_edge(o);
}

void DepthwiseRow(const DepthwiseShape& s, const float* const* rows, const float* weights,
                  const DepthwiseFinish& finish, float* y) {
  const D d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const SlidingAxis& axis = s.columns;
  const Row r{s, rows, weights, finish, y};
  // Outputs whose kernel lies inside the input altogether.
  const int64_t reach = (axis.kernel - 1) * axis.dilation, room = axis.in - 1 + axis.pad - reach;
  const int64_t end = room < 0 ? 0 : std::min(axis.out, room / axis.stride + 1);
  const int64_t begin = std::min(end, (axis.pad + axis.stride - 1) / axis.stride);
  int64_t c = 0;
  for (; c + lanes <= s.channels; c += lanes) Columns(r, c, begin, end, Whole());
  if (c == s.channels) return;
  if (c > 0 && !finish.residual)
    Columns(r, s.channels - lanes, begin, end, Whole());  // some channels twice
  else
    Columns(r, c, begin, end, Part{hn::FirstN(d, static_cast<size_t>(s.channels - c))});
}

}  // namespace
}  // namespace tenon::core::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::core::cpu {

HWY_EXPORT(DepthwiseRow);

void depthwise_row(const DepthwiseShape& s, const float* const* rows, const float* weights,
                   const DepthwiseFinish& finish, float* y) {
  HWY_DYNAMIC_DISPATCH(DepthwiseRow)(s, rows, weights, finish, y);
  if (finish.activation)
    finish.activation({y, {y, nullptr, nullptr}, s.columns.out * s.channels, finish.alpha, finish.beta});
}

void depthwise(const DepthwiseShape& s, int64_t images, const float* x, const float* weights,
               const DepthwiseFinish& finish, float* y, Threads& threads) {
  constexpr int64_t kGrain = 1 << 15;  // products of one piece, at least
  const int64_t row = s.columns.out * s.channels, in_row = s.columns.in * s.channels;
  const int64_t products = row * s.rows.kernel * s.columns.kernel;
  threads.parallel_ranges(images * s.rows.out, std::max<int64_t>(1, kGrain / products),
                          [&](int64_t begin, int64_t end) {
                            for (int64_t i = begin; i < end; ++i) {
                              const float* image = x + i / s.rows.out * s.rows.in * in_row;
                              const float* rows[DepthwiseShape::kMostRows];
                              for (int64_t k = 0; k < s.rows.kernel; ++k) {
                                const int64_t at = i % s.rows.out * s.rows.stride + k * s.rows.dilation - s.rows.pad;
                                rows[k] = at < 0 || at >= s.rows.in ? nullptr : image + at * in_row;
                              }
                              DepthwiseFinish own = finish;
                              if (own.residual) own.residual += i * row;
                              depthwise_row(s, rows, weights, own, y + i * row);
                            }
                          });
}

}  // namespace tenon::core::cpu
#endif
