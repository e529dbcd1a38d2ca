#pragma once
#include <cstdint>

#include "kernels/cpu/depthwise.h"

namespace tenon::core::cpu {

/// Sums that hold their bias already: + residual (may be null), into the bounds, and then the activation.
void finish_sums(const DepthwiseFinish&, const float* residual, float* y, int64_t count);

/// y[rows, columns] = activation(factor * x[rows, depth] * b + bias + residual), all dense, b in panels.
struct RowProductShape {
  int64_t rows = 0, depth = 0, columns = 0;
  float factor = 1;
};

/// Each thread takes a range of rows, or of columns where there are few rows, and goes through it in blocks that stay in
/// the second-level cache until they are finished.
class RowProduct {
 public:
  RowProduct(const RowProductShape&, bool by_columns, int lanes);
  void run(const float* x, const float* packed, const DepthwiseFinish&, float* y, Threads&) const;

 private:
  struct Block {
    int64_t row, rows, column, columns;
  };
  void block(const float* x, const float* packed, const DepthwiseFinish&, float* y, const Block&) const;

  RowProductShape s_;
  bool by_columns_;
  int64_t lanes_, rows_, columns_;  // of a block
};

}  // namespace tenon::core::cpu
