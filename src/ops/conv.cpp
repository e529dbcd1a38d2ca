#include "ops/conv.h"

#include "base/error.h"
#include "ops/conv_real.h"
#include "ops/infer_util.h"
#include "ops/reals.h"

namespace tenon::core {
namespace {

/// y += bias of its channel + residual, then the activation.
template <class T>
void add_epilogue(const EvalContext& cx, const Activation& activation, const Dims& dims, std::span<T> y) {
  const Reals<T> bias = cx.has(2) ? Reals<T>(cx.tensor(2)) : Reals<T>();
  const Reals<T> residual = cx.has(3) ? Reals<T>(cx.tensor(3)) : Reals<T>();
  if (bias && bias.size() != dims[1])
    fail(ErrorCode::shape_mismatch, "the bias must have {} elements, one per output channel; found {}", dims[1],
         bias.size());
  if (residual && cx.tensor(3).dims() != dims)
    fail(ErrorCode::shape_mismatch, "the residual must have the output's shape {}; found {}", dims_to_string(dims),
         dims_to_string(cx.tensor(3).dims()));
  const int64_t planes = dims[0] * dims[1];
  if (planes == 0) return;
  const int64_t plane = static_cast<int64_t>(y.size()) / planes;
  cx.threads().parallel_ranges(planes, std::max<int64_t>(1, (1 << 16) / std::max<int64_t>(1, plane)),
                               [&](int64_t begin, int64_t end) {
                                 for (int64_t p = begin; p < end; ++p)
                                   for (int64_t i = p * plane; i < (p + 1) * plane; ++i)
                                     y[i] += (bias ? bias[p % dims[1]] : T(0)) + (residual ? residual[i] : T(0));
                                 apply_activation(activation, y.subspan(begin * plane, (end - begin) * plane));
                               });
}

template <class T>
Tensor evaluate_conv(const Conv& op, const EvalContext& cx) {
  const Tensor &x = cx.tensor(0), &w = cx.tensor(1);
  const ConvProblem problem = make_conv_problem(x.dims(), w.dims(), op.window, op.group);
  RealResult<T> y(x.dtype(), output_dims(problem));
  convolve(problem, Reals<T>(x).data(), Reals<T>(w).data(), y.data(), cx.threads());
  add_epilogue(cx, op.activation, y.dims(), y.span());
  return y.finish();
}

}  // namespace

std::vector<Fact> Conv::infer(InferContext& cx) const {
  expect_tensor(cx, 0, "the input of the convolution");
  expect_tensor(cx, 1, "the weights of the convolution");
  const Type &x = cx.input(0).type, &w = cx.input(1).type;
  if (!is_float(x.dtype) || w.dtype != x.dtype)
    fail(ErrorCode::invalid_model, "input and weights must be of one float type; found {} and {}", x.str(), w.str());
  if (!x.ranked || !w.ranked) return {unranked(x.dtype)};
  const Shape out = infer_conv_shape(cx, 0, 1, window, group);
  if (cx.has(2)) {
    expect_rank(cx, 2, "the bias of the convolution", 1, 1);
    if (cx.input(2).type.ranked)
      expect_same(cx, cx.input(2).shape()[0], out[1], "elements of the bias, one per output channel");
  }
  if (cx.has(3) && cx.input(3).type.ranked) {
    expect_rank(cx, 3, "the residual of the convolution", static_cast<int>(out.size()), static_cast<int>(out.size()));
    for (size_t i = 0; i < out.size(); ++i)
      expect_same(cx, cx.input(3).shape()[i], out[i], "the residual's shape against the output's");
  }
  return {Fact::tensor(x.dtype, out)};
}

std::vector<HostValue> Conv::evaluate(const EvalContext& cx) const {
  return {with_real_type(cx.tensor(0).dtype(), [&](auto t) { return evaluate_conv<decltype(t)>(*this, cx); })};
}

}  // namespace tenon::core
