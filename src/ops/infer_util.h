#pragma once
#include "ir/op.h"

namespace tenon::core {

/// -rank <= axis < rank, as a non-negative number; fails naming the axis and the rank.
int64_t resolve_axis(int64_t axis, int64_t rank);
std::vector<int64_t> resolve_axes(std::span<const int64_t> axes, int64_t rank);  // also refuses duplicates
/// NumPy broadcasting; fails naming both shapes when dims are known to clash.
Shape broadcast_shapes(InferContext&, const Shape& a, const Shape& b, std::string_view what);
Dims broadcast_dims(const Dims& a, const Dims& b);
/// Fails unless the input is a tensor (of one of `dtypes`, of rank in [low, high]).
void expect_tensor(InferContext&, int input, std::string_view what);
void expect_rank(InferContext&, int input, std::string_view what, int low, int high = 1 << 20);
void expect_dtype(InferContext&, int input, std::string_view what, std::initializer_list<DType> dtypes);
/// An unranked tensor of this dtype: for ops whose output shape is not known at all.
Fact unranked(DType);
/// `count` elements of fresh symbols, for a shape that comes from an input with unknown contents.
Shape unknown_shape(InferContext&, std::string_view hint, int64_t rank);

}  // namespace tenon::core
