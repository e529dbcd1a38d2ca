#include "kernels/cpu/highway_targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/joined_rows.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/cpu/joined_rows.h"

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace tenon::core::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;

void JoinRows(const JoinedPart& p) {
  const D d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t c = 0; c < p.width; c += lanes) {
    const auto inside = hn::FirstN(d, static_cast<size_t>(std::min(lanes, p.width - c)));
    const auto scale = hn::MaskedLoad(inside, d, p.scale + c), shift = hn::MaskedLoad(inside, d, p.shift + c);
    for (int64_t r = 0; r < p.rows; ++r) {
      const auto x = hn::MulAdd(hn::MaskedLoad(inside, d, p.x + r * p.width + c), scale, shift);
      hn::BlendedStore(hn::Max(hn::Zero(d), x), inside, d, p.to + r * p.to_row + c);  // in this order NaN stays
    }
  }
}

}  // namespace
}  // namespace tenon::core::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::core::cpu {

HWY_EXPORT(JoinRows);
void join_rows(const JoinedPart& p) { HWY_DYNAMIC_DISPATCH(JoinRows)(p); }

}  // namespace tenon::core::cpu
#endif
