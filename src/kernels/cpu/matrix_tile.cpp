#include "kernels/cpu/highway_targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/matrix_tile.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/cpu/matrix_tile.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/checked.h"
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

constexpr int64_t kBlockBytes = 32 << 10;  // of a panel of b that many tiles read: it stays in the first-level cache
constexpr int64_t kBlockTiles = 4;         // as many tiles make blocks worth it

/// One product of a few rows of a and one panel of b. Where `places` is given, a's element k of a row is at places[k].
/// A product that is cut into blocks of its depth adds to the sums that the blocks before have left in c; the last one
/// finishes them.
struct TileArgs {
  const float *a, *b;
  const int64_t* places;
  float* c;
  int64_t a_row, c_row, depth, columns;
  float factor;
  const float* bias;
  float low, high;
  bool first = true, last = true;
};

template <bool placed, int rows, int vectors>
void Tile(const TileArgs& t) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  const auto inside = hn::FirstN(d, static_cast<size_t>(t.columns) - (vectors - 1) * lanes);  // of the last vector
  V sum[rows][vectors];
  TENON_UNROLL
  for (int r = 0; r < rows; ++r) {
    TENON_UNROLL
    for (int v = 0; v < vectors; ++v) {
      const float* c = t.c + r * t.c_row + static_cast<size_t>(v) * lanes;
      sum[r][v] = t.first ? hn::Zero(d) : v + 1 < vectors ? hn::LoadU(d, c) : hn::MaskedLoad(inside, d, c);
    }
  }
  const float* b = t.b;
  for (int64_t k = 0; k < t.depth; ++k, b += kVectors * lanes) {
    const float* a = t.a + (placed ? t.places[k] : k);
    V right[vectors];
    TENON_UNROLL
    for (int v = 0; v < vectors; ++v) right[v] = hn::LoadU(d, b + static_cast<size_t>(v) * lanes);
    TENON_UNROLL
    for (int r = 0; r < rows; ++r) {
      const V left = hn::Set(d, a[r * t.a_row]);
      TENON_UNROLL
      for (int v = 0; v < vectors; ++v) sum[r][v] = hn::MulAdd(left, right[v], sum[r][v]);
    }
  }
  const V f = hn::Set(d, t.factor), low = hn::Set(d, t.low), high = hn::Set(d, t.high);
  V bias[vectors];
  TENON_UNROLL
  for (int v = 0; v < vectors; ++v) {
    if (!t.bias)
      bias[v] = hn::Zero(d);
    else if (v + 1 < vectors)
      bias[v] = hn::LoadU(d, t.bias + static_cast<size_t>(v) * lanes);
    else
      bias[v] = hn::MaskedLoad(inside, d, t.bias + static_cast<size_t>(v) * lanes);
  }
  TENON_UNROLL
  for (int r = 0; r < rows; ++r) {
    float* c = t.c + r * t.c_row;
    TENON_UNROLL
    for (int v = 0; v < vectors; ++v) {
      // In this order NaN stays.
      const V y = t.last ? hn::Min(high, hn::Max(low, hn::MulAdd(sum[r][v], f, bias[v]))) : sum[r][v];
      if (v + 1 < vectors)
        hn::StoreU(y, d, c + static_cast<size_t>(v) * lanes);
      else
        hn::BlendedStore(y, inside, d, c + static_cast<size_t>(v) * lanes);
    }
  }
}

using TileFunction = void (*)(const TileArgs&);

/// Tiles of 1, 2, ... rows.
template <bool placed, int vectors, int... rows>
constexpr std::array<TileFunction, sizeof...(rows)> TilesOf(std::integer_sequence<int, rows...>) {
  return {Tile<placed, rows + 1, vectors>...};
}

template <bool placed, int vectors>
void MultiplyRows(TileArgs t, int64_t rows) {
  constexpr int64_t tallest = TallestTile(vectors);
  static constexpr auto tiles = TilesOf<placed, vectors>(std::make_integer_sequence<int, tallest>());
  for (int64_t i = 0; i < rows; i += tallest, t.a += tallest * t.a_row, t.c += tallest * t.c_row)
    tiles[static_cast<size_t>(std::min(tallest, rows - i) - 1)](t);
}

template <bool placed, int vectors>
void MultiplyPanel(TileArgs t, int64_t rows) {
  const int64_t most = kBlockBytes / (Panel() * static_cast<int64_t>(sizeof(float))), depth = t.depth;
  const bool pays = rows >= kBlockTiles * TallestTile(vectors);
  const int64_t blocks = pays ? std::max<int64_t>(1, (depth + most - 1) / most) : 1;
  for (int64_t i = 0; i < blocks; ++i) {
    const int64_t begin = depth * i / blocks, end = depth * (i + 1) / blocks;
    TileArgs block = t;
    if (placed)
      block.places += begin;
    else
      block.a += begin;
    block.b += begin * Panel();
    block.depth = end - begin;
    block.first = i == 0;
    block.last = i + 1 == blocks;
    MultiplyRows<placed, vectors>(block, rows);
  }
}

template <bool placed>
void MultiplyPanels(TileArgs t, int64_t rows, int64_t panel_stride) {
  const int64_t panel = Panel(), lanes = panel / kVectors;
  for (int64_t left = t.columns; left > 0; left -= panel, t.b += panel_stride, t.c += panel) {
    t.columns = std::min(panel, left);
    switch ((t.columns + lanes - 1) / lanes) {
      case 1:
        MultiplyPanel<placed, 1>(t, rows);
        break;
#if HWY_TARGET == HWY_AVX3
      case 2:
        MultiplyPanel<placed, 2>(t, rows);
        break;
      case 3:
        MultiplyPanel<placed, 3>(t, rows);
        break;
#endif
      default:
        MultiplyPanel<placed, kVectors>(t, rows);
    }
    if (t.bias && left > panel) t.bias += panel;
  }
}

void Multiply(const PanelProduct& p) {
  const TileArgs t{p.a, p.b, p.places, p.c, p.a_row, p.c_row, p.depth, p.columns, p.factor, p.bias, p.low, p.high};
  p.places ? MultiplyPanels<true>(t, p.rows, p.panel_stride) : MultiplyPanels<false>(t, p.rows, p.panel_stride);
}

}  // namespace
}  // namespace tenon::core::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::core::cpu {

HWY_EXPORT(Multiply);
HWY_EXPORT(Panel);

void multiply_packed(const PanelProduct& p) { HWY_DYNAMIC_DISPATCH(Multiply)(p); }
void multiply_packed(const float* a, int64_t a_row, const float* b, float* c, int64_t c_row, int64_t rows,
                     int64_t depth, int64_t columns, int64_t panel_stride, float factor) {
  multiply_packed({a, a_row, nullptr, b, panel_stride, c, c_row, rows, depth, columns, factor});
}
int64_t matrix_panel() { return HWY_DYNAMIC_DISPATCH(Panel)(); }

int64_t panel_floats(int64_t columns, int64_t depth) { return checked_mul(round_up(columns, matrix_panel()), depth); }
void pack_panels(int64_t columns, int64_t depth, const float* w, float* to) {
  const int64_t panel = matrix_panel();
  std::fill_n(to, panel_floats(columns, depth), 0.0f);
  for (int64_t c = 0; c < columns; ++c) {
    float* column = to + c / panel * panel * depth + c % panel;
    for (int64_t k = 0; k < depth; ++k) column[k * panel] = w[c * depth + k];
  }
}

}  // namespace tenon::core::cpu
#endif
