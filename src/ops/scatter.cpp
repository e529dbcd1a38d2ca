#include <algorithm>
#include <array>
#include <cmath>

#include "base/threads.h"
#include "ops/elements.h"
#include "ops/index.h"
#include "ops/infer_util.h"
#include "ops/shape_infer.h"
#include "ops/strided.h"

namespace tenon::core {

std::span<const std::string_view> enum_names(ScatterReduction) {
  static constexpr std::array<std::string_view, 5> names{"none", "add", "mul", "max", "min"};
  return names;
}

namespace {

// Calls f(to, from, run) for each run of elements that an update goes to, in the order of the updates.
using EachRun = FunctionRef<void(FunctionRef<void(int64_t to, int64_t from, int64_t run)>)>;

double combine(ScatterReduction how, double a, double b) {
  switch (how) {
    case ScatterReduction::add:
      return a + b;
    case ScatterReduction::mul:
      return a * b;
    case ScatterReduction::max:
      return std::isnan(a) || a > b ? a : b;
    case ScatterReduction::min:
      return std::isnan(a) || a < b ? a : b;
    case ScatterReduction::none:
      break;
  }
  return b;
}

int64_t combine(ScatterReduction how, int64_t a, int64_t b) {
  switch (how) {
    case ScatterReduction::add:
      return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
    case ScatterReduction::mul:
      return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
    case ScatterReduction::max:
      return std::max(a, b);
    case ScatterReduction::min:
      return std::min(a, b);
    case ScatterReduction::none:
      break;
  }
  return b;
}

template <class T>
void combine_runs(std::vector<T>& values, const std::vector<T>& updates, ScatterReduction how, EachRun each_run) {
  each_run([&](int64_t to, int64_t from, int64_t run) {
    for (int64_t i = 0; i < run; ++i) values[to + i] = combine(how, values[to + i], updates[from + i]);
  });
}

Tensor scattered(const Tensor& x, const Tensor& updates, ScatterReduction how, EachRun each_run) {
  if (how == ScatterReduction::none) {
    Tensor out(x.dtype(), x.dims());
    visit_movable(x.dtype(), [&]<class T>(T) {
      T* to = mutable_elements_of<T>(out);
      std::copy_n(elements_of<T>(x), x.size(), to);
      each_run(
          [&](int64_t at, int64_t from, int64_t run) { std::copy_n(elements_of<T>(updates) + from, run, to + at); });
    });
    return out;
  }
  if (is_float(x.dtype())) {
    auto values = to_doubles(x);
    combine_runs(values, to_doubles(updates), how, each_run);
    return from_doubles(x.dtype(), x.dims(), values);
  }
  auto values = to_int64s(x), own = to_int64s(updates);
  const bool flip = x.dtype() == DType::u64 && (how == ScatterReduction::max || how == ScatterReduction::min);
  const auto flip_all = [flip](std::vector<int64_t>& v) {
    if (flip) std::transform(v.begin(), v.end(), v.begin(), flip_sign_bit);
  };
  flip_all(values);
  flip_all(own);
  combine_runs(values, own, how, each_run);
  flip_all(values);
  return from_int64s(x.dtype(), x.dims(), values);
}

void check_scatter_types(InferContext& cx, ScatterReduction how) {
  expect_rank(cx, 0, "the data", 1);
  expect_dtype(cx, 1, "the indices", {DType::i64, DType::i32});
  const DType dtype = cx.input(0).dtype();
  expect_dtype(cx, 2, "the updates", {dtype});
  if (how != ScatterReduction::none && !is_float(dtype) && !is_integer(dtype) && dtype != DType::boolean)
    fail(ErrorCode::invalid_model, "elements of type {} can't be combined; use reduction none", to_string(dtype));
}

}  // namespace

std::vector<Fact> ScatterElements::infer(InferContext& cx) const {
  check_scatter_types(cx, reduction);
  const Type &x = cx.input(0).type, &indices = cx.input(1).type, &updates = cx.input(2).type;
  if (x.ranked) resolve_axis(axis, x.rank());
  if ((x.ranked && indices.ranked && x.rank() != indices.rank()) ||
      (indices.ranked && updates.ranked && indices.rank() != updates.rank()))
    fail(ErrorCode::shape_mismatch, "data, indices and updates must have one rank; found {}, {} and {}", x.str(),
         indices.str(), updates.str());
  return {Fact(x)};
}

std::vector<HostValue> ScatterElements::evaluate(const EvalContext& cx) const {
  const Tensor &x = cx.tensor(0), &updates = cx.tensor(2);
  const Dims dims = cx.tensor(1).dims();
  const int64_t at = resolve_axis(axis, x.rank());
  bool fits = static_cast<int64_t>(dims.size()) == x.rank() && dims == updates.dims();
  for (int64_t i = 0; fits && i < x.rank(); ++i) fits = i == at || dims[i] <= x.dim(i);
  if (!fits)
    fail(ErrorCode::shape_mismatch, "indices of shape {} and updates of shape {} do not fit data of shape {} (axis {})",
         dims_to_string(dims), dims_to_string(updates.dims()), dims_to_string(x.dims()), at);
  const auto indices = numbers_of(cx, 1);
  const Dims strides = strides_of(x.dims()), steps = strides_of(dims);
  return {scattered(x, updates, reduction, [&](auto put) {
    for (int64_t i = 0; i < updates.size(); ++i) {
      int64_t to = checked_index(indices[i], at, x.dim(at)) * strides[at];
      for (int64_t a = 0; a < x.rank(); ++a)
        if (a != at) to += i / steps[a] % dims[a] * strides[a];
      put(to, i, 1);
    }
  })};
}

std::vector<Fact> ScatterND::infer(InferContext& cx) const {
  check_scatter_types(cx, reduction);
  expect_rank(cx, 1, "the indices", 1);
  const Type &x = cx.input(0).type, &indices = cx.input(1).type;
  if (x.ranked && indices.ranked && indices.shape.back().is_const() && indices.shape.back().value() > x.rank())
    fail(ErrorCode::shape_mismatch, "index tuples of {} do not fit data {}", indices.str(), x.str());
  return {Fact(x)};
}

std::vector<HostValue> ScatterND::evaluate(const EvalContext& cx) const {
  const Tensor &x = cx.tensor(0), &updates = cx.tensor(2);
  const Dims& tuples = cx.tensor(1).dims();
  const int64_t width = tuples.empty() ? 0 : tuples.back();
  if (tuples.empty() || width > x.rank())
    fail(ErrorCode::shape_mismatch, "index tuples of shape {} do not fit data of shape {}", dims_to_string(tuples),
         dims_to_string(x.dims()));
  Dims wanted(tuples.begin(), tuples.end() - 1);
  wanted.insert(wanted.end(), x.dims().begin() + width, x.dims().end());
  if (updates.dims() != wanted)
    fail(ErrorCode::shape_mismatch, "the updates must have shape {}; found {}", dims_to_string(wanted),
         dims_to_string(updates.dims()));
  const auto indices = numbers_of(cx, 1);
  const Dims strides = strides_of(x.dims());
  const int64_t rows = updates.size() == 0 ? 0 : checked_product(std::span(tuples).first(tuples.size() - 1));
  const int64_t run = rows == 0 ? 0 : updates.size() / rows;
  return {scattered(x, updates, reduction, [&](auto put) {
    for (int64_t i = 0; i < rows; ++i) {
      int64_t to = 0;
      for (int64_t a = 0; a < width; ++a) to += checked_index(indices[i * width + a], a, x.dim(a)) * strides[a];
      put(to, i * run, run);
    }
  })};
}

std::vector<Fact> TensorScatter::infer(InferContext& cx) const {
  expect_rank(cx, 0, "the past tensor", 2);
  expect_dtype(cx, 1, "the update", {cx.input(0).dtype()});
  if (cx.has(2)) expect_indices(cx, 2, "the write indices");
  const Type &past = cx.input(0).type, &update = cx.input(1).type;
  if (!past.ranked || !update.ranked) return {Fact(past)};
  const int64_t at = resolve_axis(axis, past.rank());
  if (at == 0) fail(ErrorCode::invalid_model, "the sequence axis must not be the batch axis 0");
  bool fits = update.rank() == past.rank();
  for (int i = 0; fits && i < past.rank(); ++i) {
    if (i == at) continue;
    fits = equal(past.shape[i], update.shape[i]) != Tri::no;
    cx.require_equal(past.shape[i], update.shape[i], "the dims of the past tensor and the update");
  }
  if (!fits) fail(ErrorCode::shape_mismatch, "the update {} does not fit the past tensor {}", update.str(), past.str());
  return {Fact(past)};
}

std::vector<HostValue> TensorScatter::evaluate(const EvalContext& cx) const {
  const Tensor &past = cx.tensor(0), &update = cx.tensor(1);
  const int64_t at = resolve_axis(axis, past.rank());
  Dims wanted = past.dims();
  if (update.rank() == past.rank()) wanted[at] = std::min(wanted[at], update.dim(at));
  if (at == 0 || update.dims() != wanted)
    fail(ErrorCode::shape_mismatch, "an update of shape {} does not fit a past tensor of shape {} (axis {})",
         dims_to_string(update.dims()), dims_to_string(past.dims()), at);
  const auto starts = cx.has(2) ? numbers_of(cx, 2) : std::vector<int64_t>(past.dim(0), 0);
  if (static_cast<int64_t>(starts.size()) != past.dim(0))
    fail(ErrorCode::shape_mismatch, "{} write indices are given for a batch of {}", starts.size(), past.dim(0));
  const AxisSpan span = axis_span(past.dims(), at);
  const int64_t length = update.dim(at);
  if (update.size() == 0) return {past};
  for (int64_t s : starts)
    if (!circular && (s < 0 || s > span.count - length))
      fail(ErrorCode::runtime_index, "write index {} is out of range for axis {} of size {} and updates of length {}",
           s, at, span.count, length);
  return {scattered(past, update, ScatterReduction::none, [&](auto put) {
    for (int64_t o = 0; o < span.outer; ++o)
      for (int64_t i = 0; i < length; ++i) {
        const int64_t start = starts[o / (span.outer / past.dim(0))];
        const int64_t to = circular ? (start % span.count + span.count + i) % span.count : start + i;
        put((o * span.count + to) * span.inner, (o * length + i) * span.inner, span.inner);
      }
  })};
}

}  // namespace tenon::core
