#include <algorithm>

#include "ops/infer_util.h"
#include "ops/shape.h"
#include "ops/shape_infer.h"

namespace tenon::core {
namespace {

bool is_number(const Dim& d, int64_t value) { return d.is_const() && d.value() == value; }

// total / known, with equal dims cancelled first: [N,C,H,W] over [N,C] is H*W even where N is 0.
Dim quotient(std::vector<Dim> total, const std::vector<Dim>& known) {
  std::vector<Dim> divisor;
  for (const Dim& d : known) {
    const auto it = std::find(total.begin(), total.end(), d);
    if (it == total.end())
      divisor.push_back(d);
    else
      total.erase(it);
  }
  const Dim a = product(total), b = product(divisor);
  if (is_number(b, 0)) fail(ErrorCode::shape_mismatch, "the dim -1 can't be inferred beside a dim 0");
  if (a.is_const() && b.is_const() && a.value() % b.value() != 0)
    fail(ErrorCode::shape_mismatch, "the dim -1 can't be inferred: {} is not a multiple of {}", a.value(), b.value());
  return floordiv(a, b);
}

struct Target {
  Shape dims;  // zeros copied
  std::optional<size_t> inferred;
};

Target read_target(const Shape* x, const std::vector<Dim>& wanted, bool allowzero) {
  Target t;
  bool zero = false;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const Dim& d = wanted[i];
    t.dims.push_back(d);
    if (!d.is_const() || d.value() > 0) continue;
    if (d.value() < -1)
      fail(ErrorCode::shape_mismatch, "the target shape {} has the dim {}", to_string(wanted), d.value());
    if (d.value() == -1) {
      if (t.inferred) fail(ErrorCode::shape_mismatch, "the target shape {} has more than one -1", to_string(wanted));
      t.inferred = i;
    } else if (allowzero) {
      zero = true;
    } else if (x) {
      if (i >= x->size())
        fail(ErrorCode::shape_mismatch, "the target shape {} copies dim {}, but the input is {}", to_string(wanted), i,
             to_string(*x));
      t.dims[i] = (*x)[i];
    }
  }
  if (zero && t.inferred)
    fail(ErrorCode::shape_mismatch, "the target shape {} has both 0 and -1, which allowzero forbids",
         to_string(wanted));
  return t;
}

Shape reshaped_dims(const Shape& x, const std::vector<Dim>& wanted, bool allowzero) {
  Target t = read_target(&x, wanted, allowzero);
  if (t.inferred) {
    Shape known = t.dims;
    known.erase(known.begin() + *t.inferred);
    t.dims[*t.inferred] = quotient(x, known);
  }
  const Dim before = product(x), after = product(t.dims);
  if (equal(before, after) == Tri::no)
    fail(ErrorCode::shape_mismatch, "the input {} has {} elements, the target shape {} has {}", to_string(x),
         before.str(), to_string(t.dims), after.str());
  return t.dims;
}

// The input's rank is unknown, so copied and inferred dims are too.
Shape reshaped_unranked(InferContext& cx, const std::vector<Dim>& wanted, bool allowzero) {
  Shape dims = read_target(nullptr, wanted, allowzero).dims;
  for (Dim& d : dims)
    if (is_number(d, -1) || (is_number(d, 0) && !allowzero)) d = cx.unknown("reshape");
  return dims;
}

std::vector<int64_t> axes_of(const EvalContext& cx, int input, int64_t rank) {
  return cx.has(input) ? resolve_axes(numbers_of(cx, input), rank) : std::vector<int64_t>();
}

Dims inserted_ones(const Dims& dims, std::vector<int64_t> axes) {
  Dims out = dims;
  std::sort(axes.begin(), axes.end());
  for (int64_t a : axes) out.insert(out.begin() + a, 1);
  return out;
}

int64_t flatten_axis(int64_t axis, int64_t rank) {
  if (axis < -rank || axis > rank) fail(ErrorCode::invalid_model, "axis {} is outside [{}, {}]", axis, -rank, rank);
  return axis < 0 ? axis + rank : axis;
}

}  // namespace

std::vector<Fact> Reshape::infer(InferContext& cx) const {
  expect_tensor(cx, 0, "the input");
  expect_indices(cx, 1, "the target shape");
  const Fact& x = cx.input(0);
  const auto wanted = cx.input(1).elements();
  if (!wanted) {
    auto fresh = dims_from(cx, 1, "reshape");
    return {fresh ? Fact::tensor(x.dtype(), *fresh) : unranked(x.dtype())};
  }
  if (!x.type.ranked) return {Fact::tensor(x.dtype(), reshaped_unranked(cx, *wanted, allowzero))};
  const Shape dims = reshaped_dims(x.shape(), *wanted, allowzero);
  cx.require_equal(product(x.shape()), product(dims), "the number of elements before and after the reshape");
  return {with_content(Fact::tensor(x.dtype(), dims), x.elements())};
}

