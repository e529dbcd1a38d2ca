#include "kernels/cpu/highway_targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/winograd_transform.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/cpu/winograd_transform.h"

#include <algorithm>
#include <cstring>

#include "kernels/cpu/unroll.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::core::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

HWY_INLINE V Times(float f, V v) { return hn::Mul(hn::Set(D(), f), v); }
/// f * v + w.
HWY_INLINE V Add(float f, V v, V w) { return hn::MulAdd(hn::Set(D(), f), v, w); }

/// `n` floats, the rest of the vector zero.
HWY_INLINE V LoadSome(const float* x, int64_t n) {
  const D d;
  if (n >= static_cast<int64_t>(hn::Lanes(d))) return hn::LoadU(d, x);
  HWY_ALIGN float part[16] = {};
  std::memcpy(part, x, static_cast<size_t>(n) * sizeof(float));
  return hn::Load(d, part);
}
HWY_INLINE void StoreSome(V v, float* y, int64_t n) {
  const D d;
  if (n >= static_cast<int64_t>(hn::Lanes(d))) return hn::StoreU(v, d, y);
  HWY_ALIGN float part[16];
  hn::Store(v, d, part);
  std::memcpy(y, part, static_cast<size_t>(n) * sizeof(float));
}

/// B' and A' of F(4x4, 3x3), applied to six vectors that are `step` apart.
struct Four {
  static constexpr int kTile = 4, kSide = 6;
  static HWY_INLINE void Input(const V* d, int step, V* t) {
    const V a = Add(-4, d[2 * step], d[4 * step]), b = Add(-4, d[step], d[3 * step]);
    const V c = hn::Sub(d[4 * step], d[2 * step]), e = Times(2, hn::Sub(d[3 * step], d[step]));
    t[0] = Add(4, d[0], Add(-5, d[2 * step], d[4 * step]));
    t[step] = hn::Add(a, b);
    t[2 * step] = hn::Sub(a, b);
    t[3 * step] = hn::Add(c, e);
    t[4 * step] = hn::Sub(c, e);
    t[5 * step] = Add(4, d[step], Add(-5, d[3 * step], d[5 * step]));
  }
  static HWY_INLINE void Output(const V* m, int step, V* y) {
    const V s = hn::Add(m[step], m[2 * step]), d = hn::Sub(m[step], m[2 * step]);
    const V t = hn::Add(m[3 * step], m[4 * step]), e = hn::Sub(m[3 * step], m[4 * step]);
    y[0] = hn::Add(hn::Add(m[0], s), t);
    y[1] = Add(2, e, d);
    y[2] = Add(4, t, s);
    y[3] = hn::Add(Add(8, e, d), m[5 * step]);
  }
};

/// The same of F(2x2, 3x3).
struct Two {
  static constexpr int kTile = 2, kSide = 4;
  static HWY_INLINE void Input(const V* d, int step, V* t) {
    const V a = d[step], b = d[2 * step];
    t[0] = hn::Sub(d[0], b);
    t[3 * step] = hn::Sub(a, d[3 * step]);
    t[step] = hn::Add(a, b);
    t[2 * step] = hn::Sub(b, a);
  }
  static HWY_INLINE void Output(const V* m, int step, V* y) {
    y[0] = hn::Add(hn::Add(m[0], m[step]), m[2 * step]);
    y[1] = hn::Sub(hn::Sub(m[step], m[2 * step]), m[3 * step]);
  }
};

template <class F>
void Input(const InputTile& tile, float* to, int64_t step) {
  constexpr int n = F::kSide;
  const D d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t c = 0; c < tile.channels; c += lanes) {
    V x[n * n], half[n * n];
    for (V& v : x) v = hn::Zero(d);
    for (int64_t r = 0; r < tile.rows; ++r)
      for (int64_t q = 0; q < tile.columns; ++q)
        x[(tile.top + r) * n + tile.left + q] =
            LoadSome(tile.x + r * tile.row + q * tile.channels + c, tile.channels - c);
    TENON_UNROLL
    for (int i = 0; i < n; ++i) F::Input(x + i, n, half + i);
    TENON_UNROLL
    for (int i = 0; i < n; ++i) F::Input(half + i * n, 1, x + i * n);
    for (int i = 0; i < n * n; ++i) hn::StoreU(x[i], d, to + i * step + c);
  }
}

template <class F>
void Output(const float* from, int64_t step, const OutputTile& tile) {
  constexpr int n = F::kSide, m = F::kTile;
  const D d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t c = 0; c < tile.filters; c += lanes) {
    V x[n * n], half[n * m];
    for (int i = 0; i < n * n; ++i) x[i] = hn::LoadU(d, from + i * step + c);
    const V bias = tile.bias ? LoadSome(tile.bias + c, tile.filters - c) : hn::Zero(d);
    // half[row * m + column]: rows of the tile still n, columns already m.
    TENON_UNROLL
    for (int i = 0; i < n; ++i) F::Output(x + i * n, 1, half + i * m);
    for (int j = 0; j < m; ++j) {
      V y[m];
      F::Output(half + j, m, y);
      for (int i = 0; i < m; ++i)
        if (i < tile.rows && j < tile.columns)
          StoreSome(hn::Add(y[i], bias), tile.y + i * tile.row + j * tile.filters + c, tile.filters - c);
    }
  }
}

void InputOf(int64_t tile, const InputTile& t, float* to, int64_t step) {
  tile == 4 ? Input<Four>(t, to, step) : Input<Two>(t, to, step);
}
void OutputOf(int64_t tile, const float* from, int64_t step, const OutputTile& t) {
  tile == 4 ? Output<Four>(from, step, t) : Output<Two>(from, step, t);
}

}  // namespace
}  // namespace tenon::core::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::core::cpu {

HWY_EXPORT(InputOf);
HWY_EXPORT(OutputOf);
void winograd_input(int64_t tile, const InputTile& t, float* to, int64_t step) {
  HWY_DYNAMIC_DISPATCH(InputOf)(tile, t, to, step);
}
void winograd_output(int64_t tile, const float* from, int64_t step, const OutputTile& t) {
  HWY_DYNAMIC_DISPATCH(OutputOf)(tile, from, step, t);
}

}  // namespace tenon::core::cpu
#endif
