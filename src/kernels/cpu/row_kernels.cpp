#include "kernels/cpu/highway_targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/row_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/cpu/row_kernels.h"
#include "kernels/cpu/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::core::cpu::HWY_NAMESPACE {
namespace {

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;
constexpr size_t kMaxLanes = 16;

HWY_INLINE V Number(float f) { return hn::Set(D(), f); }

/// The last `n` elements, less than a vector, with `fill` behind them.
HWY_INLINE V LoadPart(const float* x, size_t n, float fill) {
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX2
  const auto inside = hn::FirstN(D(), n);
  return hn::IfThenElse(inside, hn::MaskedLoad(inside, D(), x), Number(fill));
#else  // masks would touch what lies behind
  HWY_ALIGN float part[kMaxLanes];
  std::fill_n(part, kMaxLanes, fill);
  std::memcpy(part, x, n * sizeof(float));
  return hn::Load(D(), part);
#endif
}
HWY_INLINE void StorePart(V v, float* y, size_t n) {
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX2
  hn::BlendedStore(v, hn::FirstN(D(), n), D(), y);
#else
  HWY_ALIGN float part[kMaxLanes];
  hn::Store(v, D(), part);
  std::memcpy(y, part, n * sizeof(float));
#endif
}

/// Folds f(x) over a row with four accumulators; `fill` leaves an accumulator as it is.
template <class Map, class Join>
HWY_INLINE V FoldRow(const float* x, size_t n, float start, float fill, Map map, Join join) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  V a = Number(start), b = a, c = a, e = a;
  size_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    a = join(a, map(hn::LoadU(d, x + i)));
    b = join(b, map(hn::LoadU(d, x + i + lanes)));
    c = join(c, map(hn::LoadU(d, x + i + 2 * lanes)));
    e = join(e, map(hn::LoadU(d, x + i + 3 * lanes)));
  }
  for (; i + lanes <= n; i += lanes) a = join(a, map(hn::LoadU(d, x + i)));
  if (i < n) b = join(b, map(LoadPart(x + i, n - i, fill)));
  return join(join(a, b), join(c, e));
}

struct AddOf {
  HWY_INLINE V operator()(V a, V b) const { return hn::Add(a, b); }
};
struct MaxOf {
  HWY_INLINE V operator()(V a, V b) const { return MaxOrNaN(a, b); }
};
struct MinOf {
  HWY_INLINE V operator()(V a, V b) const { return MinOrNaN(a, b); }
};
struct ProductOf {
  HWY_INLINE V operator()(V a, V b) const { return hn::Mul(a, b); }
};
struct Itself {
  HWY_INLINE V operator()(V x) const { return x; }
};
struct SquareOf {
  HWY_INLINE V operator()(V x) const { return hn::Mul(x, x); }
};
struct AbsOf {
  HWY_INLINE V operator()(V x) const { return hn::Abs(x); }
};

HWY_INLINE float SumOf(V v) { return hn::GetLane(hn::SumOfLanes(D(), v)); }
/// The largest lane; NaN when there is one.
HWY_INLINE float MaxOrNaNOf(V v) {
  return hn::AllFalse(D(), hn::IsNaN(v)) ? hn::GetLane(hn::MaxOfLanes(D(), v)) : std::numeric_limits<float>::quiet_NaN();
}
/// Lane by lane, so that NaN is not lost.
template <class Join>
HWY_INLINE float JoinLanes(V v, Join join) {
  HWY_ALIGN float lanes[kMaxLanes];
  hn::Store(v, D(), lanes);
  V result = Number(lanes[0]);
  for (size_t i = 1; i < hn::Lanes(D()); ++i) result = join(result, Number(lanes[i]));
  return hn::GetLane(result);
}

/// y = f(x) over a row.
template <class F>
HWY_INLINE void MapRow(const float* x, float* y, size_t n, F f) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(f(hn::LoadU(d, x + i)), d, y + i);
  if (i < n) StorePart(f(LoadPart(x + i, n - i, 0)), y + i, n - i);
}

struct ExpLess {
  V max;
  HWY_INLINE V operator()(V x) const { return Exp(D(), hn::Sub(x, max)); }
};
struct TimesPlus {
  V factor, shift;
  HWY_INLINE V operator()(V x) const { return hn::MulAdd(x, factor, shift); }
};
struct Less {
  V a;
  HWY_INLINE V operator()(V x) const { return hn::Sub(x, a); }
};

/// y = exp(x - max) over a row, and the sum of y.
HWY_INLINE float ExpAndSum(const float* x, float* y, size_t n, V max) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  V a = hn::Zero(d), b = a;
  size_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    const V e = Exp(d, hn::Sub(hn::LoadU(d, x + i), max)), f = Exp(d, hn::Sub(hn::LoadU(d, x + i + lanes), max));
    a = hn::Add(a, e);
    b = hn::Add(b, f);
    hn::StoreU(e, d, y + i);
    hn::StoreU(f, d, y + i + lanes);
  }
  for (; i < n; i += lanes) {
    const size_t left = std::min(lanes, n - i);
    const V e = Exp(d, hn::Sub(LoadPart(x + i, left, 0), max));
    a = hn::Add(a, hn::IfThenElseZero(hn::FirstN(d, left), e));
    StorePart(e, y + i, left);
  }
  return SumOf(hn::Add(a, b));
}