std::vector<HostValue> Reshape::evaluate(const EvalContext& cx) const {
  const Tensor& x = cx.tensor(0);
  const auto wanted = numbers_of(cx, 1);
  const Shape dims =
      reshaped_dims(Shape(x.dims().begin(), x.dims().end()), Shape(wanted.begin(), wanted.end()), allowzero);
  return {x.reshaped(*const_dims(dims))};
}

std::vector<Fact> Squeeze::infer(InferContext& cx) const {
  expect_tensor(cx, 0, "the input");
  const Fact& x = cx.input(0);
  if (cx.has(1)) expect_indices(cx, 1, "the axes", true);
  if (!x.type.ranked) return {unranked(x.dtype())};
  std::vector<bool> drop(x.rank());
  if (cx.has(1)) {
    const auto axes = cx.input(1).numbers();
    if (!axes) {
      const auto count = length_of(cx.input(1));
      if (!count || *count > x.rank()) return {unranked(x.dtype())};
      return {Fact::tensor(x.dtype(), unknown_shape(cx, "squeeze", x.rank() - *count))};
    }
    for (int64_t a : resolve_axes(*axes, x.rank())) {
      drop[a] = true;
      if (equal(x.shape()[a], 1) == Tri::no)
        fail(ErrorCode::shape_mismatch, "axis {} of {} is squeezed, but is not 1", a, x.type.str());
      cx.require_equal(x.shape()[a], 1, "a squeezed axis and 1");
    }
  } else {
    for (int i = 0; i < x.rank(); ++i) {
      const Tri one = equal(x.shape()[i], 1);
      if (one == Tri::unknown) return {unranked(x.dtype())};
      drop[i] = one == Tri::yes;
    }
  }
  Shape kept;
  for (int i = 0; i < x.rank(); ++i)
    if (!drop[i]) kept.push_back(x.shape()[i]);
  return {with_content(Fact::tensor(x.dtype(), kept), x.elements())};
}

std::vector<HostValue> Squeeze::evaluate(const EvalContext& cx) const {
  const Tensor& x = cx.tensor(0);
  const auto axes = axes_of(cx, 1, x.rank());
  Dims kept;
  for (int64_t i = 0; i < x.rank(); ++i) {
    const bool named = std::find(axes.begin(), axes.end(), i) != axes.end();
    if (named && x.dim(i) != 1)
      fail(ErrorCode::shape_mismatch, "axis {} of shape {} is squeezed, but is not 1", i, dims_to_string(x.dims()));
    if (cx.has(1) ? !named : x.dim(i) != 1) kept.push_back(x.dim(i));
  }
  return {x.reshaped(kept)};
}

std::vector<Fact> Unsqueeze::infer(InferContext& cx) const {
  expect_tensor(cx, 0, "the input");
  expect_indices(cx, 1, "the axes", true);
  const Fact& x = cx.input(0);
  const auto count = length_of(cx.input(1));
  if (!x.type.ranked || !count || *count > kMaxContent) return {unranked(x.dtype())};
  const auto axes = cx.input(1).numbers();
  if (!axes) return {Fact::tensor(x.dtype(), unknown_shape(cx, "unsqueeze", x.rank() + *count))};
  auto sorted = resolve_axes(*axes, x.rank() + *count);
  std::sort(sorted.begin(), sorted.end());
  Shape dims = x.shape();
  for (int64_t a : sorted) dims.insert(dims.begin() + a, 1);
  return {with_content(Fact::tensor(x.dtype(), dims), x.elements())};
}

std::vector<HostValue> Unsqueeze::evaluate(const EvalContext& cx) const {
  const Tensor& x = cx.tensor(0);
  return {x.reshaped(inserted_ones(x.dims(), axes_of(cx, 1, x.rank() + cx.tensor(1).size())))};
}

std::vector<Fact> Flatten::infer(InferContext& cx) const {
  expect_tensor(cx, 0, "the input");
  const Fact& x = cx.input(0);
  if (!x.type.ranked) return {Fact::tensor(x.dtype(), unknown_shape(cx, "flatten", 2))};
  const int64_t split = flatten_axis(axis, x.rank());
  const Shape& s = x.shape();
  return {Fact::tensor(x.dtype(), {product({s.begin(), s.begin() + split}), product({s.begin() + split, s.end()})})};
}

std::vector<HostValue> Flatten::evaluate(const EvalContext& cx) const {
  const Tensor& x = cx.tensor(0);
  const std::span<const int64_t> dims = x.dims();
  const int64_t split = flatten_axis(axis, x.rank());
  return {x.reshaped({checked_product(dims.first(split)), checked_product(dims.subspan(split))})};
}

}  // namespace tenon::core
