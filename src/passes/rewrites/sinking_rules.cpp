#include <algorithm>

#include "ops/reduce.h"
#include "ops/shape.h"
#include "passes/fold.h"
#include "passes/match.h"
#include "passes/rewrites/families.h"
#include "passes/rewrites/reductions.h"
#include "passes/rewrites/shapes.h"

namespace tenon::core {
namespace {

bool is_pointwise(const Graph& g, Value v) {
  return is<Unary>(g, v) || is<Binary>(g, v) || is<Clip>(g, v) || is<Cast>(g, v);
}

bool is_one_element(const Graph& g, Value v) {
  if (!v) return true;
  return is_constant(g, v) && ranked_tensor(g, v) && g.type(v).rank() == 0;
}

/// The same pointwise node on other inputs.
Value on_inputs(Graph& g, Value v, std::vector<Value> inputs) { return g.add(g.node(v.node).op, std::move(inputs)); }

/// What stands for `operand` when the node works in front of the move that made `moved`; nothing when there is none.
using Unmove = std::optional<Value> (*)(Graph&, Value operand, Value moved, Value root);

/// pointwise(move(x), ...) => move(pointwise(x, ...)).
template <class IsMove>
std::optional<Value> moved_operand(const Graph& g, Value root, IsMove is_move) {
  if (!is_pointwise(g, root) || !ranked_tensor(g, root)) return std::nullopt;
  for (Value v : g.node(root.node).inputs)
    if (v && is_move(g, v) && single_use(g, v) && same_shape(g, v, root)) return v;
  return std::nullopt;
}

std::optional<std::vector<Value>> unmoved_inputs(Graph& g, Value root, Value moved, Unmove unmove) {
  std::vector<Value> out;
  for (Value v : std::vector<Value>(g.node(root.node).inputs)) {
    const auto before = v == moved             ? std::optional(input(g, moved))
                        : is_one_element(g, v) ? std::optional(v)
                                               : unmove(g, v, moved, root);
    if (!before) return std::nullopt;
    out.push_back(*before);
  }
  return out;
}

bool is_reshape(const Graph& g, Value v) {
  return is<Reshape>(g, v) && is_constant(g, input(g, v, 1)) && ranked_tensor(g, input(g, v));
}

/// A constant over the last axis, when the reshape keeps that axis; another reshape of a value of the same shape.
std::optional<Value> unreshape(Graph& g, Value operand, Value moved, Value) {
  if (is_reshape(g, operand) && single_use(g, operand) && same_shape(g, input(g, operand), input(g, moved)) &&
      same_shape(g, operand, moved))
    return input(g, operand);
  const Shape& before = g.type(input(g, moved)).shape;
  if (!is_constant(g, operand) || before.empty() || !known_equal(before.back(), g.type(moved).shape.back()))
    return std::nullopt;
  const Dims& dims = g.constant(operand)->dims();
  if (dims.empty() || !std::all_of(dims.begin(), dims.end() - 1, [](int64_t d) { return d == 1; })) return std::nullopt;
  return fold_reshape(g, operand, {dims.back()});
}

std::optional<Patch> sink_reshape(Graph& g, Value root, Near&) {
  const auto moved = moved_operand(g, root, is_reshape);
  if (!moved) return std::nullopt;
  const Reshape op = *is<Reshape>(g, *moved);
  const Value shape = input(g, *moved, 1);
  const auto inputs = unmoved_inputs(g, root, *moved, unreshape);
  if (!inputs) return std::nullopt;
  return replace(root, g.add(Reshape(op), {on_inputs(g, root, *inputs), shape}));
}

/// A transpose of the same permutation, or a constant transposed back.
std::optional<Value> untranspose(Graph& g, Value operand, Value moved, Value root) {
  const auto p = permutation_of(g, moved);
  if (is<Transpose>(g, operand) && single_use(g, operand) && permutation_of(g, operand) == p) return input(g, operand);
  if (!is_constant(g, operand)) return std::nullopt;
  Dims dims = g.constant(operand)->dims();
  dims.insert(dims.begin(), g.type(root).rank() - dims.size(), 1);
  Transpose back;
  back.permutation = inverse(p);
  return fold(g, std::move(back), {fold_reshape(g, operand, dims)});
}

/// Whether a transpose that moves down from `v` meets another one.
bool meets_transpose(const Graph& g, Value v) {
  for (int steps = 0; steps < 32 && single_use(g, v); ++steps) {
    const Value user{g.uses(v)[0].user, 0};
    if (is<Transpose>(g, user)) return true;
    if (!is_pointwise(g, user)) return false;
    for (Value other : g.node(user.node).inputs)
      if (other && other != v && !is_constant(g, other) && !is<Transpose>(g, other)) return false;
    v = user;
  }
  return false;
}

bool is_transpose(const Graph& g, Value v) { return is<Transpose>(g, v) != nullptr; }

std::optional<Patch> sink_transpose(Graph& g, Value root, Near&) {
  const auto moved = moved_operand(g, root, is_transpose);
  if (!moved || !meets_transpose(g, root)) return std::nullopt;
  const auto p = permutation_of(g, *moved);
  const auto inputs = unmoved_inputs(g, root, *moved, untranspose);
  if (!inputs) return std::nullopt;
  return replace(root, transpose(g, on_inputs(g, root, *inputs), p));
}

std::optional<Patch> reshape_of_reduce(Graph& g, Value root, Near&) {
  const Value v = is<Reshape>(g, root) ? input(g, root) : Value{};
  const auto* reduce = is<Reduce>(g, v);
  const auto axes = reduce && !reduce->keepdims ? reduced_axes(g, v) : std::nullopt;
  if (!axes || !single_use(g, v)) return std::nullopt;
  Shape kept = g.type(input(g, v)).shape;
  for (int64_t axis : *axes) kept[axis] = 1;
  if (!same_shape(kept, g.type(root).shape)) return std::nullopt;
  Reduce op = *reduce;
  op.keepdims = true;
  return replace(root, g.add(std::move(op), g.node(v.node).inputs));
}

std::optional<Patch> shape_of_same_shape(Graph& g, Value root, Near&) {
  const auto* shape = is<ShapeOf>(g, root);
  const Value v = shape ? input(g, root) : Value{};
  if (!shape || !ranked_tensor(g, v) || g.node(v.node).as<InputOp>()) return std::nullopt;
  for (Value x : g.node(v.node).inputs)
    if (x && !is_constant(g, x) && same_shape(g, x, v)) return replace(root, g.add(ShapeOf(*shape), {x}));
  return std::nullopt;
}

constexpr Rewrite kSinkingRules[] = {
    spelling("pointwise(Reshape(x)) => Reshape(pointwise(x))", sink_reshape),
    spelling("pointwise(Transpose(x)), a Transpose below => Transpose(pointwise(x))", sink_transpose),
    spelling("Reshape(Reduce(x)) => Reduce{keepdims}(x)", reshape_of_reduce),
    spelling("ShapeOf(f(x)), f keeps the shape => ShapeOf(x)", shape_of_same_shape),
};

}  // namespace

Rewrites sinking_rules() { return kSinkingRules; }

}  // namespace tenon::core