void Softmax(const float* x, float* y, int64_t count, bool log) {
  const auto n = static_cast<size_t>(count);
  const float low = -std::numeric_limits<float>::infinity();
  const V max = Number(MaxOrNaNOf(FoldRow(x, n, low, low, Itself(), MaxOf())));
  if (log) {
    const float sum = SumOf(FoldRow(x, n, 0, low, ExpLess{max}, AddOf()));
    MapRow(x, y, n, Less{hn::Add(max, Number(std::log(sum)))});
    return;
  }
  const float sum = ExpAndSum(x, y, n, max);
  MapRow(y, y, n, TimesPlus{Number(1 / sum), Number(0)});
}

/// f(i, lanes) for the vectors of `width` columns, the last one partial.
template <class F>
HWY_INLINE void ForColumns(size_t width, F f) {
  const size_t lanes = hn::Lanes(D());
  for (size_t i = 0; i < width; i += lanes) f(i, std::min(lanes, width - i));
}
HWY_INLINE V LoadSome(const float* x, size_t n) { return n == hn::Lanes(D()) ? hn::LoadU(D(), x) : LoadPart(x, n, 0); }
HWY_INLINE void StoreSome(V v, float* y, size_t n) {
  if (n == hn::Lanes(D()))
    hn::StoreU(v, D(), y);
  else
    StorePart(v, y, n);
}

void SoftmaxColumns(const float* x, float* y, int64_t n, int64_t stride, int64_t width, bool log) {
  const auto w = static_cast<size_t>(width);
  HWY_ALIGN float max[kColumns + kMaxLanes], sum[kColumns + kMaxLanes];
  std::fill_n(max, w, -std::numeric_limits<float>::infinity());
  std::fill_n(sum, w, 0.0f);
  for (int64_t r = 0; r < n; ++r)
    ForColumns(w, [&](size_t i, size_t k) HWY_ATTR {
      StoreSome(MaxOrNaN(LoadSome(max + i, k), LoadSome(x + r * stride + i, k)), max + i, k);
    });
  for (int64_t r = 0; r < n; ++r)
    ForColumns(w, [&](size_t i, size_t k) HWY_ATTR {
      const V shifted = hn::Sub(LoadSome(x + r * stride + i, k), LoadSome(max + i, k)), e = Exp(D(), shifted);
      StoreSome(log ? shifted : e, y + r * stride + i, k);
      StoreSome(hn::Add(LoadSome(sum + i, k), e), sum + i, k);
    });
  ForColumns(w, [&](size_t i, size_t k) HWY_ATTR {
    const V s = LoadSome(sum + i, k);
    StoreSome(log ? Log(D(), s) : hn::Div(Number(1), s), sum + i, k);
  });
  for (int64_t r = 0; r < n; ++r)
    ForColumns(w, [&](size_t i, size_t k) HWY_ATTR {
      float* at = y + r * stride + i;
      const V v = LoadSome(at, k), s = LoadSome(sum + i, k);
      StoreSome(log ? hn::Sub(v, s) : hn::Mul(v, s), at, k);
    });
}

struct SquareLess {
  V mean;
  HWY_INLINE V operator()(V x) const {
    const V a = hn::Sub(x, mean);
    return hn::Mul(a, a);
  }
};

void Statistics(const float* x, int64_t count, float epsilon, bool rms, float* mean, float* inverse) {
  const auto n = static_cast<size_t>(count);
  const auto size = static_cast<float>(count);
  *mean = rms ? 0 : SumOf(FoldRow(x, n, 0, 0, Itself(), AddOf())) / size;
  const float squares = SumOf(FoldRow(x, n, 0, *mean, SquareLess{Number(*mean)}, AddOf()));
  *inverse = 1 / std::sqrt(squares / size + epsilon);
}

void Normalize(const float* x, float* y, int64_t count, float mean, float inverse, const float* scale,
               const float* bias) {
  const auto n = static_cast<size_t>(count);
  const V m = Number(mean), f = Number(inverse);
  ForColumns(n, [&](size_t i, size_t k) HWY_ATTR {
    V v = hn::Mul(hn::Sub(LoadSome(x + i, k), m), f);
    if (scale) v = hn::Mul(v, LoadSome(scale + i, k));
    if (bias) v = hn::Add(v, LoadSome(bias + i, k));
    StoreSome(v, y + i, k);
  });
}

void Affine(const float* x, float* y, int64_t n, float factor, float shift) {
  MapRow(x, y, static_cast<size_t>(n), TimesPlus{Number(factor), Number(shift)});
}

