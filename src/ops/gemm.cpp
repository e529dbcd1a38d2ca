#include "ops/gemm.h"

#include <algorithm>

#include "base/checked.h"

namespace tenon::core {
namespace {

constexpr int64_t kRows = 4;       // rows of one register tile; its columns are one panel
constexpr int64_t kDepth = 512;    // of a block of the inner dimension: a panel of it stays in the first-level cache
constexpr int64_t kRowBlock = 64;  // rows and panels of one piece of work
constexpr int64_t kPanelBlock = 16;
constexpr int64_t kSmallWork = 1 << 15;  // multiply-adds below which one thread is enough

template <class T, int Rows>
void tile(int64_t depth, const T* a, int64_t row, int64_t column, const T* panel, T* c, int64_t stride, int64_t width) {
  constexpr int64_t n = PackedMatrix<T>::kPanel;
  T sum[Rows][n] = {};
  for (int64_t k = 0; k < depth; ++k) {
    const T* b = panel + k * n;
    for (int i = 0; i < Rows; ++i) {
      const T x = a[i * row + k * column];
      for (int j = 0; j < n; ++j) sum[i][j] += x * b[j];
    }
  }
  for (int i = 0; i < Rows; ++i)
    for (int64_t j = 0; j < width; ++j) c[i * stride + j] += sum[i][j];
}

template <class T>
void tiles(int64_t rows, int64_t depth, MatrixView<T> a, const T* panel, T* c, int64_t stride, int64_t width) {
  int64_t i = 0;
  for (; i + kRows <= rows; i += kRows)
    tile<T, kRows>(depth, a.data + i * a.row, a.row, a.column, panel, c + i * stride, stride, width);
  for (; i < rows; ++i) tile<T, 1>(depth, a.data + i * a.row, a.row, a.column, panel, c + i * stride, stride, width);
}

}  // namespace

template <class T>
PackedMatrix<T>::PackedMatrix(MatrixView<T> b, int64_t rows, int64_t columns, Threads& threads)
    : rows_(rows), columns_(columns) {
  values_.resize(static_cast<size_t>(checked_mul(checked_mul(panels(), rows), kPanel)));
  const int64_t grain = std::max<int64_t>(1, kSmallWork / std::max<int64_t>(1, rows * kPanel));
  threads.parallel_ranges(panels(), grain, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) {
      T* to = values_.data() + p * rows * kPanel;
      const T* from = b.data + p * kPanel * b.column;
      const int64_t width = std::min(kPanel, columns - p * kPanel);
      for (int64_t k = 0; k < rows; ++k)
        for (int64_t j = 0; j < width; ++j) to[k * kPanel + j] = from[k * b.row + j * b.column];
    }
  });
}

template <class T>
void gemm(int64_t m, MatrixView<T> a, const PackedMatrix<T>& b, T* c, int64_t stride, Threads& threads) {
  const int64_t k = b.rows(), panels = b.panels(), n = PackedMatrix<T>::kPanel;
  const int64_t row_blocks = (m + kRowBlock - 1) / kRowBlock;
  const int64_t panel_blocks = (panels + kPanelBlock - 1) / kPanelBlock;
  auto piece = [&](int64_t index) {
    const int64_t row = index / panel_blocks * kRowBlock, rows = std::min(kRowBlock, m - row);
    const int64_t first = index % panel_blocks * kPanelBlock, last = std::min(first + kPanelBlock, panels);
    for (int64_t k0 = 0; k0 < k; k0 += kDepth)
      for (int64_t p = first; p < last; ++p)
        tiles<T>(rows, std::min(kDepth, k - k0), {a.data + row * a.row + k0 * a.column, a.row, a.column},
                 b.panel(p) + k0 * n, c + row * stride + p * n, stride, std::min(n, b.columns() - p * n));
  };
  const int64_t pieces = row_blocks * panel_blocks;
  if (static_cast<double>(m) * panels * n * k <= kSmallWork) {
    for (int64_t i = 0; i < pieces; ++i) piece(i);
  } else {
    threads.parallel(pieces, piece);
  }
}

template <class T>
void gemm(int64_t m, int64_t n, int64_t k, MatrixView<T> a, MatrixView<T> b, T* c, int64_t stride, Threads& threads) {
  if (m == 0 || n == 0 || k == 0) return;
  gemm(m, a, PackedMatrix<T>(b, k, n, threads), c, stride, threads);
}

void for_each_product(int64_t count, Threads& threads, FunctionRef<void(int64_t)> body) {
  if (count >= threads.size()) {
    threads.parallel(count, body);
  } else {
    for (int64_t i = 0; i < count; ++i) body(i);
  }
}

#define TENON_GEMM(T)                                                                           \
  template class PackedMatrix<T>;                                                               \
  template void gemm<T>(int64_t, MatrixView<T>, const PackedMatrix<T>&, T*, int64_t, Threads&); \
  template void gemm<T>(int64_t, int64_t, int64_t, MatrixView<T>, MatrixView<T>, T*, int64_t, Threads&);
TENON_GEMM(float)
TENON_GEMM(double)
TENON_GEMM(uint32_t)
TENON_GEMM(uint64_t)
#undef TENON_GEMM

}  // namespace tenon::core
