#include "kernels/cpu/highway_targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/matrix_tile.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/cpu/matrix_tile.h"

#include <algorithm>
#include <array>
#include <utility>

#include "kernels/cpu/unroll.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::core::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

/// Vectors side by side: as many as leave registers for a row of b and one number of a.
#if HWY_TARGET == HWY_AVX3
constexpr int kVectors = 4;
#else
constexpr int kVectors = 2;
#endif
/// Rows of a tile of `vectors` vectors: narrow tiles are taller, to have as many sums under way.
constexpr int64_t TallestTile(int vectors) { return std::min(12, 6 * kVectors / vectors); }

int64_t Panel() { return kVectors * static_cast<int64_t>(hn::Lanes(D())); }

/// One product of a few rows of a and one panel of b.
struct TileArgs {
  const float *a, *b;
  float* c;
  int64_t a_row, c_row, depth, columns;
  float factor;
};

template <int rows, int vectors>
void Tile(const TileArgs& t) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  V sum[rows][vectors];
  TENON_UNROLL
  for (int r = 0; r < rows; ++r) {
    TENON_UNROLL
    for (int v = 0; v < vectors; ++v) sum[r][v] = hn::Zero(d);
  }
  const float* b = t.b;
  for (int64_t k = 0; k < t.depth; ++k, b += kVectors * lanes) {
    V right[vectors];
    TENON_UNROLL
    for (int v = 0; v < vectors; ++v) right[v] = hn::LoadU(d, b + static_cast<size_t>(v) * lanes);
    TENON_UNROLL
    for (int r = 0; r < rows; ++r) {
      const V left = hn::Set(d, t.a[r * t.a_row + k]);
      TENON_UNROLL
      for (int v = 0; v < vectors; ++v) sum[r][v] = hn::MulAdd(left, right[v], sum[r][v]);
    }
  }
  const V f = hn::Set(d, t.factor);
  const auto last = hn::FirstN(d, static_cast<size_t>(t.columns) - (vectors - 1) * lanes);
  TENON_UNROLL
  for (int r = 0; r < rows; ++r) {
    float* c = t.c + r * t.c_row;
    TENON_UNROLL
    for (int v = 0; v + 1 < vectors; ++v) hn::StoreU(hn::Mul(sum[r][v], f), d, c + static_cast<size_t>(v) * lanes);
    hn::BlendedStore(hn::Mul(sum[r][vectors - 1], f), last, d, c + (vectors - 1) * lanes);
  }
}

using TileFunction = void (*)(const TileArgs&);

/// Tiles of 1, 2, ... rows.
template <int vectors, int... rows>
constexpr std::array<TileFunction, sizeof...(rows)> TilesOf(std::integer_sequence<int, rows...>) {
  return {Tile<rows + 1, vectors>...};
}

template <int vectors>
void MultiplyPanel(TileArgs t, int64_t rows) {
  constexpr int64_t tallest = TallestTile(vectors);
  static constexpr auto tiles = TilesOf<vectors>(std::make_integer_sequence<int, tallest>());
  for (int64_t i = 0; i < rows; i += tallest, t.a += tallest * t.a_row, t.c += tallest * t.c_row)
    tiles[static_cast<size_t>(std::min(tallest, rows - i) - 1)](t);
}

void Multiply(const float* a, int64_t a_row, const float* b, float* c, int64_t c_row, int64_t rows, int64_t depth,
              int64_t columns, int64_t panel_stride, float factor) {
  const int64_t panel = Panel(), lanes = panel / kVectors;
  for (int64_t j = 0; j < columns; j += panel, b += panel_stride) {
    const TileArgs t{a, b, c + j, a_row, c_row, depth, std::min(panel, columns - j), factor};
    switch ((t.columns + lanes - 1) / lanes) {
      case 1:
        MultiplyPanel<1>(t, rows);
        break;
#if HWY_TARGET == HWY_AVX3
      case 2:
        MultiplyPanel<2>(t, rows);
        break;
      case 3:
        MultiplyPanel<3>(t, rows);
        break;
#endif
      default:
        MultiplyPanel<kVectors>(t, rows);
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
