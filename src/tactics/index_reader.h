#pragma once
#include "tactics/tactic.h"

namespace tenon::core {

/// Indices of either type.
class IndexReader {
 public:
  IndexReader(const TensorArg& arg, bool wide) : data_(arg.data), wide_(wide) {}
  int64_t operator[](int64_t i) const {
    return wide_ ? reinterpret_cast<const int64_t*>(data_)[i] : reinterpret_cast<const int32_t*>(data_)[i];
  }

 private:
  const std::byte* data_;
  bool wide_;
};

/// Index tuples [..., width] into x, behind `batch_dims` axes that both share: each names a block of `inner` elements.
struct IndexTuples {
  IndexTuples(int64_t batch_dims, const Dims& x, const Dims& tuples);
  /// The first element of block `row`. Throws where an index is out of bounds.
  int64_t offset(const IndexReader&, int64_t row) const;

  int64_t rows = 1, inner = 1;  // tuples, and elements of a block

 private:
  int64_t batch_dims_, width_, per_batch_ = 1, batch_stride_ = 1;
  Dims dims_, strides_;  // of the indexed axes
};

/// Indices whose dims are x's or less, except along `axis`: an element goes to the same place of x but along the axis.
struct IndexLines {
  static bool fits(int64_t axis, const Dims& x, const Dims& indices);
  IndexLines(int64_t axis, const Dims& x, const Dims& indices);
  /// Calls body(element of x, element of the indices) along line `line` of the last axis. Throws where an index is out
  /// of bounds.
  template <class Body>
  void for_each(const IndexReader& indices, int64_t line, Body body) const {
    int64_t base = 0, rest = line;
    for (size_t a = dims_.size() - 1; a-- > 0; rest /= dims_[a]) base += rest % dims_[a] * steps_[a];
    for (int64_t j = 0, index = line * length; j < length; ++j, ++index)
      body(base + checked(indices[index]) * stride_ + j * steps_.back(), index);
  }

  int64_t count = 1, length = 1;  // lines, and elements of a line

 private:
  int64_t checked(int64_t index) const;
  int64_t axis_, bound_, stride_;  // of the axis in x
  Dims dims_, steps_;              // of the indices, and how far each axis moves in x: 0 along the axis
};

}  // namespace tenon::core
