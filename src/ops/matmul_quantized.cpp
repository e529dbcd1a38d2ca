#include "ops/matmul_quantized.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "ops/infer_util.h"
#include "ops/product.h"
#include "ops/saturate.h"
#include "ops/work_values.h"

namespace tenon::core {
namespace {

/// The shape in which a scale or zero point broadcasts to its matrix: a vector is one per row of the left operand.
Dims parameter_dims(const Tensor& parameter, const Tensor& matrix, bool left) {
  if (parameter.size() == 1) return {};
  if (parameter.rank() == 1 && left && matrix.rank() >= 2) return {parameter.dim(0), 1};
  return parameter.dims();
}

/// x - zero_point in wrapping 32-bit arithmetic.
std::vector<uint32_t> centered(const EvalContext& cx, int matrix, int zero_point, bool left) {
  const Tensor& x = cx.tensor(matrix);
  const std::vector<int64_t> wide = to_int64s(x);
  std::vector<uint32_t> values(wide.begin(), wide.end());
  if (!cx.has(zero_point)) return values;
  const Tensor& z = cx.tensor(zero_point);
  const std::vector<int64_t> zeros = to_int64s(z);
  for_each_broadcast(parameter_dims(z, x, left), x.dims(),
                     [&](int64_t i, int64_t j) { values[i] -= static_cast<uint32_t>(zeros[j]); });
  return values;
}

/// (x - zero_point) * scale.
std::vector<double> dequantized(const Tensor& x, const Tensor& scale, const EvalContext& cx, int zero_point,
                                bool left) {
  std::vector<double> values = to_doubles(x);
  if (cx.has(zero_point)) {
    const Tensor& z = cx.tensor(zero_point);
    const std::vector<double> zeros = to_doubles(z);
    for_each_broadcast(parameter_dims(z, x, left), x.dims(), [&](int64_t i, int64_t j) { values[i] -= zeros[j]; });
  }
  const std::vector<double> scales = to_doubles(scale);
  for_each_broadcast(parameter_dims(scale, x, left), x.dims(), [&](int64_t i, int64_t j) { values[i] *= scales[j]; });
  return values;
}

Fact product_fact(InferContext& cx, int a, int b, DType dtype) {
  expect_rank(cx, a, "the left operand", 1);
  expect_rank(cx, b, "the right operand", 1);
  if (!cx.input(a).type.ranked || !cx.input(b).type.ranked) return unranked(dtype);
  return Fact::tensor(dtype, product_shape(cx, cx.input(a).shape(), cx.input(b).shape(), false, false));
}

}  // namespace

std::vector<Fact> MatMulInteger::infer(InferContext& cx) const {
  for (int i = 0; i < 4; ++i)
    if (i < 2 || cx.has(i))
      expect_dtype(cx, i, "an operand or zero point of an integer product", {DType::u8, DType::i8});
  return {product_fact(cx, 0, 1, DType::i32)};
}

std::vector<HostValue> MatMulInteger::evaluate(const EvalContext& cx) const {
  const ProductPlan plan = plan_product(cx.tensor(0).dims(), cx.tensor(1).dims(), false, false);
  const std::vector<uint32_t> a = centered(cx, 0, 2, true), b = centered(cx, 1, 3, false);
  Tensor y(DType::i32, plan.dims);
  add_product(plan, a.data(), b.data(), reinterpret_cast<uint32_t*>(y.mutable_data<int32_t>()), cx.threads());
  return {std::move(y)};
}

std::vector<Fact> QLinearMatMul::infer(InferContext& cx) const {
  static constexpr std::string_view kNames[] = {"a",       "a_scale",      "a_zero_point", "b",
                                                "b_scale", "b_zero_point", "y_scale",      "y_zero_point"};
  for (int i : {1, 4, 6}) expect_dtype(cx, i, kNames[i], {DType::f32, DType::f16, DType::bf16});
  for (int i : {0, 2, 3, 5, 7})
    expect_dtype(cx, i, kNames[i],
                 {DType::u8, DType::i8, DType::f8e4m3fn, DType::f8e4m3fnuz, DType::f8e5m2, DType::f8e5m2fnuz});
  return {product_fact(cx, 0, 3, cx.input(7).dtype())};
}

std::vector<HostValue> QLinearMatMul::evaluate(const EvalContext& cx) const {
  const Tensor &a = cx.tensor(0), &b = cx.tensor(3), &y_scale = cx.tensor(6), &y_zero = cx.tensor(7);
  const ProductPlan plan = plan_product(a.dims(), b.dims(), false, false);
  const std::vector<double> left = dequantized(a, cx.tensor(1), cx, 2, true);
  const std::vector<double> right = dequantized(b, cx.tensor(4), cx, 5, false);
  std::vector<double> y(static_cast<size_t>(checked_product(plan.dims)), 0.0);
  add_product(plan, left.data(), right.data(), y.data(), cx.threads());
  const std::vector<double> scales = to_doubles(y_scale), zeros = to_doubles(y_zero);
  for_each_broadcast(y_scale.size() == 1 ? Dims{} : y_scale.dims(), plan.dims,
                     [&](int64_t i, int64_t j) { y[i] /= scales[j]; });
  const bool integer = is_integer(y_zero.dtype());
  if (integer)
    for (double& v : y) v = std::nearbyint(v);
  for_each_broadcast(y_zero.size() == 1 ? Dims{} : y_zero.dims(), plan.dims,
                     [&](int64_t i, int64_t j) { y[i] += zeros[j]; });
  if (integer) {
    const auto [low, high] = integer_range(y_zero.dtype());
    for (double& v : y) v = std::clamp(v, low, high);
  }
  return {from_doubles(y_zero.dtype(), plan.dims, y)};
}

}  // namespace tenon::core
