#pragma once
#include <cstdint>

namespace tenon::core::cpu {

struct Best {
  bool minimum = false;
  bool last = false;  // of several best elements the last, not the first
};

/// Where the largest (smallest) of a dense row is; NaN is taken before every number.
int64_t best_of_row(const float* x, int64_t n, Best);
/// The same for each of `width` columns of `n` rows that are `stride` apart; n < 2^31.
void best_of_columns(const float* x, int64_t n, int64_t stride, int64_t width, Best, int64_t* y);

/// The k best of n elements that are `stride` apart, in order, the first before the second of two that are equal.
/// `keys` has room for n; n < 2^32. values[i * to_stride] and indices[i * to_stride] for i < k.
void top_k(const float* x, int64_t n, int64_t stride, int64_t k, bool largest, uint64_t* keys, float* values,
           int64_t* indices, int64_t to_stride);

}  // namespace tenon::core::cpu
