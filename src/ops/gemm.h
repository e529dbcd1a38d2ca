#pragma once
#include <cstdint>
#include <vector>

#include "base/threads.h"

namespace tenon::core {

/// Element (i, j) is data[i * row + j * column].
template <class T>
struct MatrixView {
  const T* data;
  int64_t row, column;
};

/// The right-hand side of a product, rearranged once for many products.
template <class T>
class PackedMatrix {
 public:
  static constexpr int64_t kPanel = 8;  // columns stored together, the last panel filled up with zeros
  PackedMatrix() = default;
  PackedMatrix(MatrixView<T> b, int64_t rows, int64_t columns, Threads&);
  int64_t rows() const { return rows_; }
  int64_t columns() const { return columns_; }
  int64_t panels() const { return (columns_ + kPanel - 1) / kPanel; }
  const T* panel(int64_t p) const { return values_.data() + p * rows_ * kPanel; }

 private:
  int64_t rows_ = 0, columns_ = 0;
  std::vector<T> values_;
};

/// c[m, columns of b] += a[m, rows of b] * b; the rows of c are `stride` apart. Integers must be unsigned: they wrap.
/// Sums of one element are always added in the same order, whatever the number of threads.
template <class T>
void gemm(int64_t m, MatrixView<T> a, const PackedMatrix<T>& b, T* c, int64_t stride, Threads&);

/// c[m, n] += a[m, k] * b[k, n].
template <class T>
void gemm(int64_t m, int64_t n, int64_t k, MatrixView<T> a, MatrixView<T> b, T* c, int64_t stride, Threads&);

/// Runs `body(i)` for each of `count` products: side by side when there are enough of them to fill the team,
/// else one after the other so that each of them can use it.
void for_each_product(int64_t count, Threads&, FunctionRef<void(int64_t)> body);

extern template class PackedMatrix<float>;
extern template class PackedMatrix<double>;
extern template class PackedMatrix<uint32_t>;
extern template class PackedMatrix<uint64_t>;

}  // namespace tenon::core
