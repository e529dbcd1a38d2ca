#include "kernels/cpu/row_product.h"

#include <algorithm>
#include <limits>

#include "base/checked.h"
#include "kernels/cpu/matrix_tile.h"

namespace tenon::core::cpu {
namespace {

constexpr int64_t kBlockFloats = 1 << 17;           // of x that a block reads
constexpr int64_t kBlockPanels = 4, kTileRows = 12;  // heights of the product's tiles divide kTileRows

bool is_bounded(const DepthwiseFinish& f) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  return f.low > -infinity || f.high < infinity;
}

}  // namespace

void finish_sums(const DepthwiseFinish& f, const float* residual, float* y, int64_t count) {
  static const StripFunction add = find_f32_function("add", 0), clip = find_f32_function("clip", 0);
  if (residual) add({y, {y, residual, nullptr}, count, 0, 0});
  if (residual && is_bounded(f)) clip({y, {y, nullptr, nullptr}, count, f.low, f.high});
  if (f.activation) f.activation({y, {y, nullptr, nullptr}, count, f.alpha, f.beta});
}

RowProduct::RowProduct(const RowProductShape& s, bool by_columns, int lanes) : s_(s), by_columns_(by_columns) {
  const int64_t units = by_columns ? (s.columns + matrix_panel() - 1) / matrix_panel() : s.rows;
  lanes_ = std::min<int64_t>(lanes, units);
  rows_ = std::max<int64_t>(8 * kTileRows, kBlockFloats / std::max<int64_t>(1, s.depth) / kTileRows * kTileRows);
  columns_ = kBlockPanels * matrix_panel();
}

void RowProduct::block(const float* x, const float* packed, const DepthwiseFinish& f, float* y, const Block& b) const {
  float* to = y + b.row * s_.columns + b.column;
  const float* residual = f.residual ? f.residual + b.row * s_.columns + b.column : nullptr;
  PanelProduct product{x + b.row * s_.depth, s_.depth, nullptr, packed + b.column * s_.depth, matrix_panel() * s_.depth,
                       to, s_.columns, b.rows, s_.depth, b.columns, s_.factor, f.bias ? f.bias + b.column : nullptr};
  if (!residual) product.low = f.low, product.high = f.high;
  multiply_packed(product);
  if (!residual && !f.activation) return;
  for (int64_t r = 0; r < b.rows; ++r)
    finish_sums(f, residual ? residual + r * s_.columns : nullptr, to + r * s_.columns, b.columns);
}

void RowProduct::run(const float* x, const float* packed, const DepthwiseFinish& f, float* y, Threads& threads) const {
  const int64_t panel = matrix_panel(), panels = (s_.columns + panel - 1) / panel;
  threads.parallel(lanes_, [&](int64_t lane) {
    const auto part = [&](int64_t count, int64_t i) { return count * i / lanes_; };
    const int64_t first_row = by_columns_ ? 0 : part(s_.rows, lane), end_row = by_columns_ ? s_.rows : part(s_.rows, lane + 1);
    const int64_t first = by_columns_ ? part(panels, lane) * panel : 0;
    const int64_t end = by_columns_ ? std::min(s_.columns, part(panels, lane + 1) * panel) : s_.columns;
    for (int64_t i = first_row; i < end_row; i += rows_)
      for (int64_t c = first; c < end; c += columns_)
        block(x, packed, f, y, {i, std::min(rows_, end_row - i), c, std::min(columns_, end - c)});
  });
}

}  // namespace tenon::core::cpu
