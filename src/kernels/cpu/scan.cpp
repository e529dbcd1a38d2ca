#include "kernels/cpu/highway_targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/scan.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <type_traits>

#include "kernels/cpu/scan.h"

#ifndef TENON_KERNELS_CPU_SCAN_ONCE
#define TENON_KERNELS_CPU_SCAN_ONCE
namespace tenon::core::cpu {
inline constexpr int64_t kScanColumns = 128;  // of one piece, at most
}
#endif

HWY_BEFORE_NAMESPACE();
namespace tenon::core::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

template <class R>
HWY_INLINE R ScanNext(R running, R x, bool product) {
  if constexpr (std::is_integral_v<R>) {
    const auto a = static_cast<std::make_unsigned_t<R>>(running), b = static_cast<std::make_unsigned_t<R>>(x);
    return static_cast<R>(product ? a * b : a + b);
  } else {
    return product ? running * x : running + x;
  }
}

/// One row of `width` columns, T in memory and R while accumulated.
template <bool product, class T, class R>
HWY_INLINE void ScanRow(const T* x, T* y, R* running, int64_t width, bool exclusive) {
  const hn::ScalableTag<R> d;
  const hn::Rebind<T, decltype(d)> memory;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t c = 0;
  for (; c + lanes <= width; c += lanes) {
    const auto before = hn::Load(d, running + c);
    auto v = before;
    if constexpr (std::is_same_v<T, R>)
      v = hn::LoadU(d, x + c);
    else
      v = hn::PromoteTo(d, hn::LoadU(memory, x + c));
    const auto after = product ? hn::Mul(before, v) : hn::Add(before, v);
    hn::Store(after, d, running + c);
    if constexpr (std::is_same_v<T, R>)
      hn::StoreU(exclusive ? before : after, d, y + c);
    else
      hn::StoreU(hn::DemoteTo(memory, exclusive ? before : after), memory, y + c);
  }
  for (; c < width; ++c) {
    const R before = running[c];
    running[c] = ScanNext<R>(before, x[c], product);
    y[c] = static_cast<T>(exclusive ? before : running[c]);
  }
}

template <bool product, class T, class R>
void ScanColumns(const ScanSpec& s, const T* x, T* y, int64_t width) {
  HWY_ALIGN R running[kScanColumns];
  std::fill_n(running, width, static_cast<R>(product ? 1 : 0));
  for (int64_t i = 0; i < s.count; ++i) {
    const int64_t at = (s.reverse ? s.count - 1 - i : i) * s.inner;
    ScanRow<product>(x + at, y + at, running, width, s.exclusive);
  }
}

template <class T, class R>
void ScanAny(const ScanSpec& s, const void* x, void* y, int64_t offset, int64_t width) {
  const T* from = static_cast<const T*>(x) + offset;
  T* to = static_cast<T*>(y) + offset;
  s.product ? ScanColumns<true, T, R>(s, from, to, width) : ScanColumns<false, T, R>(s, from, to, width);
}

/// `width` columns that begin `offset` elements behind x.
void ScanPiece(const ScanSpec& s, const void* x, void* y, int64_t offset, int64_t width) {
  switch (s.element) {
    case ScanElement::f32:
      return ScanAny<float, double>(s, x, y, offset, width);
    case ScanElement::f64:
      return ScanAny<double, double>(s, x, y, offset, width);
    case ScanElement::i32:
      return ScanAny<int32_t, int32_t>(s, x, y, offset, width);
    case ScanElement::i64:
      return ScanAny<int64_t, int64_t>(s, x, y, offset, width);
  }
}

}  // namespace
}  // namespace tenon::core::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::core::cpu {

HWY_EXPORT(ScanPiece);

void scan(const ScanSpec& s, const void* x, void* y, Threads& threads) {
  constexpr int64_t kGrain = 8192;  // elements of one piece, at least
  if (s.outer == 0 || s.count == 0 || s.inner == 0) return;
  const int64_t width = std::min(s.inner, kScanColumns), blocks = (s.inner + width - 1) / width;
  threads.parallel_ranges(s.outer * blocks, std::max<int64_t>(1, kGrain / (s.count * width)),
                          [&](int64_t begin, int64_t end) {
                            for (int64_t i = begin; i < end; ++i) {
                              const int64_t first = i % blocks * width;
                              HWY_DYNAMIC_DISPATCH(ScanPiece)
                              (s, x, y, i / blocks * s.count * s.inner + first, std::min(width, s.inner - first));
                            }
                          });
}

}  // namespace tenon::core::cpu
#endif
