#include "kernels/cpu/highway_targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/matrix_tile.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/cpu/matrix_tile.h"

#include <algorithm>
#include <cstring>

#include "kernels/cpu/unroll.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::core::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

constexpr int kRows = 6;
/// Vectors side by side: as many as leave registers for a row of b and one number of a.
#if HWY_TARGET == HWY_AVX3
constexpr int kVectors = 4;
#else
constexpr int kVectors = 2;
#endif

int64_t Panel() { return kVectors * static_cast<int64_t>(hn::Lanes(D())); }

HWY_INLINE void StoreSome(V v, float* to, int64_t count) {
  const D d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  if (count >= lanes) return hn::StoreU(v, d, to);
  if (count <= 0) return;
  HWY_ALIGN float part[16];
  hn::Store(v, d, part);
  std::memcpy(to, part, static_cast<size_t>(count) * sizeof(float));
}

template <int rows>
void Tile(const float* a, int64_t a_row, const float* b, float* c, int64_t c_row, int64_t depth, int64_t columns,
          float factor) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  V sum[rows][kVectors];
  TENON_UNROLL
  for (int r = 0; r < rows; ++r) {
    TENON_UNROLL
    for (int v = 0; v < kVectors; ++v) sum[r][v] = hn::Zero(d);
  }
  for (int64_t k = 0; k < depth; ++k, b += kVectors * lanes) {
    V right[kVectors];
    TENON_UNROLL
    for (int v = 0; v < kVectors; ++v) right[v] = hn::LoadU(d, b + static_cast<size_t>(v) * lanes);
    TENON_UNROLL
    for (int r = 0; r < rows; ++r) {
      const V left = hn::Set(d, a[r * a_row + k]);
      TENON_UNROLL
      for (int v = 0; v < kVectors; ++v) sum[r][v] = hn::MulAdd(left, right[v], sum[r][v]);
    }
  }
  const V f = hn::Set(d, factor);
  TENON_UNROLL
  for (int r = 0; r < rows; ++r) {
    TENON_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      const int64_t at = v * static_cast<int64_t>(lanes);
      StoreSome(hn::Mul(sum[r][v], f), c + r * c_row + at, columns - at);
    }
  }
}

void Multiply(const float* a, int64_t a_row, const float* b, float* c, int64_t c_row, int64_t rows, int64_t depth,
              int64_t columns, int64_t panel_stride, float factor) {
  const int64_t panel = Panel();
  for (int64_t j = 0; j < columns; j += panel, b += panel_stride) {
    const int64_t width = std::min(panel, columns - j);
    int64_t i = 0;
    for (; i + kRows <= rows; i += kRows)
      Tile<kRows>(a + i * a_row, a_row, b, c + i * c_row + j, c_row, depth, width, factor);
    const float* left = a + i * a_row;
    float* to = c + i * c_row + j;
    switch (rows - i) {
      case 1:
        Tile<1>(left, a_row, b, to, c_row, depth, width, factor);
        break;
      case 2:
        Tile<2>(left, a_row, b, to, c_row, depth, width, factor);
        break;
      case 3:
        Tile<3>(left, a_row, b, to, c_row, depth, width, factor);
        break;
      case 4:
        Tile<4>(left, a_row, b, to, c_row, depth, width, factor);
        break;
      case 5:
        Tile<5>(left, a_row, b, to, c_row, depth, width, factor);
        break;
      default:
        break;
    }
  }
}

}  // namespace
}  // namespace tenon::core::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::core::cpu {

HWY_EXPORT(Multiply);
HWY_EXPORT(Panel);

void multiply_packed(const float* a, int64_t a_row, const float* b, float* c, int64_t c_row, int64_t rows,
                     int64_t depth, int64_t columns, int64_t panel_stride, float factor) {
  HWY_DYNAMIC_DISPATCH(Multiply)(a, a_row, b, c, c_row, rows, depth, columns, panel_stride, factor);
}
int64_t matrix_panel() { return HWY_DYNAMIC_DISPATCH(Panel)(); }

}  // namespace tenon::core::cpu
#endif
