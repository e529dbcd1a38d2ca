#pragma once
#include <algorithm>
#include <cstdint>

namespace tenon::core::cpu {

/// to[c * to_stride + r] = from[r * from_stride + c] for r < rows, c < columns.
template <class T>
void transpose_block(const T* from, int64_t from_stride, T* to, int64_t to_stride, int64_t rows, int64_t columns) {
  constexpr int64_t n = 16;
  for (int64_t r0 = 0; r0 < rows; r0 += n) {
    const int64_t r1 = std::min(rows, r0 + n);
    for (int64_t c = 0; c < columns; ++c)
      for (int64_t r = r0; r < r1; ++r) to[c * to_stride + r] = from[r * from_stride + c];
  }
}
/// The same in vector registers.
void transpose_block(const uint32_t* from, int64_t from_stride, uint32_t* to, int64_t to_stride, int64_t rows,
                     int64_t columns);

}  // namespace tenon::core::cpu
