#include <algorithm>

#include "ops/index.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "passes/fold.h"
#include "passes/match.h"
#include "passes/rewrites/families.h"
#include "passes/rewrites/shapes.h"

namespace tenon::core {
namespace {

/// x when v = Expand(x) with x of the same rank, or v itself when it is constant.
std::optional<Value> unexpanded(const Graph& g, Value v) {
  if (is_constant(g, v)) return v;
  if (!is<Expand>(g, v) || !ranked_tensor(g, input(g, v)) || !ranked_tensor(g, v)) return std::nullopt;
  return g.type(input(g, v)).rank() == g.type(v).rank() ? std::optional(input(g, v)) : std::nullopt;
}

bool keeps_axis(const Graph& g, Value expanded, int64_t axis) {
  const Value x = *unexpanded(g, expanded);
  return known_equal(g.type(x).shape[axis], g.type(expanded).shape[axis]);
}

/// Whether the dims of `root` are numbers or dims of `like`: what `expanded_to` needs.
bool expandable(const Graph& g, Value root, Value like) {
  return ranked_tensor(g, root) && has_shape_value(g, g.type(root).shape, like);
}

/// `small` broadcast to the shape of `root`.
Patch expanded_to(Graph& g, Value small, Value root, Value like) {
  const Shape shape = g.type(root).shape;
  const auto target = shape_value(g, shape, like);
  return replace(root, g.add(Expand{}, {small, *target}));
}

/// Computed from the part that is not repeated, when no other operand is.
std::optional<Patch> pointwise_of_expand(Graph& g, Value root, Near&) {
  const bool pointwise = is<Unary>(g, root) || is<Binary>(g, root) || is<Where>(g, root) || is<Cast>(g, root);
  if (!pointwise || !ranked_tensor(g, root) || is_constant(g, root)) return std::nullopt;
  std::vector<Value> inputs;
  Value like;
  for (Value v : g.node(root.node).inputs) {
    const auto x = unexpanded(g, v);
    if (!x) return std::nullopt;
    if (*x != v) like = v;
    inputs.push_back(*x);
  }
  if (!like || !expandable(g, root, like)) return std::nullopt;
  const OpRef op = g.node(root.node).op;
  return expanded_to(g, g.add(op, std::move(inputs)), root, like);
}

/// A neutral constant only repeats x.
std::optional<Patch> neutral_that_broadcasts(Graph& g, Value root, Near&) {
  const auto* op = is<Binary>(g, root);
  if (!op || !ranked_tensor(g, root)) return std::nullopt;
  for (const int side : {0, 1}) {
    const Value constant = input(g, root, side), x = input(g, root, 1 - side);
    const auto number = is_constant(g, constant) ? uniform(g, constant) : std::nullopt;
    if (!number || !ranked_tensor(g, x) || g.type(x).dtype != g.type(root).dtype || same_shape(g, x, root)) continue;
    const bool neutral = ((op->kind == BinaryKind::add || op->kind == BinaryKind::logical_or) && *number == 0) ||
                         ((op->kind == BinaryKind::mul || op->kind == BinaryKind::logical_and) && *number == 1);
    if (neutral && !is_constant(g, x) && expandable(g, root, x)) return expanded_to(g, x, root, x);
  }
  return std::nullopt;
}

int64_t positive(int64_t axis, int64_t rank) { return axis < 0 ? axis + rank : axis; }

std::optional<Patch> slice_of_expand(Graph& g, Value root, Near&) {
  const Value v = is<Slice>(g, root) ? input(g, root) : Value{};
  if (!v || !is<Expand>(g, v) || !unexpanded(g, v) || !expandable(g, root, v)) return std::nullopt;
  const int64_t rank = g.type(v).rank();
  std::vector<int64_t> axes;
  for (int64_t i = 0; i < rank; ++i) axes.push_back(i);
  if (const Value given = input(g, root, 3)) {
    const auto known = numbers(g, given);
    if (!known) return std::nullopt;
    axes = *known;
  }
  for (int64_t axis : axes)
    if (!keeps_axis(g, v, positive(axis, rank))) return std::nullopt;
  auto inputs = g.node(root.node).inputs;
  inputs[0] = *unexpanded(g, v);
  return expanded_to(g, g.add(Slice{}, std::move(inputs)), root, v);
}

std::optional<Patch> concat_of_expands(Graph& g, Value root, Near&) {
  const auto* concat = is<Concat>(g, root);
  if (!concat || !ranked_tensor(g, root)) return std::nullopt;
  const int64_t axis = positive(concat->axis, g.type(root).rank());
  std::vector<Value> parts;
  for (Value v : g.node(root.node).inputs) {
    if (!is<Expand>(g, v) || !unexpanded(g, v) || !keeps_axis(g, v, axis)) return std::nullopt;
    if (!parts.empty()) {
      Shape a = g.type(parts[0]).shape, b = g.type(*unexpanded(g, v)).shape;
      a[axis] = b[axis] = 1;
      if (!same_shape(a, b)) return std::nullopt;
    }
    parts.push_back(*unexpanded(g, v));
  }
  const Value like = input(g, root);
  if (!expandable(g, root, like)) return std::nullopt;
  const Concat op = *concat;
  return expanded_to(g, g.add(Concat(op), std::move(parts)), root, like);
}

std::optional<Patch> cumulative_of_expand(Graph& g, Value root, Near&) {
  const auto* op = is<Cumulative>(g, root);
  const Value v = op ? input(g, root) : Value{};
  if (!v || !is<Expand>(g, v) || !unexpanded(g, v) || !expandable(g, root, v)) return std::nullopt;
  const auto axis = uniform(g, input(g, root, 1));
  if (!axis || !keeps_axis(g, v, positive(static_cast<int64_t>(*axis), g.type(v).rank()))) return std::nullopt;
  const Value axis_value = input(g, root, 1);
  return expanded_to(g, g.add(Cumulative(*op), {*unexpanded(g, v), axis_value}), root, v);
}

/// Only the first axis is repeated, and the reshape keeps it.
std::optional<Patch> reshape_of_expand(Graph& g, Value root, Near&) {
  const Value v = is<Reshape>(g, root) || is<Unsqueeze>(g, root) || is<Squeeze>(g, root) ? input(g, root) : Value{};
  if (!v || !is<Expand>(g, v) || !unexpanded(g, v) || !ranked_tensor(g, root)) return std::nullopt;
  const Value x = *unexpanded(g, v);
  Shape target = g.type(root).shape;
  if (target.empty() || !known_equal(g.type(x).shape[0], 1) || !known_equal(target[0], g.type(v).shape[0]))
    return std::nullopt;
  for (int64_t axis = 1; axis < g.type(v).rank(); ++axis)
    if (!keeps_axis(g, v, axis)) return std::nullopt;
  target[0] = 1;
  if (!expandable(g, root, v)) return std::nullopt;
  const auto small = reshape_to(g, x, target);
  return small ? std::optional(expanded_to(g, *small, root, v)) : std::nullopt;
}

std::optional<Patch> gather_by_expand(Graph& g, Value root, Near&) {
  const auto* gather = is<Gather>(g, root);
  const Value indices = gather ? input(g, root, 1) : Value{};
  if (!gather || !is<Expand>(g, indices) || !unexpanded(g, indices) || !ranked_tensor(g, root)) return std::nullopt;
  if (gather->axis != 0) return std::nullopt;
  const Gather op = *gather;
  const Value table = input(g, root), small = *unexpanded(g, indices);
  if (!expandable(g, root, indices)) return std::nullopt;
  return expanded_to(g, g.add(Gather(op), {table, small}), root, indices);
}

/// Elements 0, 1, 2, ... along one axis, the same everywhere else.
struct Counting {
  int64_t axis;
  Dim length;
};

std::optional<Counting> counting_constant(const Constant& c) {
  if (!is_integer(c.dtype()) || checked_product(c.dims()) > kMaxContent * 64) return std::nullopt;
  const auto values = to_int64s(c.value());
  int64_t axis = -1;
  for (size_t i = 0; i < c.dims().size(); ++i) {
    if (c.dims()[i] == 1) continue;
    if (axis >= 0) return std::nullopt;
    axis = static_cast<int64_t>(i);
  }
  for (size_t i = 0; i < values.size(); ++i)
    if (values[i] != static_cast<int64_t>(i)) return std::nullopt;
  return axis >= 0 ? std::optional(Counting{axis, c.dims()[axis]}) : std::nullopt;
}

std::vector<int64_t> axes_above_one(const Shape& shape) {
  std::vector<int64_t> axes;
  for (size_t i = 0; i < shape.size(); ++i)
    if (!known_equal(shape[i], 1)) axes.push_back(static_cast<int64_t>(i));
  return axes;
}

/// The axis of `after` that `axis` of `before` becomes when a reshape only adds and removes dims of 1.
std::optional<int64_t> followed_axis(const Shape& before, const Shape& after, int64_t axis) {
  const auto from = axes_above_one(before), to = axes_above_one(after);
  if (from.size() != to.size()) return std::nullopt;
  std::optional<int64_t> found;
  for (size_t i = 0; i < from.size(); ++i) {
    if (!known_equal(before[from[i]], after[to[i]])) return std::nullopt;
    if (from[i] == axis) found = to[i];
  }
  return found;
}

std::optional<Counting> as_counting(const Graph& g, Value v, int depth = 6) {
  if (depth == 0 || !ranked_tensor(g, v)) return std::nullopt;
  if (const ConstRef c = g.constant(v)) return counting_constant(*c);
  const Shape& shape = g.type(v).shape;
  if (is<Range>(g, v)) {
    const bool from_zero = uniform(g, input(g, v, 0)) == 0.0 && uniform(g, input(g, v, 2)) == 1.0;
    return from_zero ? std::optional(Counting{0, shape[0]}) : std::nullopt;
  }
  const bool reshaped = is<Reshape>(g, v) || is<Unsqueeze>(g, v) || is<Squeeze>(g, v);
  if (!reshaped && !is<Expand>(g, v) && !is<Cast>(g, v)) return std::nullopt;
  const auto inner = as_counting(g, input(g, v), depth - 1);
  if (!inner || is<Cast>(g, v)) return inner;
  if (is<Expand>(g, v)) {
    const int64_t axis = inner->axis + static_cast<int64_t>(shape.size()) - g.type(input(g, v)).rank();
    return known_equal(shape[axis], inner->length) ? std::optional(Counting{axis, inner->length}) : std::nullopt;
  }
  const auto axis = followed_axis(g.type(input(g, v)).shape, shape, inner->axis);
  return axis ? std::optional(Counting{*axis, inner->length}) : std::nullopt;
}

/// Every element looked up at its own place.
std::optional<Patch> gather_by_own_coordinates(Graph& g, Value root, Near&) {
  const auto* gather = is<GatherND>(g, root);
  const Value indices = gather ? input(g, root, 1) : Value{};
  const auto* concat = is<Concat>(g, indices);
  if (!concat || gather->batch_dims != 0 || !ranked_tensor(g, input(g, root)) || !ranked_tensor(g, root))
    return std::nullopt;
  const Shape& data = g.type(input(g, root)).shape;
  const auto parts = g.node(indices.node).inputs;
  if (parts.size() != data.size() || positive(concat->axis, g.type(indices).rank()) != g.type(indices).rank() - 1)
    return std::nullopt;
  const Shape target = g.type(root).shape;
  int64_t before = -1;
  for (size_t i = 0; i < parts.size(); ++i) {
    const auto c = as_counting(g, parts[i]);
    if (!c || c->axis <= before || !known_equal(c->length, data[i])) return std::nullopt;
    if (!known_equal(g.type(parts[i]).shape.back(), 1)) return std::nullopt;
    before = c->axis;
  }
  Dim others = 1;
  for (const Dim& d : target) others = others * d;
  if (!known_equal(others, product(data))) return std::nullopt;
  const auto y = reshape_to(g, input(g, root), target);
  return y ? std::optional(replace(root, *y)) : std::nullopt;
}

constexpr Rewrite kExpandRules[] = {
    spelling("x + 0, x * 1 that broadcast => Expand(x)", neutral_that_broadcasts),
    spelling("pointwise(Expand(x)) => Expand(pointwise(x))", pointwise_of_expand),
    spelling("Slice(Expand(x)) => Expand(Slice(x))", slice_of_expand),
    spelling("Concat(Expand(x), Expand(y)) => Expand(Concat(x, y))", concat_of_expands),
    spelling("Cumulative(Expand(x)) => Expand(Cumulative(x))", cumulative_of_expand),
    spelling("Reshape(Expand(x)) => Expand(Reshape(x))", reshape_of_expand),
    spelling("Gather(x, Expand(i)) => Expand(Gather(x, i))", gather_by_expand),
    {"GatherND(x, own coordinates) => Reshape(x)", gather_by_own_coordinates},
};

}  // namespace

Rewrites expand_rules() { return kExpandRules; }

}  // namespace tenon::core
