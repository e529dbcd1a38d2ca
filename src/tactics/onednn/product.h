#pragma once
#include "tactics/onednn/post_ops.h"

namespace tenon::core::onednn {

/// y[m, n] = activation(alpha * a[m, k] * w[k, n] + bias[n] + residual[m, n]) with constant weights w. Tensors other
/// than w and the bias are dense with rows of k and n elements, and of type `storage`.
struct Product {
  int64_t m = 0, k = 0, n = 0;
  DType storage = DType::f32;
  double alpha = 1;
  ConstRef weights;
  Desc plain_weights;  // dims [k, n], strides of the constant
  int a = 0, w = 1;    // inputs
  int bias = -1;       // input of type `bias_type`
  DType bias_type = DType::f32;
  Epilogue epilogue;
};

/// Pieces of rows, or of columns (each with its own packed weights) when `columns`.
std::shared_ptr<const Executable> make_product(const Product&, int64_t pieces, bool columns, const PrepareContext&,
                                               std::string& why);

}  // namespace tenon::core::onednn
