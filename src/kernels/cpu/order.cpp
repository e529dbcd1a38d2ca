#include "kernels/cpu/highway_targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/order.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/cpu/order.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::core::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

/// Indices of the best of `lanes` neighbouring columns.
template <bool minimum, bool last>
void BestOfLanes(const float* x, int64_t n, int64_t stride, int64_t* y) {
  const hn::ScalableTag<float> d;
  const hn::RebindToSigned<decltype(d)> di;
  auto best = hn::LoadU(d, x);
  auto index = hn::Zero(di);
  for (int64_t r = 1; r < n; ++r) {
    const auto v = hn::LoadU(d, x + r * stride);
    auto better = minimum ? hn::Lt(v, best) : hn::Gt(v, best);
    if (last) better = hn::Or(better, hn::Eq(v, best));
    const auto nan = hn::IsNaN(v);
    better = hn::Or(better, last ? nan : hn::AndNot(hn::IsNaN(best), nan));
    best = hn::IfThenElse(better, v, best);
    index = hn::IfThenElse(hn::RebindMask(di, better), hn::Set(di, static_cast<int32_t>(r)), index);
  }
  HWY_ALIGN int32_t part[16];
  hn::Store(index, di, part);
  for (size_t i = 0; i < hn::Lanes(d); ++i) y[i] = part[i];
}

template <bool minimum, bool last>
int64_t BestOfColumns(const float* x, int64_t n, int64_t stride, int64_t width, int64_t* y) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(hn::ScalableTag<float>()));
  int64_t c = 0;
  for (; c + lanes <= width; c += lanes) BestOfLanes<minimum, last>(x + c, n, stride, y + c);
  return c;
}

/// Returns how many columns it did: whole vectors of them.
int64_t BestColumns(const float* x, int64_t n, int64_t stride, int64_t width, Best b, int64_t* y) {
  if (b.minimum)
    return b.last ? BestOfColumns<true, true>(x, n, stride, width, y)
                  : BestOfColumns<true, false>(x, n, stride, width, y);
  return b.last ? BestOfColumns<false, true>(x, n, stride, width, y)
                : BestOfColumns<false, false>(x, n, stride, width, y);
}

}  // namespace
}  // namespace tenon::core::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/cpu/row_kernels.h"

namespace tenon::core::cpu {

HWY_EXPORT(BestColumns);

namespace {

bool better(float a, float b, Best how) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && (how.last || !std::isnan(b));
  if (how.last && a == b) return true;
  return how.minimum ? a < b : a > b;
}

/// Numbers that order like the elements, the best least.
uint32_t rank_of(float x, bool largest) {
  if (std::isnan(x)) return 0;
  x += 0.0f;  // -0 and 0 are equal
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  bits ^= bits >> 31 ? 0xffffffffu : 0x80000000u;
  return largest ? ~bits : bits;
}

}  // namespace

int64_t best_of_row(const float* x, int64_t n, Best how) {
  const Fold fold = how.minimum ? Fold::min : Fold::max;
  const float best = row_kernels().fold(fold, x, n, start_of(fold));
  const bool nan = std::isnan(best);
  const auto is_best = [&](float v) { return nan ? std::isnan(v) : v == best; };
  if (how.last) {
    for (int64_t i = n - 1; i > 0; --i)
      if (is_best(x[i])) return i;
    return 0;
  }
  return std::find_if(x, x + n - 1, is_best) - x;
}

void best_of_columns(const float* x, int64_t n, int64_t stride, int64_t width, Best how, int64_t* y) {
  for (int64_t c = HWY_DYNAMIC_DISPATCH(BestColumns)(x, n, stride, width, how, y); c < width; ++c) {
    y[c] = 0;
    for (int64_t r = 1; r < n; ++r)
      if (better(x[r * stride + c], x[y[c] * stride + c], how)) y[c] = r;
  }
}

void top_k(const float* x, int64_t n, int64_t stride, int64_t k, bool largest, uint64_t* keys, float* values,
           int64_t* indices, int64_t to_stride) {
  for (int64_t i = 0; i < n; ++i)
    keys[i] = static_cast<uint64_t>(rank_of(x[i * stride], largest)) << 32 | static_cast<uint64_t>(i);
  if (k < n) std::nth_element(keys, keys + k, keys + n);
  std::sort(keys, keys + k);
  for (int64_t i = 0; i < k; ++i) {
    const auto index = static_cast<int64_t>(keys[i] & 0xffffffffu);
    values[i * to_stride] = x[index * stride];
    indices[i * to_stride] = index;
  }
}

}  // namespace tenon::core::cpu
#endif
