#pragma once
#include "ir/graph.h"
#include "ops/pointwise.h"

namespace tenon::core {

/// The op that computes `v` as its first output, when it is a T.
template <class T>
const T* is(const Graph& g, Value v) {
  return v && v.output == 0 ? g.node(v.node).as<T>() : nullptr;
}
/// Input `i` of the node that computes `v`; absent when it has none.
Value input(const Graph&, Value v, int i = 0);
int input_count(const Graph&, Value v);  // without those left out at the end
/// `v` is read once and is no graph output.
bool single_use(const Graph&, Value v);

/// A constant, or an input that is left out.
bool is_constant_or_absent(const Graph&, Value v);

bool is_unary(const Graph&, Value v, UnaryKind);
bool is_binary(const Graph&, Value v, BinaryKind);
bool is_float(const Graph&, Value v);

bool ranked_tensor(const Graph&, Value v);
/// Equal dims for every binding; false for what is not a tensor of known rank.
bool same_shape(const Graph&, Value a, Value b);
bool same_shape(const Shape& a, const Shape& b);
bool same_type(const Graph&, Value a, Value b);

/// The number in all elements of a constant, also of a large one that is a Reshape, Expand, Tile, Transpose or
/// ConstantOfShape of a small one.
std::optional<double> uniform(const Graph&, Value v);

/// A binary node seen as `x kind number`, the number on either side where the kind commutes. The result has x's type.
struct WithNumber {
  Value x;
  double number;
};
std::optional<WithNumber> with_number(const Graph&, Value v, BinaryKind);
/// A binary node with a constant on the right, or on either side where the kind commutes. The result has x's type.
struct WithConstant {
  Value x, constant;
};
std::optional<WithConstant> with_constant(const Graph&, Value v, BinaryKind);
bool commutes(BinaryKind);

/// The axes of a Reduce-like input of i64 numbers.
std::optional<std::vector<int64_t>> numbers(const Graph&, Value v);

/// The scalar in a bound that may be left out: `otherwise` when absent, nothing when not constant.
std::optional<double> scalar_or(const Graph&, Value v, double otherwise);

bool close(double a, double b, double tolerance = 1e-4);

}  // namespace tenon::core
