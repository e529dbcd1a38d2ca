#pragma once
#include "ir/graph.h"

namespace tenon::core {

/// `x` reshaped to `target`, x itself when it has that shape. Nothing when the target can't be written as one
/// Reshape: with more than one symbolic dim that is not the input's dim at the same place. Adds nodes only on success.
std::optional<Value> reshape_to(Graph&, Value x, const Shape& target);
/// Whether `reshape_to` would succeed.
bool can_reshape_to(const Graph&, Value x, const Shape& target);
bool can_reshape(const Shape& from, const Shape& target);
/// `shape` as an i64 value, each dim a number or a dim of `x`. Adds nodes only on success.
std::optional<Value> shape_value(Graph&, const Shape& shape, Value x);
/// Whether `shape_value` would succeed.
bool has_shape_value(const Graph&, const Shape& shape, Value x);
/// The permutation of a Transpose, filled in.
std::vector<int64_t> permutation_of(const Graph&, Value transposed);
std::vector<int64_t> inverse(const std::vector<int64_t>& permutation);
bool is_identity(const std::vector<int64_t>& permutation);
Value transpose(Graph&, Value x, std::vector<int64_t> permutation);

}  // namespace tenon::core
