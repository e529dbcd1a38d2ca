#include "ops/linalg.h"

#include <cmath>

#include "base/error.h"
#include "ops/infer_util.h"

namespace tenon::core {
namespace {

/// The n x n matrix `a`, followed by `extra` columns in each row, made upper triangular by row operations with partial
/// pivoting. Returns the determinant; stops early when it is 0.
double eliminate(std::vector<double>& a, int64_t n, int64_t extra) {
  const int64_t width = n + extra;
  double determinant = 1;
  for (int64_t column = 0; column < n; ++column) {
    int64_t pivot = column;
    for (int64_t row = column + 1; row < n; ++row)
      if (std::abs(a[row * width + column]) > std::abs(a[pivot * width + column])) pivot = row;
    const double p = a[pivot * width + column];
    if (p == 0) return 0;
    if (pivot != column) {
      determinant = -determinant;
      for (int64_t j = 0; j < width; ++j) std::swap(a[pivot * width + j], a[column * width + j]);
    }
    determinant *= p;
    for (int64_t row = column + 1; row < n; ++row) {
      const double factor = a[row * width + column] / p;
      for (int64_t j = column; j < width; ++j) a[row * width + j] -= factor * a[column * width + j];
    }
  }
  return determinant;
}

/// Gauss-Jordan on [a | identity].
void invert(const double* from, int64_t n, double* to) {
  std::vector<double> a(static_cast<size_t>(2 * n * n), 0.0);
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j) a[i * 2 * n + j] = from[i * n + j];
    a[i * 2 * n + n + i] = 1;
  }
  if (eliminate(a, n, n) == 0) fail(ErrorCode::runtime_value, "Inverse: a matrix is singular and has no inverse");
  for (int64_t column = n; column-- > 0;) {
    const double p = a[column * 2 * n + column];
    for (int64_t j = 0; j < n; ++j) to[column * n + j] = a[column * 2 * n + n + j] / p;
    for (int64_t row = 0; row < column; ++row)
      for (int64_t j = 0; j < n; ++j) a[row * 2 * n + n + j] -= a[row * 2 * n + column] * to[column * n + j];
  }
}

void expect_square(InferContext& cx) {
  expect_rank(cx, 0, "the matrices", 2);
  expect_dtype(cx, 0, "the matrices", {DType::f64, DType::f32, DType::f16, DType::bf16});
  if (!cx.input(0).type.ranked) return;
  const Shape& shape = cx.input(0).shape();
  cx.require_equal(shape[shape.size() - 2], shape.back(),
                   fmt::format("rows and columns of the square matrices in {}", to_string(shape)));
}

int64_t square_size(const Tensor& x) {
  const int64_t n = x.dims().back();
  if (x.dim(x.rank() - 2) != n)
    fail(ErrorCode::shape_mismatch, "expected square matrices in the last two axes, found shape {}",
         dims_to_string(x.dims()));
  return n;
}

}  // namespace

std::vector<Fact> Det::infer(InferContext& cx) const {
  expect_square(cx);
  const Fact& x = cx.input(0);
  if (!x.type.ranked) return {unranked(x.dtype())};
  return {Fact::tensor(x.dtype(), Shape(x.shape().begin(), x.shape().end() - 2))};
}

std::vector<HostValue> Det::evaluate(const EvalContext& cx) const {
  const Tensor& x = cx.tensor(0);
  const int64_t n = square_size(x);
  const std::vector<double> values = to_doubles(x);
  const Dims dims(x.dims().begin(), x.dims().end() - 2);
  std::vector<double> y;
  for (int64_t i = 0; i < checked_product(dims); ++i) {
    std::vector<double> matrix(values.begin() + i * n * n, values.begin() + (i + 1) * n * n);
    y.push_back(eliminate(matrix, n, 0));
  }
  return {from_doubles(x.dtype(), dims, y)};
}

std::vector<Fact> Inverse::infer(InferContext& cx) const {
  expect_square(cx);
  return {Fact(cx.input(0).type)};
}

std::vector<HostValue> Inverse::evaluate(const EvalContext& cx) const {
  const Tensor& x = cx.tensor(0);
  const int64_t n = square_size(x);
  const std::vector<double> values = to_doubles(x);
  std::vector<double> y(values.size());
  const int64_t count = n == 0 ? 0 : x.size() / (n * n);
  for (int64_t i = 0; i < count; ++i) invert(values.data() + i * n * n, n, y.data() + i * n * n);
  return {from_doubles(x.dtype(), x.dims(), y)};
}

}  // namespace tenon::core
