#include <algorithm>
#include <numeric>

#include "ops/elements.h"
#include "ops/infer_util.h"
#include "ops/reduce.h"
#include "ops/shape_infer.h"
#include "ops/strided.h"

namespace tenon::core {
namespace {

constexpr int64_t kGrain = 1 << 13;

// NaN counts as larger than every number, and for a minimum as smaller.
template <class T>
bool better(T a, T b, bool minimum) {
  if (a != a || b != b) return a != a && b == b;
  return minimum ? a < b : a > b;
}

void expect_ordered(InferContext& cx) {
  expect_tensor(cx, 0, "the input");
  const DType d = cx.input(0).dtype();
  if (!is_float(d) && !is_integer(d)) fail(ErrorCode::invalid_model, "elements of type {} have no order", to_string(d));
}

template <class T>
int64_t best_of(std::span<const T> values, int64_t from, int64_t count, int64_t step, const ArgReduce& op) {
  int64_t best = 0;
  for (int64_t i = 1; i < count; ++i) {
    const T now = values[from + i * step], before = values[from + best * step];
    if (better(now, before, op.minimum) || (op.select_last_index && !better(before, now, op.minimum))) best = i;
  }
  return best;
}

}  // namespace

std::vector<Fact> ArgReduce::infer(InferContext& cx) const {
  expect_ordered(cx);
  const Type& x = cx.input(0).type;
  if (!x.ranked) return {unranked(DType::i64)};
  const int64_t at = resolve_axis(axis, x.rank());
  Shape dims = x.shape;
  dims[at] = 1;
  if (!keepdims) dims.erase(dims.begin() + at);
  return {Fact::tensor(DType::i64, dims)};
}

std::vector<HostValue> ArgReduce::evaluate(const EvalContext& cx) const {
  const Tensor& x = cx.tensor(0);
  const int64_t at = resolve_axis(axis, x.rank());
  const AxisSpan span = axis_span(x.dims(), at);
  Dims dims = x.dims();
  dims[at] = 1;
  if (!keepdims) dims.erase(dims.begin() + at);
  Tensor out(DType::i64, dims);
  if (out.size() == 0) return {out};
  if (span.count == 0) fail(ErrorCode::runtime_value, "axis {} has no elements to choose from", at);
  int64_t* to = out.mutable_data<int64_t>();
  visit_ordered(x, [&](auto values) {
    cx.threads().parallel_ranges(out.size(), kGrain / span.count + 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i)
        to[i] =
            best_of(values, i / span.inner * span.count * span.inner + i % span.inner, span.count, span.inner, *this);
    });
  });
  return {out};
}

std::vector<Fact> TopK::infer(InferContext& cx) const {
  expect_ordered(cx);
  expect_indices(cx, 1, "k", true);
  const Fact& x = cx.input(0);
  if (!x.type.ranked) return {unranked(x.dtype()), unranked(DType::i64)};
  const int64_t at = resolve_axis(axis, x.rank());
  Shape dims = x.shape();
  const auto k = element_of(cx.input(1));
  if (k && (k->bounds({}).high < 0 || (dims[at].is_const() && k->is_const() && k->value() > dims[at].value())))
    fail(ErrorCode::shape_mismatch, "k is {}, but axis {} has {} elements", k->str(), at, dims[at].str());
  dims[at] = k ? *k : cx.unknown("k", dims[at]);
  return {Fact::tensor(x.dtype(), dims), Fact::tensor(DType::i64, dims)};
}

std::vector<HostValue> TopK::evaluate(const EvalContext& cx) const {
  const Tensor& x = cx.tensor(0);
  const int64_t at = resolve_axis(axis, x.rank()), k = number_of(cx, 1, "k");
  const AxisSpan span = axis_span(x.dims(), at);
  if (k < 0 || k > span.count) fail(ErrorCode::runtime_value, "k is {}; axis {} has {} elements", k, at, span.count);
  Dims dims = x.dims();
  dims[at] = k;
  Tensor values(x.dtype(), dims), indices(DType::i64, dims);
  if (values.size() == 0) return {values, indices};
  int64_t* where = indices.mutable_data<int64_t>();
  visit_ordered(x, [&](auto all) {
    cx.threads().parallel_ranges(span.outer * span.inner, kGrain / span.count + 1, [&](int64_t begin, int64_t end) {
      std::vector<int64_t> order(span.count);
      for (int64_t c = begin; c < end; ++c) {
        const int64_t base = c / span.inner * span.count * span.inner + c % span.inner;
        std::iota(order.begin(), order.end(), 0);
        std::partial_sort(order.begin(), order.begin() + k, order.end(), [&](int64_t a, int64_t b) {
          const auto va = all[base + a * span.inner], vb = all[base + b * span.inner];
          if (better(va, vb, !largest)) return true;
          return !better(vb, va, !largest) && a < b;
        });
        for (int64_t i = 0; i < k; ++i)
          where[c / span.inner * k * span.inner + i * span.inner + c % span.inner] = order[i];
      }
    });
  });
  visit_movable(x.dtype(), [&]<class T>(T) {
    const int64_t slab = k * span.inner;
    for (int64_t i = 0; i < values.size(); ++i)
      mutable_elements_of<T>(values)[i] =
          elements_of<T>(x)[(i / slab * span.count + where[i]) * span.inner + i % span.inner];
  });
  return {values, indices};
}

}  // namespace tenon::core
