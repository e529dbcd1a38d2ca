#include "ops/product.h"

#include <algorithm>

#include "base/error.h"
#include "ops/infer_util.h"

namespace tenon::core {
namespace {

/// Shape of a matrix operand: batch dims, rows and columns after the transpose.
template <class D>
struct ProductSide {
  std::vector<D> batch;
  D rows = D(1), columns = D(1);
};

/// A vector is a row on the left and a column on the right.
template <class D>
ProductSide<D> operand(const std::vector<D>& shape, bool transpose, bool left) {
  ProductSide<D> o;
  if (shape.size() == 1) {
    (left ? o.columns : o.rows) = shape[0];
    return o;
  }
  o.batch.assign(shape.begin(), shape.end() - 2);
  o.rows = shape[shape.size() - 2];
  o.columns = shape.back();
  if (transpose) std::swap(o.rows, o.columns);
  return o;
}

template <class D>
void append_matrix(std::vector<D>& dims, const std::vector<D>& a, const std::vector<D>& b, const D& m, const D& n) {
  if (a.size() > 1) dims.push_back(m);
  if (b.size() > 1) dims.push_back(n);
}

}  // namespace

Shape product_shape(InferContext& cx, const Shape& a, const Shape& b, bool transpose_a, bool transpose_b) {
  const auto left = operand(a, transpose_a, true), right = operand(b, transpose_b, false);
  cx.require_equal(left.columns, right.rows,
                   fmt::format("the inner dims of the product of {}{} and {}{}", to_string(a),
                               transpose_a ? " transposed" : "", to_string(b), transpose_b ? " transposed" : ""));
  Shape shape = broadcast_shapes(cx, left.batch, right.batch, "the batch dims of a product");
  append_matrix(shape, a, b, left.rows, right.columns);
  return shape;
}

ProductPlan plan_product(const Dims& a, const Dims& b, bool transpose_a, bool transpose_b) {
  if (a.empty() || b.empty())
    fail(ErrorCode::shape_mismatch, "a product needs operands of rank 1 or more, found {} and {}", dims_to_string(a),
         dims_to_string(b));
  const auto left = operand(a, transpose_a, true), right = operand(b, transpose_b, false);
  if (left.columns != right.rows)
    fail(ErrorCode::shape_mismatch, "the inner dims of a product of {} and {} are {} and {}; they must be equal",
         dims_to_string(a), dims_to_string(b), left.columns, right.rows);
  ProductPlan plan;
  plan.dims = broadcast_dims(left.batch, right.batch);
  plan.a_index = broadcast_index(left.batch, plan.dims);
  plan.b_index = broadcast_index(right.batch, plan.dims);
  append_matrix(plan.dims, a, b, left.rows, right.columns);
  plan.m = left.rows;
  plan.n = right.columns;
  plan.k = left.columns;
  plan.transpose_a = transpose_a && a.size() > 1;
  plan.transpose_b = transpose_b && b.size() > 1;
  const bool one_b = std::all_of(plan.b_index.begin(), plan.b_index.end(), [](int64_t i) { return i == 0; });
  const auto count = static_cast<int64_t>(plan.a_index.size());
  if (one_b && count > 1 && !plan.transpose_a && checked_product(left.batch) == count) {
    plan.m = checked_mul(plan.m, count);  // the rows of all matrices of a are the rows of one
    plan.a_index = plan.b_index = {0};
  }
  return plan;
}

template <class T>
void add_product(const ProductPlan& p, const T* a, const T* b, T* c, Threads& threads) {
  const int64_t m = p.m, n = p.n, k = p.k;
  for_each_product(static_cast<int64_t>(p.a_index.size()), threads, [&](int64_t i) {
    const MatrixView<T> left{a + p.a_index[i] * m * k, p.transpose_a ? 1 : k, p.transpose_a ? m : 1};
    const MatrixView<T> right{b + p.b_index[i] * k * n, p.transpose_b ? 1 : n, p.transpose_b ? k : 1};
    gemm<T>(m, n, k, left, right, c + i * m * n, n, threads);
  });
}
template void add_product(const ProductPlan&, const float*, const float*, float*, Threads&);
template void add_product(const ProductPlan&, const double*, const double*, double*, Threads&);
template void add_product(const ProductPlan&, const uint32_t*, const uint32_t*, uint32_t*, Threads&);
template void add_product(const ProductPlan&, const uint64_t*, const uint64_t*, uint64_t*, Threads&);

std::vector<int64_t> broadcast_index(const Dims& from, const Dims& to) {
  if (from.size() > to.size())
    fail(ErrorCode::shape_mismatch, "a tensor of shape {} does not broadcast to {}", dims_to_string(from),
         dims_to_string(to));
  std::vector<int64_t> index(static_cast<size_t>(checked_product(to)), 0);
  const size_t missing = to.size() - from.size();
  int64_t stride = 1, inner = 1;
  for (size_t axis = to.size(); axis-- > missing;) {
    const int64_t dim = from[axis - missing];
    if (dim != to[axis] && dim != 1)
      fail(ErrorCode::shape_mismatch, "a tensor of shape {} does not broadcast to {}", dims_to_string(from),
           dims_to_string(to));
    if (dim != 1)
      for (size_t i = 0; i < index.size(); ++i) index[i] += static_cast<int64_t>(i) / inner % to[axis] * stride;
    stride *= dim;
    inner *= to[axis];
  }
  return index;
}

}  // namespace tenon::core
