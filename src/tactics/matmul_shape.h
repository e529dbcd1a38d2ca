#pragma once
#include <optional>

#include "ops/matmul.h"
#include "tactics/tactic.h"

namespace tenon::core {

/// One operand of a batch of products; strides in elements, 0 where it is broadcast.
struct Operand {
  int64_t batch = 0, row = 0, column = 0;
};

/// y[b, i, j] = sum over l of a[b, i, l] * w[b, l, j], all batch axes in one.
struct MatMulShape {
  int64_t batch = 1, m = 1, k = 1, n = 1;
  Operand a, w, y, bias;
  bool bias_per_column() const { return bias.batch == 0 && bias.row == 0 && (bias.column == 1 || n == 1); }
};

/// Nothing, with a sentence, when the batch axes do not fall into one.
std::optional<MatMulShape> matmul_shape(const MatMul&, const NodeShapes&, bool has_bias, std::string& why);

}  // namespace tenon::core
