#include "ops/infer_util.h"

#include <algorithm>

#include "base/error.h"

namespace tenon::core {
namespace {

std::string type_of(const InferContext& cx, int input) {
  return cx.has(input) ? cx.input(input).type.str() : "nothing";
}

/// The dim at `axis` of the longer shape's `rank` axes; 1 where `shape` has no such axis.
template <class D>
D aligned(const std::vector<D>& shape, size_t axis, size_t rank) {
  const size_t missing = rank - shape.size();
  return axis < missing ? D(1) : shape[axis - missing];
}

}  // namespace

int64_t resolve_axis(int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank)
    fail(ErrorCode::invalid_model, "axis {} is outside a tensor of rank {}; it must be in [{}, {}]", axis, rank, -rank,
         rank - 1);
  return axis < 0 ? axis + rank : axis;
}

std::vector<int64_t> resolve_axes(std::span<const int64_t> axes, int64_t rank) {
  std::vector<int64_t> resolved;
  for (int64_t axis : axes) {
    resolved.push_back(resolve_axis(axis, rank));
    if (std::count(resolved.begin(), resolved.end(), resolved.back()) > 1)
      fail(ErrorCode::invalid_model, "axis {} is given twice; each axis may appear once", resolved.back());
  }
  return resolved;
}

Shape broadcast_shapes(InferContext&, const Shape& a, const Shape& b, std::string_view what) {
  const size_t rank = std::max(a.size(), b.size());
  Shape result;
  for (size_t i = 0; i < rank; ++i) {
    const Dim x = aligned(a, i, rank), y = aligned(b, i, rank);
    if (x.is_const() && y.is_const() && x.value() != y.value() && x.value() != 1 && y.value() != 1)
      fail(ErrorCode::shape_mismatch, "{}: shapes {} and {} do not broadcast: {} and {} are different and neither is 1",
           what, to_string(a), to_string(b), x.value(), y.value());
    result.push_back(broadcast(x, y));
  }
  return result;
}

Dims broadcast_dims(const Dims& a, const Dims& b) {
  const size_t rank = std::max(a.size(), b.size());
  Dims result;
  for (size_t i = 0; i < rank; ++i) {
    const int64_t x = aligned(a, i, rank), y = aligned(b, i, rank);
    if (x != y && x != 1 && y != 1)
      fail(ErrorCode::shape_mismatch, "shapes {} and {} do not broadcast: {} and {} are different and neither is 1",
           dims_to_string(a), dims_to_string(b), x, y);
    result.push_back(x == 1 ? y : x);
  }
  return result;
}

void expect_tensor(InferContext& cx, int input, std::string_view what) {
  if (!cx.input(input).type.is_tensor())
    fail(ErrorCode::invalid_model, "{} must be a tensor; found {}", what, type_of(cx, input));
}

void expect_rank(InferContext& cx, int input, std::string_view what, int low, int high) {
  expect_tensor(cx, input, what);
  const Type& type = cx.input(input).type;
  if (!type.ranked) return;
  if (type.rank() >= low && type.rank() <= high) return;
  if (low == high) fail(ErrorCode::invalid_model, "{} must have rank {}; found {}", what, low, type.str());
  if (type.rank() < low)
    fail(ErrorCode::invalid_model, "{} must have rank {} or more; found {}", what, low, type.str());
  fail(ErrorCode::invalid_model, "{} must have rank {} to {}; found {}", what, low, high, type.str());
}

void expect_dtype(InferContext& cx, int input, std::string_view what, std::initializer_list<DType> dtypes) {
  expect_tensor(cx, input, what);
  if (std::find(dtypes.begin(), dtypes.end(), cx.input(input).dtype()) != dtypes.end()) return;
  std::string wanted;
  for (DType dtype : dtypes) {
    if (!wanted.empty()) wanted += ", ";
    wanted += to_string(dtype);
  }
  fail(ErrorCode::invalid_model, "{} must be of type {}; found {}", what, wanted, type_of(cx, input));
}

Fact unranked(DType dtype) { return Fact(Type::unranked(dtype)); }

Shape unknown_shape(InferContext& cx, std::string_view hint, int64_t rank) {
  Shape shape;
  for (int64_t i = 0; i < rank; ++i) shape.push_back(cx.unknown(hint));
  return shape;
}

}  // namespace tenon::core
