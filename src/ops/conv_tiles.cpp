#include "ops/conv_tiles.h"

#include <algorithm>

#ifdef __clang__
#define TENON_UNROLL _Pragma("clang loop unroll(full)")
#else
#define TENON_UNROLL _Pragma("GCC unroll 16")
#endif
#define TENON_INLINE inline __attribute__((always_inline))

namespace tenon::core {
namespace {

constexpr int64_t kBlock = 256;  // terms summed in T before they go to double

template <class T>
struct Vector {
  typedef T type __attribute__((vector_size(32), aligned(sizeof(T)), may_alias));
  static constexpr int lanes = 32 / sizeof(T);
  static constexpr int per_panel = kTileColumns / lanes;
};

/// sums[4][16] += the product of `k` terms.
template <class T>
TENON_INLINE void add_block(const T* strip, const T* panel, int64_t k, double* sums) {
  using V = typename Vector<T>::type;
  constexpr int kVectors = Vector<T>::per_panel;
  V accumulator[kTileRows][kVectors] = {};
  for (int64_t l = 0; l < k; ++l) {
    const V* b = reinterpret_cast<const V*>(panel + l * kTileColumns);
    TENON_UNROLL
    for (int i = 0; i < kTileRows; ++i) {
      const T a = strip[l * kTileRows + i];
      TENON_UNROLL
      for (int v = 0; v < kVectors; ++v) accumulator[i][v] += a * b[v];
    }
  }
  for (int i = 0; i < kTileRows; ++i)
    for (int v = 0; v < kVectors; ++v)
      for (int j = 0; j < Vector<T>::lanes; ++j)
        sums[i * kTileColumns + v * Vector<T>::lanes + j] += accumulator[i][v][j];
}

template <class T>
TENON_INLINE void multiply_tile(const T* strip, const T* panel, int64_t k, double* sums) {
  for (int64_t l = 0; l < k; l += kBlock)
    add_block(strip + l * kTileRows, panel + l * kTileColumns, std::min(kBlock, k - l), sums);
}

template <class T>
void tile_plain(const T* strip, const T* panel, int64_t k, double* sums) {
  multiply_tile(strip, panel, k, sums);
}

#ifdef __x86_64__
template <class T>
__attribute__((target("avx2,fma"))) void tile_avx2(const T* strip, const T* panel, int64_t k, double* sums) {
  multiply_tile(strip, panel, k, sums);
}
#endif

template <class T>
using TileLoop = void (*)(const T*, const T*, int64_t, double*);

template <class T>
TileLoop<T> choose_tile() {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return tile_avx2<T>;
#endif
  return tile_plain<T>;
}

}  // namespace

template <class T>
std::vector<T> pack_strips(const T* a, int64_t m, int64_t k, int64_t row, int64_t column) {
  std::vector<T> strips(static_cast<size_t>((m + kTileRows - 1) / kTileRows * kTileRows * k));
  for (int64_t i = 0; i < m; ++i) {
    T* to = strips.data() + i / kTileRows * kTileRows * k + i % kTileRows;
    for (int64_t l = 0; l < k; ++l) to[l * kTileRows] = a[i * row + l * column];
  }
  return strips;
}

template <class T>
void multiply_panels(const T* strips, int64_t m, int64_t k, const T* panels, int64_t columns, T* out, int64_t stride) {
  static const TileLoop<T> tile = choose_tile<T>();
  for (int64_t i = 0; i < m; i += kTileRows)
    for (int64_t j = 0; j < columns; j += kTileColumns) {
      double sums[kTileRows * kTileColumns] = {};
      tile(strips + i * k, panels + j * k, k, sums);
      const int64_t rows = std::min(kTileRows, m - i), width = std::min(kTileColumns, columns - j);
      for (int64_t r = 0; r < rows; ++r)
        for (int64_t c = 0; c < width; ++c) out[(i + r) * stride + j + c] = static_cast<T>(sums[r * kTileColumns + c]);
    }
}

#define TENON_INSTANTIATE(T)                                                            \
  template std::vector<T> pack_strips<T>(const T*, int64_t, int64_t, int64_t, int64_t); \
  template void multiply_panels<T>(const T*, int64_t, int64_t, const T*, int64_t, T*, int64_t);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::core
