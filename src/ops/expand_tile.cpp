#include "ops/infer_util.h"
#include "ops/shape.h"
#include "ops/shape_infer.h"
#include "ops/strided.h"

namespace tenon::core {

std::vector<Fact> Expand::infer(InferContext& cx) const {
  expect_tensor(cx, 0, "the input");
  expect_indices(cx, 1, "the shape");
  const Fact& x = cx.input(0);
  const auto wanted = cx.input(1).elements();
  if (!x.type.ranked) return {unranked(x.dtype())};
  if (!wanted) {
    const auto length = length_of(cx.input(1));
    if (!length || *length > kMaxContent) return {unranked(x.dtype())};
    return {Fact::tensor(x.dtype(), unknown_shape(cx, "expand", std::max<int64_t>(*length, x.rank())))};
  }
  for (size_t i = 0; i < wanted->size(); ++i)
    if (const Dim& d = (*wanted)[i]; d.is_const() && d.value() < 0)
      fail(ErrorCode::shape_mismatch, "axis {} of the shape to expand to is {}; 0 or more was expected", i, d.value());
  const Shape dims = broadcast_shapes(cx, x.shape(), *wanted, "the input and the shape to expand to");
  auto content = x.elements();
  const Dim count = product(dims);
  if (content && content->size() == 1 && count.is_const() && count.value() <= kMaxContent)
    content = std::vector<Dim>(count.value(), content->front());
  return {with_content(Fact::tensor(x.dtype(), dims), content)};
}

std::vector<HostValue> Expand::evaluate(const EvalContext& cx) const {
  const Tensor& x = cx.tensor(0);
  const Dims dims = broadcast_dims(x.dims(), numbers_of(cx, 1));
  const Dims own = strides_of(x.dims());
  Dims strides(dims.size(), 0);
  const int64_t missing = static_cast<int64_t>(dims.size()) - x.rank();
  for (int64_t i = 0; i < x.rank(); ++i)
    if (x.dim(i) != 1) strides[missing + i] = own[i];
  return {gather_strided(x, dims, strides, 0, cx.threads())};
}

std::vector<Fact> Tile::infer(InferContext& cx) const {
  expect_tensor(cx, 0, "the input");
  expect_indices(cx, 1, "the repeats");
  const Fact& x = cx.input(0);
  const auto repeats = dims_from(cx, 1, "tile");
  if (!x.type.ranked)
    return {repeats ? Fact::tensor(x.dtype(), unknown_shape(cx, "tile", repeats->size())) : unranked(x.dtype())};
  if (!repeats) return {Fact::tensor(x.dtype(), unknown_shape(cx, "tile", x.rank()))};
  if (static_cast<int>(repeats->size()) != x.rank())
    fail(ErrorCode::shape_mismatch, "{} repeats are given for an input of rank {}", repeats->size(), x.rank());
  Shape dims;
  for (int i = 0; i < x.rank(); ++i) {
    const Dim& r = (*repeats)[i];
    if (r.is_const() && r.value() < 0)
      fail(ErrorCode::shape_mismatch, "the number of repeats of axis {} is {}", i, r.value());
    dims.push_back(x.shape()[i] * r);
  }
  auto content = x.elements();
  if (content && x.rank() == 1 && dims[0].is_const() && dims[0].value() <= kMaxContent) {
    const std::vector<Dim> once = *content;
    content->clear();
    while (!once.empty() && static_cast<int64_t>(content->size()) < dims[0].value())
      content->insert(content->end(), once.begin(), once.end());
  }
  return {with_content(Fact::tensor(x.dtype(), dims), content)};
}

std::vector<HostValue> Tile::evaluate(const EvalContext& cx) const {
  const Tensor& x = cx.tensor(0);
  const auto repeats = numbers_of(cx, 1);
  if (static_cast<int64_t>(repeats.size()) != x.rank())
    fail(ErrorCode::shape_mismatch, "{} repeats are given for an input of rank {}", repeats.size(), x.rank());
  const Dims own = strides_of(x.dims());
  Dims dims, pairs, strides;
  for (int64_t i = 0; i < x.rank(); ++i) {
    if (repeats[i] < 0) fail(ErrorCode::shape_mismatch, "the number of repeats of axis {} is {}", i, repeats[i]);
    dims.push_back(checked_mul(x.dim(i), repeats[i]));
    pairs.insert(pairs.end(), {repeats[i], x.dim(i)});
    strides.insert(strides.end(), {0, own[i]});
  }
  return {gather_strided(x, pairs, strides, 0, cx.threads()).reshaped(dims)};
}

}  // namespace tenon::core
