#pragma once
#include "ir/op.h"
#include "ops/gemm.h"

namespace tenon::core {

/// Shape of the NumPy product of a and b, the last two axes transposed where asked (vectors have none to transpose).
/// Notes that the inner dims are equal.
Shape product_shape(InferContext&, const Shape& a, const Shape& b, bool transpose_a, bool transpose_b);

/// A NumPy product of concrete shapes as products of matrices: product i multiplies the matrix a_index[i] of a by the
/// matrix b_index[i] of b.
struct ProductPlan {
  Dims dims;  // of the result
  int64_t m = 1, n = 1, k = 1;
  bool transpose_a = false, transpose_b = false;
  std::vector<int64_t> a_index, b_index;
};
ProductPlan plan_product(const Dims& a, const Dims& b, bool transpose_a, bool transpose_b);

/// c += the product; T as in `gemm`.
template <class T>
void add_product(const ProductPlan&, const T* a, const T* b, T* c, Threads&);

/// Index into a tensor of shape `from` for each element of `to`, to which it broadcasts.
std::vector<int64_t> broadcast_index(const Dims& from, const Dims& to);
/// Calls f(i, j) for each element i of a tensor of shape `to` and the element j that stands there of one of shape
/// `from`.
template <class F>
void for_each_broadcast(const Dims& from, const Dims& to, F f) {
  if (from == to) {
    const int64_t n = checked_product(to);
    for (int64_t i = 0; i < n; ++i) f(i, i);
    return;
  }
  // Rows of the last axis: either one element for all of a row, or a row for a row.
  const int64_t width = to.empty() ? 1 : to.back();
  const int64_t step = !from.empty() && from.back() == width && width != 1 ? 1 : 0;
  const Dims outer_to(to.begin(), to.end() - (to.empty() ? 0 : 1));
  const Dims outer_from(from.begin(), from.end() - (from.empty() ? 0 : 1));
  const std::vector<int64_t> rows = broadcast_index(outer_from, outer_to);
  for (size_t r = 0; r < rows.size(); ++r)
    for (int64_t j = 0; j < width; ++j)
      f(static_cast<int64_t>(r) * width + j, rows[r] * (from.empty() ? 1 : from.back()) + j * step);
}

}  // namespace tenon::core
