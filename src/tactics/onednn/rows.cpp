#include "tactics/onednn/rows.h"

#include <algorithm>

namespace tenon::core::onednn {
namespace {

template <class Make>
std::vector<RowPiece> split(int64_t rows, int64_t count, Make make) {
  std::vector<RowPiece> pieces;
  count = std::max<int64_t>(1, std::min(count, rows));
  for (int64_t i = 0; i < count; ++i) {
    // The larger pieces come first: they hold the padding.
    const int64_t begin = i * (rows / count) + std::min(i, rows % count);
    const RowPiece piece = make(begin, begin + rows / count + (i < rows % count ? 1 : 0));
    if (piece.in_end <= piece.in_begin || piece.pad_begin < 0) return {};
    pieces.push_back(piece);
  }
  return pieces;
}

int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

}  // namespace

std::vector<RowPiece> split_rows(const WindowAxis& w, int64_t count) {
  return split(w.out, count, [&](int64_t begin, int64_t end) {
    const int64_t first = begin * w.stride - w.pad_begin, last = (end - 1) * w.stride - w.pad_begin + w.reach();
    // A piece of all rows keeps those that the window never reaches: several images may follow one another.
    const bool all = end - begin == w.out;
    return RowPiece{begin,
                    end,
                    std::max<int64_t>(0, first),
                    all ? w.in : std::min(w.in, last),
                    std::max<int64_t>(0, -first),
                    std::max<int64_t>(0, last - w.in)};
  });
}

std::vector<RowPiece> split_transposed_rows(const WindowAxis& w, int64_t count) {
  return split(w.out, count, [&](int64_t begin, int64_t end) {
    // Input row i reaches the outputs i * stride - pad ... + reach - 1.
    const bool all = end - begin == w.out;
    const int64_t reached = -floor_div(-(begin + w.pad_begin - (w.reach() - 1)), w.stride);
    const int64_t first = all ? 0 : std::max<int64_t>(0, reached);
    const int64_t last = all ? w.in : std::min(w.in, floor_div(end - 1 + w.pad_begin, w.stride) + 1);
    const int64_t pad_begin = begin + w.pad_begin - first * w.stride;
    const int64_t pad_end = (last - first - 1) * w.stride + w.reach() - pad_begin - (end - begin);
    return RowPiece{begin, end, first, last, pad_begin, pad_end};
  });
}

}  // namespace tenon::core::onednn
