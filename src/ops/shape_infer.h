#pragma once
#include "ir/op.h"

namespace tenon::core {

/// The dims held by the integer vector `input`: fresh symbols when only its length is known, nothing when not even
/// that.
std::optional<Shape> dims_from(InferContext&, int input, std::string_view hint);
/// The number of elements of a vector input (1 for a scalar), where known.
std::optional<int64_t> length_of(const Fact&);
/// The one element of a scalar or one-element input, where known.
std::optional<Dim> element_of(const Fact&);
/// The fact, with its contents when it can carry them: a tensor of rank 0 or 1 of that many elements of a type that
/// carries contents.
Fact with_content(Fact fact, std::optional<std::vector<Dim>> content);
/// Fails unless input `i` is a vector (or, with `or_scalar`, a scalar) of i32 or i64.
void expect_indices(InferContext&, int i, std::string_view what, bool or_scalar = false);
/// The integers of a vector (or scalar) tensor at run time.
std::vector<int64_t> numbers_of(const EvalContext&, int input);
/// The number in a one-element tensor; fails naming `what` when there are more or none.
int64_t number_of(const EvalContext&, int input, std::string_view what);
/// `index`, negative ones counted from the end; ErrorCode::runtime_index naming index, axis and bound when out of
/// range.
int64_t checked_index(int64_t index, int64_t axis, int64_t bound);
/// The outer, the axis' own and the inner number of elements of a tensor.
struct AxisSpan {
  int64_t outer = 1, count = 1, inner = 1;
};
AxisSpan axis_span(const Dims& dims, int64_t axis);

}  // namespace tenon::core
