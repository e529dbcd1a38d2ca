#include "ops/elements.h"
#include "ops/infer_util.h"
#include "ops/reduce.h"
#include "ops/shape_infer.h"

namespace tenon::core {
namespace {

double combine(double a, double b, bool product) { return product ? a * b : a + b; }
int64_t combine(int64_t a, int64_t b, bool product) {
  const uint64_t x = static_cast<uint64_t>(a), y = static_cast<uint64_t>(b);
  return static_cast<int64_t>(product ? x * y : x + y);
}

template <class T>
void accumulate(std::vector<T>& values, const AxisSpan& span, const Cumulative& op) {
  for (int64_t column = 0; column < span.outer * span.inner; ++column) {
    const int64_t base = column / span.inner * span.count * span.inner + column % span.inner;
    T running = op.product ? 1 : 0;
    for (int64_t i = 0; i < span.count; ++i) {
      T& v = values[base + (op.reverse ? span.count - 1 - i : i) * span.inner];
      const T next = combine(running, v, op.product);
      v = op.exclusive ? running : next;
      running = next;
    }
  }
}

}  // namespace

std::vector<Fact> Cumulative::infer(InferContext& cx) const {
  expect_rank(cx, 0, "the input", 1);
  expect_indices(cx, 1, "the axis", true);
  const Fact& x = cx.input(0);
  if (!is_float(x.dtype()) && !is_integer(x.dtype()))
    fail(ErrorCode::invalid_model, "elements of type {} can't be accumulated", to_string(x.dtype()));
  if (const auto axis = cx.input(1).numbers(); axis && x.type.ranked) {
    if (axis->size() != 1)
      fail(ErrorCode::invalid_model, "the axis must be one number; found {}", dims_to_string(*axis));
    resolve_axis(axis->front(), x.rank());
  }
  return {Fact(x.type)};
}

std::vector<HostValue> Cumulative::evaluate(const EvalContext& cx) const {
  const Tensor& x = cx.tensor(0);
  const AxisSpan span = axis_span(x.dims(), resolve_axis(number_of(cx, 1, "the axis"), x.rank()));
  if (is_float(x.dtype())) {
    auto values = to_doubles(x);
    accumulate(values, span, *this);
    return {from_doubles(x.dtype(), x.dims(), values)};
  }
  auto values = to_int64s(x);
  accumulate(values, span, *this);
  return {from_int64s(x.dtype(), x.dims(), values)};
}

}  // namespace tenon::core
