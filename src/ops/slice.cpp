#include "ops/infer_util.h"
#include "ops/shape.h"
#include "ops/shape_infer.h"
#include "ops/strided.h"

namespace tenon::core {
namespace {

// What exporters write for "to the end" is at least this large.
constexpr int64_t kFar = INT32_MAX;

// A position as written, negative ones counted from the end.
Dim from_start(const Dim& position, const Dim& dim) {
  const Interval range = position.bounds({});
  if (range.low >= 0) return position;
  if (range.high < 0) return position + dim;
  return position + dim * min(1, max(0, Dim(0) - position));
}

bool is_far(const Dim& position) {
  return position.is_const() && (position.value() >= kFar || position.value() <= -kFar);
}

Dim forward_count(const Dim& dim, const Dim& start, const Dim& end, int64_t step) {
  const bool to_end = is_far(end) && end.value() > 0, nothing = is_far(end) && end.value() < 0;
  const Dim first = is_far(start) ? (start.value() > 0 ? dim : Dim(0)) : max(0, from_start(start, dim));
  const Dim last = to_end ? dim : nothing ? Dim(0) : min(dim, from_start(end, dim));
  return ceildiv(max(0, last - first), step);
}

Dim backward_count(const Dim& dim, const Dim& start, const Dim& end, int64_t step) {
  const bool at_end = start == Dim(-1) || (is_far(start) && start.value() > 0);
  const bool at_start = is_far(start) && start.value() < 0;
  const Dim first = at_end ? dim - Dim(1) : min(dim - Dim(1), at_start ? Dim(0) : max(0, from_start(start, dim)));
  const Dim last = is_far(end) ? (end.value() < 0 ? Dim(-1) : dim - Dim(1)) : max(-1, from_start(end, dim));
  return ceildiv(max(0, first - last), step);
}

struct Run {
  int64_t first, count;
};

Run resolve(int64_t dim, int64_t start, int64_t end, int64_t step) {
  const auto clamp = [dim](int64_t v, int64_t low, int64_t high) {
    if (v < 0) v += dim;
    return std::max(low, std::min(v, high));
  };
  if (dim == 0) return {0, 0};
  if (step > 0) {
    const int64_t first = clamp(start, 0, dim), last = clamp(end, 0, dim);
    return {first, first < last ? (last - first - 1) / step + 1 : 0};
  }
  const int64_t first = clamp(start, 0, dim - 1), last = clamp(end, -1, dim - 1);
  // -(INT64_MIN) does not exist; no tensor is longer than INT64_MAX.
  const int64_t back = step == INT64_MIN ? INT64_MAX : -step;
  return {first, last < first ? (first - last - 1) / back + 1 : 0};
}

void check_step(int64_t step) {
  if (step == 0) fail(ErrorCode::invalid_model, "a step is 0; steps must not be 0");
}

Dim sliced_dim(const Dim& dim, const Dim& start, const Dim& end, int64_t step) {
  check_step(step);
  if (dim.is_const() && start.is_const() && end.is_const())
    return resolve(dim.value(), start.value(), end.value(), step).count;
  if (step == INT64_MIN) step = -INT64_MAX;
  return step > 0 ? forward_count(dim, start, end, step) : backward_count(dim, start, end, -step);
}

// axes[i] of starts[i]; nothing when an axes input is not known.
std::optional<std::vector<int64_t>> sliced_axes(InferContext& cx, int64_t count, int rank) {
  if (cx.has(3)) {
    const auto given = cx.input(3).numbers();
    if (!given) return std::nullopt;
    return resolve_axes(*given, rank);
  }
  std::vector<int64_t> axes;
  for (int64_t i = 0; i < count; ++i) axes.push_back(i);
  return axes;
}

std::optional<std::vector<Dim>> sliced_content(const InferContext& cx) {
  const auto x = cx.input(0).elements();
  const auto start = cx.input(1).numbers(), end = cx.input(2).numbers();
  const auto step = cx.has(4) ? cx.input(4).numbers() : std::vector<int64_t>{1};
  if (!x || !start || !end || !step || cx.input(0).rank() != 1) return std::nullopt;
  if (start->empty()) return x;
  const Run run = resolve(x->size(), start->at(0), end->at(0), step->at(0));
  std::vector<Dim> content;
  for (int64_t i = 0; i < run.count; ++i) content.push_back((*x)[run.first + i * (*step)[0]]);
  return content;
}

void check_lengths(size_t starts, size_t ends, size_t axes, size_t steps) {
  if (starts != ends || starts != axes || starts != steps)
    fail(ErrorCode::shape_mismatch, "starts, ends, axes and steps must have one length; found {}, {}, {} and {}",
         starts, ends, axes, steps);
}

}  // namespace

std::vector<Fact> Slice::infer(InferContext& cx) const {
  expect_rank(cx, 0, "the input", 1);
  expect_indices(cx, 1, "starts");
  expect_indices(cx, 2, "ends");
  if (cx.has(3)) expect_indices(cx, 3, "axes");
  if (cx.has(4)) expect_indices(cx, 4, "steps");
  const Fact& x = cx.input(0);
  if (!x.type.ranked) return {unranked(x.dtype())};
  const auto starts = cx.input(1).elements(), ends = cx.input(2).elements();
  auto count = starts ? std::optional<int64_t>(starts->size()) : length_of(cx.input(1));
  if (!count) count = ends ? std::optional<int64_t>(ends->size()) : length_of(cx.input(2));
  const auto axes = cx.has(3) || count ? sliced_axes(cx, count.value_or(0), x.rank()) : std::nullopt;
  Shape dims = x.shape();
  if (!axes) {
    for (Dim& d : dims) d = cx.unknown("slice", d);
    return {Fact::tensor(x.dtype(), dims)};
  }
  const size_t n = axes->size();
  if (n > dims.size()) fail(ErrorCode::shape_mismatch, "{} axes of an input of rank {} are sliced", n, dims.size());
  const auto steps = cx.has(4) ? cx.input(4).numbers() : std::vector<int64_t>(n, 1);
  check_lengths(starts ? starts->size() : n, ends ? ends->size() : n, n, steps ? steps->size() : n);
  for (size_t i = 0; i < n; ++i) {
    Dim& d = dims[(*axes)[i]];
    d = starts && ends && steps ? sliced_dim(d, (*starts)[i], (*ends)[i], (*steps)[i]) : cx.unknown("slice", d);
  }
  return {with_content(Fact::tensor(x.dtype(), dims), sliced_content(cx))};
}

std::vector<HostValue> Slice::evaluate(const EvalContext& cx) const {
  const Tensor& x = cx.tensor(0);
  const auto starts = numbers_of(cx, 1), ends = numbers_of(cx, 2);
  std::vector<int64_t> axes, steps(starts.size(), 1);
  if (cx.has(3))
    axes = resolve_axes(numbers_of(cx, 3), x.rank());
  else
    for (size_t i = 0; i < starts.size(); ++i) axes.push_back(resolve_axis(i, x.rank()));
  if (cx.has(4)) steps = numbers_of(cx, 4);
  check_lengths(starts.size(), ends.size(), axes.size(), steps.size());
  Dims dims = x.dims(), strides = strides_of(x.dims());
  int64_t offset = 0;
  for (size_t i = 0; i < axes.size(); ++i) {
    check_step(steps[i]);
    const int64_t a = axes[i];
    const Run run = resolve(x.dim(a), starts[i], ends[i], steps[i]);
    dims[a] = run.count;
    offset += run.first * strides[a];
    strides[a] = run.count > 1 ? strides[a] * steps[i] : 0;
  }
  return {gather_strided(x, dims, strides, offset, cx.threads())};
}

}  // namespace tenon::core