void AffineRows(const float* x, float* y, int64_t n, const float* factor, const float* shift) {
  ForColumns(static_cast<size_t>(n), [&](size_t i, size_t k) HWY_ATTR {
    StoreSome(hn::MulAdd(LoadSome(x + i, k), LoadSome(factor + i, k), LoadSome(shift + i, k)), y + i, k);
  });
}

float FoldOne(Fold fold, const float* x, int64_t count, float start) {
  const auto n = static_cast<size_t>(count);
  const float infinity = std::numeric_limits<float>::infinity();
  switch (fold) {
    case Fold::sum:
      return start + SumOf(FoldRow(x, n, 0, 0, Itself(), AddOf()));
    case Fold::sum_squares:
      return start + SumOf(FoldRow(x, n, 0, 0, SquareOf(), AddOf()));
    case Fold::sum_abs:
      return start + SumOf(FoldRow(x, n, 0, 0, AbsOf(), AddOf()));
    case Fold::product:
      return start * JoinLanes(FoldRow(x, n, 1, 1, Itself(), ProductOf()), ProductOf());
    case Fold::max: {
      const V v = FoldRow(x, n, -infinity, -infinity, Itself(), MaxOf());
      return hn::GetLane(MaxOrNaN(Number(start), Number(MaxOrNaNOf(v))));
    }
    case Fold::min: {
      const V v = FoldRow(x, n, infinity, infinity, Itself(), MinOf());
      return hn::GetLane(MinOrNaN(Number(start), Number(JoinLanes(v, MinOf()))));
    }
  }
  return 0;
}

template <class Map, class Join>
void FoldInto(const float* x, size_t n, float* accumulated, Map map, Join join) {
  ForColumns(n, [&](size_t i, size_t k) HWY_ATTR {
    StoreSome(join(LoadSome(accumulated + i, k), map(LoadSome(x + i, k))), accumulated + i, k);
  });
}

void FoldRows(Fold fold, const float* x, int64_t count, float* accumulated) {
  const auto n = static_cast<size_t>(count);
  switch (fold) {
    case Fold::sum:
      return FoldInto(x, n, accumulated, Itself(), AddOf());
    case Fold::sum_squares:
      return FoldInto(x, n, accumulated, SquareOf(), AddOf());
    case Fold::sum_abs:
      return FoldInto(x, n, accumulated, AbsOf(), AddOf());
    case Fold::product:
      return FoldInto(x, n, accumulated, Itself(), ProductOf());
    case Fold::max:
      return FoldInto(x, n, accumulated, Itself(), MaxOf());
    case Fold::min:
      return FoldInto(x, n, accumulated, Itself(), MinOf());
  }
}

float ExpSum(const float* x, int64_t n, float shift) {
  const float low = -std::numeric_limits<float>::infinity();
  return SumOf(FoldRow(x, static_cast<size_t>(n), 0, low, ExpLess{Number(shift)}, AddOf()));
}

void ExpSumRows(const float* x, int64_t n, const float* shift, float* accumulated) {
  ForColumns(static_cast<size_t>(n), [&](size_t i, size_t k) HWY_ATTR {
    const V e = ExpLess{LoadSome(shift + i, k)}(LoadSome(x + i, k));
    StoreSome(hn::Add(LoadSome(accumulated + i, k), e), accumulated + i, k);
  });
}

float AddAndMax(const float* x, float* y, int64_t count) {
  const D d;
  const auto n = static_cast<size_t>(count), lanes = hn::Lanes(d);
  V max = Number(-std::numeric_limits<float>::infinity());
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const V v = hn::LoadU(d, x + i);
    max = hn::Max(max, v);
    hn::StoreU(hn::Add(hn::LoadU(d, y + i), v), d, y + i);
  }
  if (i < n) {
    const V v = LoadPart(x + i, n - i, -std::numeric_limits<float>::infinity());
    max = hn::Max(max, v);
    StorePart(hn::Add(LoadPart(y + i, n - i, 0), v), y + i, n - i);
  }
  return hn::GetLane(hn::MaxOfLanes(d, max));
}

const RowKernels& Kernels() {
  static constexpr RowKernels kernels{Softmax, SoftmaxColumns, Statistics, Normalize,  Affine,   AffineRows,
                                      FoldOne, FoldRows,       ExpSum,     ExpSumRows, AddAndMax};
  return kernels;
}

}  // namespace
}  // namespace tenon::core::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::core::cpu {

HWY_EXPORT(Kernels);
const RowKernels& row_kernels() {
  static const RowKernels& kernels = HWY_DYNAMIC_DISPATCH(Kernels)();
  return kernels;
}

float start_of(Fold fold) {
  switch (fold) {
    case Fold::product:
      return 1;
    case Fold::max:
      return -std::numeric_limits<float>::infinity();
    case Fold::min:
      return std::numeric_limits<float>::infinity();
    default:
      return 0;
  }
}

}  // namespace tenon::core::cpu
#endif
