#include "ops/loss.h"

#include "base/error.h"
#include "ops/infer_util.h"
#include "ops/reals.h"
#include "ops/window.h"

namespace tenon::core {
namespace {

template <class T>
Tensor evaluate_loss(const NegativeLogLikelihood& op, const EvalContext& cx) {
  const Tensor &x = cx.tensor(0), &target = cx.tensor(1);
  Dims expected = x.dims();
  expected.erase(expected.begin() + 1);
  if (target.dims() != expected)
    fail(ErrorCode::shape_mismatch, "the target of an input {} must have shape {}; found {}", dims_to_string(x.dims()),
         dims_to_string(expected), dims_to_string(target.dims()));
  const int64_t classes = x.dim(1), space = target.size() ? target.size() / target.dim(0) : 0;
  const std::vector<int64_t> labels = to_int64s(target);
  const Reals<T> input(x), weight = cx.has(2) ? Reals<T>(cx.tensor(2)) : Reals<T>();
  if (weight && weight.size() != classes)
    fail(ErrorCode::shape_mismatch, "the weight must have {} elements, one per class; found {}", classes,
         weight.size());
  std::vector<double> losses(labels.size(), 0);
  double total = 0, weights = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    if (op.ignore && labels[i] == *op.ignore) continue;
    if (labels[i] < 0 || labels[i] >= classes)
      fail(ErrorCode::runtime_index, "target {} is not a class; there are {}", labels[i], classes);
    const int64_t sample = static_cast<int64_t>(i) / space, at = static_cast<int64_t>(i) % space;
    const double w = weight ? weight[labels[i]] : T(1);
    losses[i] = -w * input[(sample * classes + labels[i]) * space + at];
    total += losses[i], weights += w;
  }
  if (op.reduction == LossReduction::none) return from_doubles(x.dtype(), target.dims(), losses);
  return scalar(x.dtype(), op.reduction == LossReduction::mean ? total / weights : total);
}

}  // namespace

std::span<const std::string_view> enum_names(LossReduction) {
  static constexpr std::string_view names[] = {"none", "mean", "sum"};
  return names;
}

std::vector<Fact> NegativeLogLikelihood::infer(InferContext& cx) const {
  expect_rank(cx, 0, "the log probabilities", 2);
  expect_dtype(cx, 1, "the target", {DType::i32, DType::i64});
  const Type &x = cx.input(0).type, &target = cx.input(1).type;
  if (!is_float(x.dtype))
    fail(ErrorCode::invalid_model, "the log probabilities must be of a float type; found {}", x.str());
  if (cx.has(2)) {
    expect_rank(cx, 2, "the weight", 1, 1);
    if (x.ranked && cx.input(2).type.ranked)
      expect_same(cx, cx.input(2).shape()[0], x.shape[1], "elements of the weight, one per class");
  }
  if (x.ranked && target.ranked) {
    expect_rank(cx, 1, "the target", x.rank() - 1, x.rank() - 1);
    for (int i = 0; i < target.rank(); ++i)
      expect_same(cx, target.shape[i], x.shape[i ? i + 1 : 0],
                  "the shape of the target against the input's without the classes");
  }
  if (reduction != LossReduction::none) return {Fact::tensor(x.dtype, {})};
  return {target.ranked ? Fact::tensor(x.dtype, target.shape) : unranked(x.dtype)};
}

std::vector<HostValue> NegativeLogLikelihood::evaluate(const EvalContext& cx) const {
  return {with_real_type(cx.tensor(0).dtype(), [&](auto t) { return evaluate_loss<decltype(t)>(*this, cx); })};
}

}  // namespace tenon::core
