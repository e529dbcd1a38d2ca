#include "ops/fold.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "ops/infer_util.h"
#include "ops/reals.h"
#include "ops/window.h"

namespace tenon::core {
namespace {

void expect_positive(std::span<const int64_t> values, std::string_view what) {
  for (int64_t v : values)
    if (v < 1) fail(ErrorCode::bad_input, "{} must be 1 or more; found {}", what, dims_to_string(values));
}

template <class T>
Tensor fold_columns(const Col2Im& op, const EvalContext& cx) {
  const Tensor& x = cx.tensor(0);
  const std::vector<int64_t> image = to_int64s(cx.tensor(1)), block = to_int64s(cx.tensor(2));
  if (image.size() != block.size() || x.rank() != 3)
    fail(ErrorCode::shape_mismatch,
         "the image shape and the block shape must have as many elements, the input rank 3; found {}, {}, {}",
         image.size(), block.size(), dims_to_string(x.dims()));
  expect_positive(image, "the image shape");
  expect_positive(block, "the block shape");
  const Slide s = make_slide(op.window, image, block);
  if (x.dim(1) % s.taps != 0 || x.dim(2) != s.positions)
    fail(ErrorCode::shape_mismatch, "the input must have shape [N,C*{},{}] for image {} and block {}; found {}", s.taps,
         s.positions, dims_to_string(image), dims_to_string(block), dims_to_string(x.dims()));
  const int64_t channels = x.dim(1) / s.taps;
  Dims dims = {x.dim(0), channels};
  dims.insert(dims.end(), image.begin(), image.end());
  RealResult<T> y(x.dtype(), dims);
  const Reals<T> input(x);
  std::vector<int64_t> targets(static_cast<size_t>(checked_mul(s.taps, s.positions)));
  source_positions(s, 0, s.positions, s.positions, targets.data());
  cx.threads().parallel(x.dim(0) * channels, [&](int64_t plane) {
    const T* from = input.data() + plane * s.taps * s.positions;
    T* to = y.data() + plane * s.plane;
    for (int64_t i = 0; i < s.taps * s.positions; ++i)
      if (targets[i] >= 0) to[targets[i]] += from[i];
  });
  return y.finish();
}

/// What one axis of the pooled input measured, as far as the window tells.
Dim unpooled_dim(const Window& filled, size_t axis, const Dim& in) {
  return (in - Dim(1)) * Dim(filled.strides[axis]) - Dim(filled.pads[axis]) -
         Dim(filled.pads[filled.strides.size() + axis]) + Dim(filled.kernel[axis]);
}

/// Where flat position `i` of a tensor of `from` dims lies in one of `to` dims; -1 when it is outside.
int64_t moved(int64_t i, const Dims& from, const Dims& to) {
  int64_t result = 0, stride = 1;
  for (size_t a = from.size(); a-- > 0; i /= from[a]) {
    if (i % from[a] >= to[a]) return -1;
    result += i % from[a] * stride;
    stride *= to[a];
  }
  return result;
}

}  // namespace

std::vector<Fact> Col2Im::infer(InferContext& cx) const {
  expect_rank(cx, 0, "the columns", 3, 3);
  expect_rank(cx, 1, "the image shape", 1, 1);
  expect_rank(cx, 2, "the block shape", 1, 1);
  const Type &x = cx.input(0).type, &image_type = cx.input(1).type;
  if (!is_float(x.dtype) && !is_integer(x.dtype))
    fail(ErrorCode::invalid_model, "the columns must be numbers; found {}", x.str());
  const auto image = cx.input(1).elements(), block = cx.input(2).elements();
  if (!x.ranked || !image_type.ranked || !image_type.shape[0].is_const()) return {unranked(x.dtype)};
  const int64_t rank = image_type.shape[0].value();
  if (rank < 1 || rank > 64)
    fail(ErrorCode::invalid_model, "the image shape must have 1 to 64 elements; found {}", rank);
  window.filled(static_cast<int>(rank));
  Shape out = {x.shape[0]};
  if (block) {
    const Dim taps = product(*block);
    if (taps.is_const() && taps.value() < 1)
      fail(ErrorCode::invalid_model, "the block must have elements; found {}", to_string(*block));
    if (taps.is_const() && x.shape[1].is_const() && x.shape[1].value() % taps.value() != 0)
      fail(ErrorCode::shape_mismatch, "dim 1 of the columns, {}, must be a multiple of the block's {} elements",
           x.shape[1].str(), taps.str());
    out.push_back(floordiv(x.shape[1], taps));
  } else {
    out.push_back(cx.unknown("channels"));
  }
  const Shape space = image ? *image : unknown_shape(cx, "image", rank);
  out.insert(out.end(), space.begin(), space.end());
  return {Fact::tensor(x.dtype, out)};
}

std::vector<HostValue> Col2Im::evaluate(const EvalContext& cx) const {
  return {with_real_type(cx.tensor(0).dtype(), [&](auto t) { return fold_columns<decltype(t)>(*this, cx); })};
}

std::vector<Fact> MaxUnpool::infer(InferContext& cx) const {
  expect_rank(cx, 0, "the input of the unpooling", 3);
  expect_rank(cx, 1, "the indices", 3);
  const Type &x = cx.input(0).type, &indices = cx.input(1).type;
  if (x.dtype == DType::string) fail(ErrorCode::invalid_model, "strings can't be unpooled");
  if (!x.ranked) return {unranked(x.dtype)};
  if (indices.ranked) {
    if (indices.rank() != x.rank())
      fail(ErrorCode::shape_mismatch, "the indices must have the input's shape; found {} and {}", indices.str(),
           x.str());
    for (int i = 0; i < x.rank(); ++i)
      expect_same(cx, indices.shape[i], x.shape[i], "the shape of the indices against the input's");
  }
  const Window filled = window.filled(x.rank() - 2);
  Shape out = {x.shape[0], x.shape[1]};
  if (cx.has(2)) {
    const auto given = cx.input(2).elements();
    if (given && static_cast<int>(given->size()) != x.rank())
      fail(ErrorCode::invalid_model, "the output shape must have {} elements; found {}", x.rank(), given->size());
    out = given ? *given : unknown_shape(cx, "unpooled", x.rank());
  } else {
    for (size_t i = 2; i < x.shape.size(); ++i) out.push_back(unpooled_dim(filled, i - 2, x.shape[i]));
  }
  return {Fact::tensor(x.dtype, out)};
}

std::vector<HostValue> MaxUnpool::evaluate(const EvalContext& cx) const {
  const Tensor &x = cx.tensor(0), &indices = cx.tensor(1);
  const Window filled = window.filled(static_cast<int>(x.rank()) - 2);
  Dims inferred = {x.dim(0), x.dim(1)};
  for (int64_t i = 2; i < x.rank(); ++i)
    inferred.push_back(unpooled_dim(filled, static_cast<size_t>(i - 2), x.dim(i)).value());
  for (int64_t d : inferred)
    if (d < 0) fail(ErrorCode::shape_mismatch, "the window gives an output of shape {}", dims_to_string(inferred));
  const Dims dims = cx.has(2) ? to_int64s(cx.tensor(2)) : inferred;
  if (dims.size() != inferred.size() || indices.dims() != x.dims())
    fail(ErrorCode::shape_mismatch,
         "the output shape must have {} elements and the indices the input's shape {}; found {} and {}",
         inferred.size(), dims_to_string(x.dims()), dims.size(), dims_to_string(indices.dims()));
  const int64_t limit = checked_product(inferred);
  Tensor y(x.dtype(), dims);
  const auto size = static_cast<size_t>(size_of(x.dtype()));
  const std::vector<int64_t> at = to_int64s(indices);
  for (size_t i = 0; i < at.size(); ++i) {
    if (at[i] < 0 || at[i] >= limit)
      fail(ErrorCode::runtime_index, "index {} is outside the unpooled tensor of {} elements", at[i], limit);
    const int64_t to = moved(at[i], inferred, dims);
    if (to >= 0)
      std::memcpy(y.mutable_bytes().data() + static_cast<size_t>(to) * size, x.bytes().data() + i * size, size);
  }
  return {y};
}

}  // namespace tenon::core
