#include <algorithm>
#include <cmath>
#include <tuple>

#include "base/error.h"
#include "ops/infer_util.h"
#include "ops/norm_util.h"
#include "ops/normalize.h"
#include "ops/reals.h"
#include "ops/window.h"

namespace tenon::core {
namespace {

/// A per-channel or per-group parameter: one axis of `expected` elements.
void expect_vector(InferContext& cx, int input, std::string_view what, const Dim& expected) {
  if (!cx.has(input)) return;
  expect_rank(cx, input, what, 1, 1);
  expect_float(cx, input, what);
  if (cx.input(input).type.ranked) expect_same(cx, cx.input(input).shape()[0], expected, what);
}

template <class T>
Reals<T> vector_of(const EvalContext& cx, int input, std::string_view what, int64_t expected) {
  if (!cx.has(input)) return {};
  Reals<T> v(cx.tensor(input));
  if (v.size() != expected)
    fail(ErrorCode::shape_mismatch, "{} must have {} elements; found {}", what, expected, v.size());
  return v;
}

template <class T>
Tensor evaluate_group_norm(const GroupNorm& op, const EvalContext& cx) {
  const Tensor& x = cx.tensor(0);
  const int64_t channels = x.dim(1), groups = op.groups ? op.groups : channels;
  RealResult<T> y(x.dtype(), x.dims());
  if (x.size() == 0) return y.finish();
  if (channels % groups != 0)
    fail(ErrorCode::shape_mismatch, "{} channels can't be divided into {} groups", channels, groups);
  const int64_t plane = x.size() / x.dim(0) / channels, per_group = channels / groups, length = per_group * plane;
  const Reals<T> input(x), scale = vector_of<T>(cx, 1, "the scale", op.per_group_scale ? groups : channels),
                           bias = vector_of<T>(cx, 2, "the bias", op.per_group_scale ? groups : channels);
  cx.threads().parallel(x.dim(0) * groups, [&](int64_t piece) {
    const Statistics s = statistics_of(input.data() + piece * length, length, op.epsilon, false);
    for (int64_t c = 0; c < per_group; ++c) {
      const int64_t g = piece % groups, parameter = op.per_group_scale ? g : g * per_group + c;
      const double factor = s.inverse * (scale ? scale[parameter] : T(1)), shift = bias ? bias[parameter] : T(0);
      const int64_t from = piece * length + c * plane;
      for (int64_t i = from; i < from + plane; ++i) y.data()[i] = static_cast<T>((input[i] - s.mean) * factor + shift);
    }
  });
  return y.finish();
}

/// Mean and variance of channel c over batch and space.
template <class T>
std::pair<double, double> channel_statistics(const T* x, int64_t batch, int64_t channels, int64_t plane, int64_t c) {
  const auto n = static_cast<double>(batch * plane);
  double mean = 0, square = 0;
  for (int64_t b = 0; b < batch; ++b)
    for (int64_t i = 0; i < plane; ++i) mean += x[(b * channels + c) * plane + i];
  mean /= n;
  for (int64_t b = 0; b < batch; ++b)
    for (int64_t i = 0; i < plane; ++i) {
      const double d = x[(b * channels + c) * plane + i] - mean;
      square += d * d;
    }
  return {mean, square / n};
}

template <class T>
std::vector<HostValue> evaluate_batch_norm(const BatchNorm& op, const EvalContext& cx) {
  const Tensor& x = cx.tensor(0);
  const int64_t batch = x.dim(0), channels = x.rank() > 1 ? x.dim(1) : 1;
  const int64_t plane = x.size() ? x.size() / batch / channels : 0;
  const Reals<T> input(x),
      scale = vector_of<T>(cx, 1, "the scale", channels), bias = vector_of<T>(cx, 2, "the bias", channels),
      mean = vector_of<T>(cx, 3, "the mean", channels), variance = vector_of<T>(cx, 4, "the variance", channels);
  RealResult<T> y(x.dtype(), x.dims());
  std::vector<double> running_mean(static_cast<size_t>(channels)), running_variance(static_cast<size_t>(channels));
  cx.threads().parallel(channels, [&](int64_t c) {
    double m = mean[c], v = variance[c];
    if (op.training) {
      std::tie(m, v) = channel_statistics(input.data(), batch, channels, plane, c);
      running_mean[c] = mean[c] * op.momentum + m * (1 - op.momentum);
      running_variance[c] = variance[c] * op.momentum + v * (1 - op.momentum);
    }
    const double factor = scale[c] / std::sqrt(v + op.epsilon), shift = bias[c];
    for (int64_t b = 0; b < batch; ++b)
      for (int64_t i = (b * channels + c) * plane, end = i + plane; i < end; ++i)
        y.data()[i] = static_cast<T>((input[i] - m) * factor + shift);
  });
  std::vector<HostValue> out = {y.finish()};
  if (op.training) {
    out.emplace_back(from_doubles(cx.tensor(3).dtype(), {channels}, running_mean));
    out.emplace_back(from_doubles(cx.tensor(4).dtype(), {channels}, running_variance));
  }
  return out;
}

/// x / (bias + alpha / size * sum of squares) ^ beta for one image of `channels` planes.
template <class T>
void normalize_responses(const LRN& op, const T* x, T* y, int64_t channels, int64_t plane) {
  const int64_t before = (op.size - 1) / 2, after = op.size - 1 - before;
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t i = 0; i < plane; ++i) {
      double sum = 0;
      for (int64_t k = std::max<int64_t>(0, c - before); k <= std::min(channels - 1, c + after); ++k)
        sum += static_cast<double>(x[k * plane + i]) * x[k * plane + i];
      const double base = op.bias + op.alpha / static_cast<double>(op.size) * sum;
      y[c * plane + i] = static_cast<T>(x[c * plane + i] / std::pow(base, op.beta));
    }
}

}  // namespace

