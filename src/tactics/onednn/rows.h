#pragma once
#include <utility>
#include <vector>

#include "ops/conv.h"

namespace tenon::core::onednn {

/// A range of output rows (first spatial axis), the input rows it needs, and the padding those are missing.
struct RowPiece {
  int64_t out_begin, out_end, in_begin, in_end, pad_begin, pad_end;
  int64_t out_count() const { return out_end - out_begin; }
  int64_t in_count() const { return in_end - in_begin; }
  /// Two pieces of equal shape run the same primitive.
  bool same_shape(const RowPiece& o) const {
    return out_count() == o.out_count() && in_count() == o.in_count() && pad_begin == o.pad_begin &&
           pad_end == o.pad_end;
  }
};

/// One axis of a window that slides over `in` elements to make `out`.
struct WindowAxis {
  int64_t in, out, kernel, stride, dilation, pad_begin;
  int64_t reach() const { return (kernel - 1) * dilation + 1; }
};

/// About even ranges of the output rows of a convolution or pooling; fewer than `count` where there are fewer rows.
/// Empty when a piece would see nothing but padding.
std::vector<RowPiece> split_rows(const WindowAxis&, int64_t count);
/// The same for a transposed convolution, whose `in` is the smaller side.
std::vector<RowPiece> split_transposed_rows(const WindowAxis&, int64_t count);

}  // namespace tenon::core::onednn
