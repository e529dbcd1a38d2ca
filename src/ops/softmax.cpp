#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "ops/axis_view.h"
#include "ops/infer_util.h"
#include "ops/normalize.h"
#include "ops/reals.h"

namespace tenon::core {
namespace {

/// The output has the type of the float input; `axis` must be one of its axes.
std::vector<Fact> infer_along_axis(InferContext& cx, int64_t axis, std::string_view what) {
  expect_tensor(cx, 0, what);
  const Type& x = cx.input(0).type;
  if (!is_float(x.dtype)) fail(ErrorCode::invalid_model, "{} must be of a float type; found {}", what, x.str());
  if (x.ranked) resolve_axis(axis, x.rank());
  return {Fact(x)};
}

/// Calls line(x, y, stride, length) for each line of the tensor along `axis`, in parallel.
template <class T, class F>
Tensor map_lines(const EvalContext& cx, int64_t axis, F&& line) {
  const Tensor& x = cx.tensor(0);
  const AxisView v(x.dims(), resolve_axis(axis, x.rank()));
  RealResult<T> y(x.dtype(), x.dims());
  const Reals<T> input(x);
  const int64_t grain = std::max<int64_t>(1, 4096 / std::max<int64_t>(1, v.length));
  cx.threads().parallel_ranges(v.outer * v.inner, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t at = i / v.inner * v.length * v.inner + i % v.inner;
      line(input.data() + at, y.data() + at, v.inner, v.length);
    }
  });
  return y.finish();
}

template <class T>
void softmax_line(bool log, const T* x, T* y, int64_t stride, int64_t length) {
  if (length == 0) return;
  T highest = x[0];
  for (int64_t i = 1; i < length; ++i) highest = std::max(highest, x[i * stride]);
  double sum = 0;
  for (int64_t i = 0; i < length; ++i) sum += y[i * stride] = std::exp(x[i * stride] - highest);
  if (log) {
    const T shift = static_cast<T>(std::log(sum));
    for (int64_t i = 0; i < length; ++i) y[i * stride] = x[i * stride] - highest - shift;
  } else {
    const T scale = static_cast<T>(1 / sum);
    for (int64_t i = 0; i < length; ++i) y[i * stride] *= scale;
  }
}

template <class T>
void hardmax_line(const T* x, T* y, int64_t stride, int64_t length) {
  int64_t best = 0;
  for (int64_t i = 0; i < length; ++i) {
    y[i * stride] = 0;
    if (x[i * stride] > x[best * stride]) best = i;
  }
  if (length > 0) y[best * stride] = 1;
}

template <class T>
void lp_line(const LpNorm& op, const T* x, T* y, int64_t stride, int64_t length) {
  double sum = 0;
  for (int64_t i = 0; i < length; ++i) {
    const double v = x[i * stride];
    sum += op.p == 1 ? std::fabs(v) : v * v;
  }
  const double norm = std::max(op.p == 1 ? sum : std::sqrt(sum), op.epsilon);
  for (int64_t i = 0; i < length; ++i) y[i * stride] = norm == 0 ? T(0) : static_cast<T>(x[i * stride] / norm);
}

}  // namespace

std::vector<Fact> Softmax::infer(InferContext& cx) const { return infer_along_axis(cx, axis, "the input of softmax"); }

std::vector<HostValue> Softmax::evaluate(const EvalContext& cx) const {
  return {with_real_type(cx.tensor(0).dtype(), [&](auto t) {
    using T = decltype(t);
    return map_lines<T>(cx, axis,
                        [this](const T* x, T* y, int64_t stride, int64_t n) { softmax_line(log, x, y, stride, n); });
  })};
}

std::vector<Fact> Hardmax::infer(InferContext& cx) const { return infer_along_axis(cx, axis, "the input of hardmax"); }

std::vector<HostValue> Hardmax::evaluate(const EvalContext& cx) const {
  return {with_real_type(cx.tensor(0).dtype(), [&](auto t) {
    using T = decltype(t);
    return map_lines<T>(cx, axis, [](const T* x, T* y, int64_t stride, int64_t n) { hardmax_line(x, y, stride, n); });
  })};
}

std::vector<Fact> LpNorm::infer(InferContext& cx) const {
  if (p != 1 && p != 2) fail(ErrorCode::invalid_model, "p of the Lp normalization must be 1 or 2; found {}", p);
  return infer_along_axis(cx, axis, "the input of the Lp normalization");
}

std::vector<HostValue> LpNorm::evaluate(const EvalContext& cx) const {
  return {with_real_type(cx.tensor(0).dtype(), [&](auto t) {
    using T = decltype(t);
    return map_lines<T>(cx, axis,
                        [this](const T* x, T* y, int64_t stride, int64_t n) { lp_line(*this, x, y, stride, n); });
  })};
}

}  // namespace tenon::core