std::vector<Fact> GroupNorm::infer(InferContext& cx) const {
  expect_float(cx, 0, "the input of the group normalization");
  expect_rank(cx, 0, "the input of the group normalization", 2);
  if (groups < 0) fail(ErrorCode::invalid_model, "the number of groups must be 1 or more; found {}", groups);
  const Type& x = cx.input(0).type;
  if (!x.ranked) return {Fact(x)};
  if (groups && x.shape[1].is_const() && x.shape[1].value() % groups != 0)
    fail(ErrorCode::shape_mismatch, "{} channels can't be divided into {} groups", x.shape[1].value(), groups);
  const Dim parameters = per_group_scale && groups ? Dim(groups) : x.shape[1];
  expect_vector(cx, 1, "elements of the scale", parameters);
  expect_vector(cx, 2, "elements of the bias", parameters);
  return {Fact(x)};
}

std::vector<HostValue> GroupNorm::evaluate(const EvalContext& cx) const {
  return {with_real_type(cx.tensor(0).dtype(), [&](auto t) { return evaluate_group_norm<decltype(t)>(*this, cx); })};
}

std::vector<Fact> BatchNorm::infer(InferContext& cx) const {
  expect_float(cx, 0, "the input of the batch normalization");
  expect_rank(cx, 0, "the input of the batch normalization", 1);
  const Type& x = cx.input(0).type;
  const bool ranked = x.ranked;
  const Dim channels = !ranked ? Dim() : x.rank() > 1 ? x.shape[1] : Dim(1);
  constexpr std::string_view names[] = {"elements of the scale", "elements of the bias", "elements of the mean",
                                        "elements of the variance"};
  for (int i = 1; i <= 4; ++i) {
    expect_rank(cx, i, names[i - 1], 1, 1);
    if (ranked) expect_vector(cx, i, names[i - 1], channels);
  }
  if (!training) return {Fact(x)};
  return {Fact(x), Fact(cx.input(3).type), Fact(cx.input(4).type)};
}

std::vector<HostValue> BatchNorm::evaluate(const EvalContext& cx) const {
  return with_real_type(cx.tensor(0).dtype(), [&](auto t) { return evaluate_batch_norm<decltype(t)>(*this, cx); });
}

std::vector<Fact> LRN::infer(InferContext& cx) const {
  expect_float(cx, 0, "the input of the local response normalization");
  expect_rank(cx, 0, "the input of the local response normalization", 2);
  if (size < 1)
    fail(ErrorCode::invalid_model, "size of the local response normalization must be 1 or more; found {}", size);
  return {Fact(cx.input(0).type)};
}

std::vector<HostValue> LRN::evaluate(const EvalContext& cx) const {
  return {with_real_type(cx.tensor(0).dtype(), [&](auto t) {
    using T = decltype(t);
    const Tensor& x = cx.tensor(0);
    RealResult<T> y(x.dtype(), x.dims());
    const Reals<T> input(x);
    const int64_t image = x.size() ? x.size() / x.dim(0) : 0;
    if (image > 0)
      cx.threads().parallel(x.dim(0), [&](int64_t n) {
        normalize_responses(*this, input.data() + n * image, y.data() + n * image, x.dim(1), image / x.dim(1));
      });
    return y.finish();
  })};
}

}  // namespace tenon::core
