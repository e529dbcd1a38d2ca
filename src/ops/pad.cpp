#include <algorithm>
#include <array>

#include "ops/elements.h"
#include "ops/infer_util.h"
#include "ops/shape.h"
#include "ops/shape_infer.h"
#include "ops/strided.h"

namespace tenon::core {

std::span<const std::string_view> enum_names(PadMode) {
  static constexpr std::array<std::string_view, 4> names{"constant", "reflect", "edge", "wrap"};
  return names;
}

namespace {

// A box of `x` put into a larger tensor at a corner of its own.
struct Placement {
  Dims out, size, from, to;
};

Tensor placed(const Tensor& x, const Placement& p, const Tensor* fill, Threads& threads) {
  Tensor out(x.dtype(), p.out);
  if (fill) fill_with(out, *fill);
  StridedCopy block{p.size, strides_of(x.dims()), strides_of(p.out)};
  for (size_t i = 0; i < p.size.size(); ++i) {
    block.from_offset += p.from[i] * block.from_strides[i];
    block.to_offset += p.to[i] * block.to_strides[i];
  }
  copy_strided(x, out, block, threads);
  return out;
}

// Which of `count` elements stands at `position`, which may lie before or behind them.
int64_t source_of(PadMode mode, int64_t position, int64_t count) {
  if (mode == PadMode::edge || count == 1) return std::clamp<int64_t>(position, 0, count - 1);
  const int64_t period = mode == PadMode::wrap ? count : 2 * (count - 1);
  const int64_t at = (position % period + period) % period;
  return at < count ? at : period - at;
}

struct Pads {
  Dims begin, end;
};

Pads read_pads(const EvalContext& cx, int64_t rank) {
  const auto given = numbers_of(cx, 1);
  std::vector<int64_t> axes;
  if (cx.has(3))
    axes = resolve_axes(numbers_of(cx, 3), rank);
  else
    for (int64_t i = 0; i < rank; ++i) axes.push_back(i);
  if (given.size() != 2 * axes.size())
    fail(ErrorCode::shape_mismatch, "{} pads are given for {} axes; expected two for each", given.size(), axes.size());
  Pads pads{Dims(rank, 0), Dims(rank, 0)};
  for (size_t i = 0; i < axes.size(); ++i) {
    pads.begin[axes[i]] = given[i];
    pads.end[axes[i]] = given[axes.size() + i];
  }
  return pads;
}

Placement crop_and_pad(const Dims& dims, const Pads& pads) {
  Placement p;
  for (size_t i = 0; i < dims.size(); ++i) {
    const int64_t begin = pads.begin[i], end = pads.end[i];
    const int64_t size = checked_add(checked_add(dims[i], std::min<int64_t>(begin, 0)), std::min<int64_t>(end, 0));
    if (size < 0)
      fail(ErrorCode::shape_mismatch, "the pads {} and {} crop more than the {} elements of axis {}", begin, end,
           dims[i], i);
    p.size.push_back(size);
    p.from.push_back(begin < 0 ? -begin : 0);
    p.to.push_back(std::max<int64_t>(begin, 0));
    p.out.push_back(checked_add(checked_add(size, p.to[i]), std::max<int64_t>(end, 0)));
  }
  return p;
}

Tensor extended(Tensor x, const Placement& p, PadMode mode, Threads& threads) {
  for (int64_t axis = 0; axis < x.rank(); ++axis) {
    const int64_t size = p.size[axis], out = p.out[axis];
    if (size == x.dim(axis) && size == out) continue;
    if (size == 0 && out > 0)
      fail(ErrorCode::shape_mismatch, "axis {} has no elements to pad with; only mode constant can do this", axis);
    std::vector<int64_t> indices(out);
    for (int64_t i = 0; i < out; ++i) indices[i] = p.from[axis] + source_of(mode, i - p.to[axis], size);
    x = taken(x, axis, indices, threads);
  }
  return x;
}

Shape padded_dims(InferContext& cx, const Shape& x, const std::vector<int64_t>& axes) {
  Shape dims = x;
  const auto pads = cx.input(1).elements();
  if (pads && pads->size() != 2 * axes.size())
    fail(ErrorCode::shape_mismatch, "{} pads are given for {} axes; expected two for each", pads->size(), axes.size());
  for (size_t i = 0; i < axes.size(); ++i) {
    Dim& d = dims[axes[i]];
    d = pads ? d + (*pads)[i] + (*pads)[axes.size() + i] : cx.unknown("pad");
    if (d.bounds({}).high < 0)
      fail(ErrorCode::shape_mismatch, "the pads leave {} elements of axis {} of {}", d.str(), axes[i], to_string(x));
  }
  return dims;
}

// The fields' axes, or all of them.
std::vector<int64_t> named_axes(const std::vector<int64_t>& axes, int64_t rank) {
  if (!axes.empty()) return resolve_axes(axes, rank);
  std::vector<int64_t> all(rank);
  for (int64_t i = 0; i < rank; ++i) all[i] = i;
  return all;
}

}  // namespace

std::vector<Fact> Pad::infer(InferContext& cx) const {
  expect_tensor(cx, 0, "the input");
  expect_indices(cx, 1, "the pads");
  const Fact& x = cx.input(0);
  if (cx.has(2)) {
    expect_dtype(cx, 2, "the padding value", {x.dtype()});
    if (length_of(cx.input(2)).value_or(1) != 1)
      fail(ErrorCode::invalid_model, "the padding value must be one element");
  }
  if (!x.type.ranked) return {unranked(x.dtype())};
  std::vector<int64_t> axes = named_axes({}, x.rank());
  if (cx.has(3)) {
    expect_indices(cx, 3, "the axes");
    const auto given = cx.input(3).numbers();
    if (!given) return {Fact::tensor(x.dtype(), unknown_shape(cx, "pad", x.rank()))};
    axes = resolve_axes(*given, x.rank());
  }
  return {Fact::tensor(x.dtype(), padded_dims(cx, x.shape(), axes))};
}

std::vector<HostValue> Pad::evaluate(const EvalContext& cx) const {
  const Tensor& x = cx.tensor(0);
  const Placement p = crop_and_pad(x.dims(), read_pads(cx, x.rank()));
  if (mode != PadMode::constant) return {extended(x, p, mode, cx.threads())};
  const Tensor* fill = cx.has(2) ? &cx.tensor(2) : nullptr;
  if (fill && fill->size() != 1) fail(ErrorCode::runtime_value, "the padding value must be one element");
  return {placed(x, p, fill, cx.threads())};
}

std::vector<Fact> CenterCropPad::infer(InferContext& cx) const {
  expect_tensor(cx, 0, "the input");
  expect_indices(cx, 1, "the shape");
  const Fact& x = cx.input(0);
  if (!x.type.ranked) return {unranked(x.dtype())};
  const auto at = named_axes(axes, x.rank());
  const auto wanted = cx.input(1).elements();
  if (wanted && wanted->size() != at.size())
    fail(ErrorCode::shape_mismatch, "{} dims are given for {} axes", wanted->size(), at.size());
  Shape dims = x.shape();
  for (size_t i = 0; i < at.size(); ++i) dims[at[i]] = wanted ? (*wanted)[i] : cx.unknown("crop");
  return {Fact::tensor(x.dtype(), dims)};
}

std::vector<HostValue> CenterCropPad::evaluate(const EvalContext& cx) const {
  const Tensor& x = cx.tensor(0);
  const auto at = named_axes(axes, x.rank());
  const auto wanted = numbers_of(cx, 1);
  if (wanted.size() != at.size())
    fail(ErrorCode::shape_mismatch, "{} dims are given for {} axes", wanted.size(), at.size());
  Placement p{x.dims(), x.dims(), Dims(x.rank(), 0), Dims(x.rank(), 0)};
  for (size_t i = 0; i < at.size(); ++i) {
    const int64_t a = at[i], own = x.dim(a);
    if (wanted[i] < 0) fail(ErrorCode::shape_mismatch, "axis {} is cropped to {} elements", a, wanted[i]);
    p.out[a] = wanted[i];
    p.size[a] = std::min(own, wanted[i]);
    p.from[a] = (own - p.size[a]) / 2;
    p.to[a] = (wanted[i] - p.size[a]) / 2;
  }
  return {placed(x, p, nullptr, cx.threads())};
}

}  // namespace tenon::core
