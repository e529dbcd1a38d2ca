#pragma once
#include <cstdint>
#include <string_view>

namespace tenon::core::cpu {

enum class Fold { sum, max, min, product, sum_squares, sum_abs };

/// Vectorised loops over dense rows of f32, chosen for this CPU.
struct RowKernels {
  /// y = exp(x - max) / sum, or its logarithm; x and y may be one row.
  void (*softmax)(const float* x, float* y, int64_t n, bool log);
  /// The same for each of `width` columns (at most kColumns) of `n` rows that are `stride` apart.
  void (*softmax_columns)(const float* x, float* y, int64_t n, int64_t stride, int64_t width, bool log);
  /// Mean and 1 / sqrt(variance + epsilon) of a row; `rms`: mean 0.
  void (*statistics)(const float* x, int64_t n, float epsilon, bool rms, float* mean, float* inverse);
  /// y = (x - mean) * inverse * scale + bias; scale and bias may be null.
  void (*normalize)(const float* x, float* y, int64_t n, float mean, float inverse, const float* scale,
                    const float* bias);
  /// y = x * factor + shift, numbers.
  void (*affine)(const float* x, float* y, int64_t n, float factor, float shift);
  /// y = x * factor + shift, element by element.
  void (*affine_rows)(const float* x, float* y, int64_t n, const float* factor, const float* shift);
  /// Folds a row into one number, from `start`.
  float (*fold)(Fold, const float* x, int64_t n, float start);
  /// accumulated[i] = fold(accumulated[i], x[i]).
  void (*fold_rows)(Fold, const float* x, int64_t n, float* accumulated);
  /// The sum of exp(x - shift).
  float (*exp_sum)(const float* x, int64_t n, float shift);
  /// accumulated[i] += exp(x[i] - shift[i]).
  void (*exp_sum_rows)(const float* x, int64_t n, const float* shift, float* accumulated);
  /// y += x; the largest of x.
  float (*add_and_max)(const float* x, float* y, int64_t n);
};
inline constexpr int64_t kColumns = 256;
const RowKernels& row_kernels();

/// What folding starts from.
float start_of(Fold);

}  // namespace tenon::core::cpu
