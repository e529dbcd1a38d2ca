#include "kernels/cpu/highway_targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/rotary.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/cpu/rotary.h"

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace tenon::core::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using RotaryLanes = hn::ScalableTag<float>;

void TurnPair(const RotaryHead& h, int64_t i, int64_t first, int64_t second) {
  const float a = h.x[first], b = h.x[second], c = h.cosines[i], s = h.sines[i];
  h.to[first] = a * c - b * s;
  h.to[second] = b * c + a * s;
}

void TurnHead(const RotaryHead& h) {
  const RotaryLanes d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= h.half; i += lanes) {
    const auto c = hn::LoadU(d, h.cosines + i), s = hn::LoadU(d, h.sines + i);
    auto a = hn::Zero(d), b = a;
    if (h.interleaved) {
      hn::LoadInterleaved2(d, h.x + 2 * i, a, b);
      hn::StoreInterleaved2(hn::Sub(hn::Mul(a, c), hn::Mul(b, s)), hn::Add(hn::Mul(b, c), hn::Mul(a, s)), d, h.to + 2 * i);
    } else {
      a = hn::LoadU(d, h.x + i);
      b = hn::LoadU(d, h.x + h.half + i);
      hn::StoreU(hn::Sub(hn::Mul(a, c), hn::Mul(b, s)), d, h.to + i);
      hn::StoreU(hn::Add(hn::Mul(b, c), hn::Mul(a, s)), d, h.to + h.half + i);
    }
  }
  for (; i < h.half; ++i) TurnPair(h, i, h.interleaved ? 2 * i : i, h.interleaved ? 2 * i + 1 : i + h.half);
  if (h.to != h.x) std::copy(h.x + 2 * h.half, h.x + h.size, h.to + 2 * h.half);
}

}  // namespace
}  // namespace tenon::core::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::core::cpu {

HWY_EXPORT(TurnHead);
void turn_head(const RotaryHead& h) { HWY_DYNAMIC_DISPATCH(TurnHead)(h); }

}  // namespace tenon::core::cpu
#endif
