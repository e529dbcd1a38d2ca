#include "kernels/cpu/transpose_tile.h"

#include <immintrin.h>

namespace tenon::core::cpu {
namespace {

__attribute__((target("avx2"))) void transpose_8x8(const float* from, int64_t from_stride, float* to,
                                                   int64_t to_stride) {
  __m256 row[8], pair[8], quad[8];
  for (int i = 0; i < 8; ++i) row[i] = _mm256_loadu_ps(from + i * from_stride);
  for (int i = 0; i < 8; i += 2) {
    pair[i] = _mm256_unpacklo_ps(row[i], row[i + 1]);
    pair[i + 1] = _mm256_unpackhi_ps(row[i], row[i + 1]);
  }
  for (int i = 0; i < 8; i += 4) {
    quad[i] = _mm256_shuffle_ps(pair[i], pair[i + 2], 0x44);
    quad[i + 1] = _mm256_shuffle_ps(pair[i], pair[i + 2], 0xee);
    quad[i + 2] = _mm256_shuffle_ps(pair[i + 1], pair[i + 3], 0x44);
    quad[i + 3] = _mm256_shuffle_ps(pair[i + 1], pair[i + 3], 0xee);
  }
  for (int i = 0; i < 4; ++i) {
    _mm256_storeu_ps(to + i * to_stride, _mm256_permute2f128_ps(quad[i], quad[i + 4], 0x20));
    _mm256_storeu_ps(to + (i + 4) * to_stride, _mm256_permute2f128_ps(quad[i], quad[i + 4], 0x31));
  }
}

}  // namespace

void transpose_block(const uint32_t* from, int64_t from_stride, uint32_t* to, int64_t to_stride, int64_t rows,
                     int64_t columns) {
  static const bool has_avx2 = __builtin_cpu_supports("avx2");
  if (!has_avx2) return transpose_block<uint32_t>(from, from_stride, to, to_stride, rows, columns);
  const int64_t whole_rows = rows / 8 * 8, whole_columns = columns / 8 * 8;
  for (int64_t r = 0; r < whole_rows; r += 8)
    for (int64_t c = 0; c < whole_columns; c += 8)
      transpose_8x8(reinterpret_cast<const float*>(from + r * from_stride + c), from_stride,
                    reinterpret_cast<float*>(to + c * to_stride + r), to_stride);
  transpose_block<uint32_t>(from + whole_columns, from_stride, to + whole_columns * to_stride, to_stride, whole_rows,
                            columns - whole_columns);
  transpose_block<uint32_t>(from + whole_rows * from_stride, from_stride, to + whole_rows, to_stride, rows - whole_rows,
                            columns);
}

}  // namespace tenon::core::cpu
