#include "ops/matmul.h"

#include <cmath>

#include "base/error.h"
#include "ops/infer_util.h"
#include "ops/product.h"
#include "ops/work_values.h"

namespace tenon::core {
namespace {

void expect_same_dtype(InferContext& cx, int input, std::string_view what) {
  expect_tensor(cx, input, what);
  if (cx.input(input).dtype() != cx.input(0).dtype())
    fail(ErrorCode::invalid_model, "a product's {} must have the type of its first operand, {}; found {}", what,
         to_string(cx.input(0).dtype()), to_string(cx.input(input).dtype()));
}

/// `shape` must broadcast to `to` without making it larger.
void expect_broadcasts(InferContext& cx, const Shape& shape, const Shape& to, std::string_view what) {
  const Shape both = broadcast_shapes(cx, shape, to, what);
  if (both.size() > to.size())
    fail(ErrorCode::shape_mismatch, "{}: expected a shape that broadcasts to {}, found {}", what, to_string(to),
         to_string(shape));
  for (size_t i = 0; i < to.size(); ++i)
    if (!(both[i] == to[i]))
      cx.require_equal(
          both[i], to[i],
          fmt::format("{}: axis {} of {}, which must broadcast to {}", what, i, to_string(shape), to_string(to)));
}

template <class T>
void add_broadcast(const Tensor& tensor, RealResult<T>& y) {
  const Reals<T> x(tensor);
  for_each_broadcast(tensor.dims(), y.dims(), [&](int64_t i, int64_t j) { y.data()[i] += x[j]; });
}

template <class T>
Tensor evaluate_as(const MatMul& op, const EvalContext& cx) {
  const Tensor &a = cx.tensor(0), &b = cx.tensor(1);
  const ProductPlan plan = plan_product(a.dims(), b.dims(), op.transpose_a, op.transpose_b);
  RealResult<T> y(a.dtype(), plan.dims);
  const Reals<T> left(a), right(b);
  add_product(plan, left.data(), right.data(), y.data(), cx.threads());
  if (op.alpha != 1) {
    const T alpha = std::is_integral_v<T> ? static_cast<T>(static_cast<int64_t>(op.alpha)) : static_cast<T>(op.alpha);
    for (T& v : y.span()) v *= alpha;
  }
  for (int i : {2, 3})
    if (cx.has(i)) add_broadcast(cx.tensor(i), y);
  if constexpr (!std::is_integral_v<T>)
    if (op.activation.present()) apply_activation(op.activation, y.span());
  return y.finish();
}

}  // namespace

std::vector<Fact> MatMul::infer(InferContext& cx) const {
  expect_rank(cx, 0, "the left operand of a product", 1);
  expect_rank(cx, 1, "the right operand of a product", 1);
  expect_same_dtype(cx, 1, "right operand");
  const Fact &a = cx.input(0), &b = cx.input(1);
  if (!is_float(a.dtype())) {
    if (!is_integer(a.dtype()))
      fail(ErrorCode::invalid_model, "a product needs numbers, found {}", to_string(a.dtype()));
    if (alpha != std::trunc(alpha) || std::abs(alpha) > 1e15 || activation.present())
      fail(ErrorCode::invalid_model, "a product of {} takes a whole alpha and no activation; alpha is {}",
           to_string(a.dtype()), alpha);
  }
  for (int i : {2, 3})
    if (cx.has(i)) expect_same_dtype(cx, i, i == 2 ? "bias" : "residual");
  if (!a.type.ranked || !b.type.ranked) return {unranked(a.dtype())};
  const Shape shape = product_shape(cx, a.shape(), b.shape(), transpose_a, transpose_b);
  for (int i : {2, 3})
    if (cx.has(i) && cx.input(i).type.ranked)
      expect_broadcasts(cx, cx.input(i).shape(), shape, i == 2 ? "the bias of a product" : "the residual of a product");
  return {Fact::tensor(a.dtype(), shape)};
}

std::vector<HostValue> MatMul::evaluate(const EvalContext& cx) const {
  return {with_work_type(cx.tensor(0).dtype(), [&]<class T>(T) { return evaluate_as<T>(*this, cx); })};
}

}  // namespace tenon::core
