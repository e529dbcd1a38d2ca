#include <algorithm>
#include <numeric>

#include "ops/reduce.h"
#include "ops/shape.h"
#include "passes/match.h"
#include "passes/rewrites/families.h"
#include "passes/rewrites/shapes.h"

namespace tenon::core {
namespace {

bool is_reshape_like(const Graph& g, Value v) {
  return is<Reshape>(g, v) || is<Squeeze>(g, v) || is<Unsqueeze>(g, v) || is<Flatten>(g, v);
}

std::optional<Patch> reshape_of_known_shape(Graph& g, Value root, Near&) {
  if (!is_reshape_like(g, root) || !ranked_tensor(g, root)) return std::nullopt;
  const Value x = input(g, root);
  const Shape target = g.type(root).shape;
  if (same_shape(g, x, root)) return forward(g, root, x);
  if (is<Reshape>(g, root) && is_constant(g, input(g, root, 1))) return std::nullopt;
  const auto y = reshape_to(g, x, target);
  return y ? std::optional(replace(root, *y)) : std::nullopt;
}

std::optional<Patch> reshape_of_reshape(Graph& g, Value root, Near&) {
  if (!is_reshape_like(g, root) || !is_reshape_like(g, input(g, root)) || !ranked_tensor(g, root)) return std::nullopt;
  const Value x = input(g, input(g, root));
  const Shape target = g.type(root).shape;
  const auto y = reshape_to(g, x, target);
  if (!y) return std::nullopt;
  return *y == x ? forward(g, root, x) : replace(root, *y);
}

std::optional<Patch> transpose_that_moves_nothing(Graph& g, Value root, Near&) {
  if (!is<Transpose>(g, root)) return std::nullopt;
  const Value x = input(g, root);
  if (!g.type(x).ranked) return std::nullopt;
  const auto p = permutation_of(g, root);
  if (is_identity(p)) return forward(g, root, x);
  std::vector<int64_t> moved;
  for (int64_t axis : p)
    if (!known_equal(g.type(x).shape[axis], 1)) moved.push_back(axis);
  if (!std::is_sorted(moved.begin(), moved.end())) return std::nullopt;
  const Shape target = g.type(root).shape;
  const auto y = reshape_to(g, x, target);
  return y ? std::optional(replace(root, *y)) : std::nullopt;
}

std::optional<Patch> transpose_of_transpose(Graph& g, Value root, Near&) {
  if (!is<Transpose>(g, root) || !is<Transpose>(g, input(g, root))) return std::nullopt;
  const auto outer = permutation_of(g, root), inner = permutation_of(g, input(g, root));
  std::vector<int64_t> both;
  for (int64_t axis : outer) both.push_back(inner[axis]);
  const Value x = input(g, input(g, root));
  return is_identity(both) ? forward(g, root, x) : replace(root, transpose(g, x, both));
}

std::optional<Patch> expand_to_own_shape(Graph& g, Value root, Near&) {
  if (!is<Expand>(g, root) && !is<Tile>(g, root)) return std::nullopt;
  if (!same_shape(g, input(g, root), root)) return std::nullopt;
  return forward(g, root, input(g, root));
}

bool all_are(const std::vector<int64_t>& values, int64_t wanted) {
  return std::all_of(values.begin(), values.end(), [&](int64_t v) { return v == wanted; });
}

/// No binding within the ranges makes a sliced dim larger than the end of its slice.
bool ends_reach(const Graph& g, Value root, const std::vector<int64_t>& ends) {
  const Shape& shape = g.type(input(g, root)).shape;
  std::vector<int64_t> axes(ends.size());
  std::iota(axes.begin(), axes.end(), 0);
  if (const Value given = input(g, root, 3)) {
    const auto known = numbers(g, given);
    if (!known || known->size() != ends.size()) return false;
    axes = *known;
  }
  for (size_t i = 0; i < ends.size(); ++i) {
    const int64_t axis = axes[i] < 0 ? axes[i] + static_cast<int64_t>(shape.size()) : axes[i];
    if (shape[axis].bounds(g.ranges).high > ends[i]) return false;
  }
  return true;
}

std::optional<Patch> slice_of_everything(Graph& g, Value root, Near&) {
  if (!is<Slice>(g, root) || !ranked_tensor(g, input(g, root))) return std::nullopt;
  if (const Value steps = input(g, root, 4)) {
    const auto values = numbers(g, steps);
    if (!values || !all_are(*values, 1)) return std::nullopt;
  }
  if (same_shape(g, input(g, root), root)) return forward(g, root, input(g, root));
  const auto starts = numbers(g, input(g, root, 1)), ends = numbers(g, input(g, root, 2));
  if (!starts || !ends || !all_are(*starts, 0) || !ends_reach(g, root, *ends)) return std::nullopt;
  return forward(g, root, input(g, root));
}

std::optional<Patch> pad_by_nothing(Graph& g, Value root, Near&) {
  if (!is<Pad>(g, root)) return std::nullopt;
  const auto pads = numbers(g, input(g, root, 1));
  if (!pads || !all_are(*pads, 0)) return std::nullopt;
  return forward(g, root, input(g, root));
}

std::optional<Patch> concat_of_one(Graph& g, Value root, Near&) {
  if (!is<Concat>(g, root) || input_count(g, root) != 1) return std::nullopt;
  return forward(g, root, input(g, root));
}

std::optional<Patch> concat_of_concat(Graph& g, Value root, Near&) {
  const auto* outer = is<Concat>(g, root);
  if (!outer || !ranked_tensor(g, root)) return std::nullopt;
  const int rank = g.type(root).rank();
  const auto axis = [&](const Concat& c) { return c.axis < 0 ? c.axis + rank : c.axis; };
  std::vector<Value> parts;
  bool flat = true;
  for (Value v : g.node(root.node).inputs) {
    const auto* inner = is<Concat>(g, v);
    const bool open = inner && axis(*inner) == axis(*outer) && single_use(g, v);
    flat &= !open;
    if (open)
      parts.insert(parts.end(), g.node(v.node).inputs.begin(), g.node(v.node).inputs.end());
    else
      parts.push_back(v);
  }
  if (flat) return std::nullopt;
  return replace(root, g.add(Concat(*outer), parts));
}

std::optional<Patch> split_in_one(Graph& g, Value root, Near&) {
  if (!is<Split>(g, root) || g.node(root.node).outputs.size() != 1) return std::nullopt;
  return forward(g, root, input(g, root));
}

/// From `first` on, the inputs of a Concat are all parts of a Split along the same axis, in order.
bool joins_whole_split(Graph& g, Value concat, size_t first) {
  const auto& parts = g.node(concat.node).inputs;
  const NodeId source = parts[first].node;
  const auto* split = g.node(source).as<Split>();
  if (!split || parts.size() - first < g.node(source).outputs.size()) return false;
  for (size_t i = 0; i < g.node(source).outputs.size(); ++i)
    if (parts[first + i] != Value{source, static_cast<int32_t>(i)}) return false;
  return (is<Concat>(g, concat)->axis - split->axis) % g.type(concat).rank() == 0;
}

std::optional<Patch> concat_of_split(Graph& g, Value root, Near&) {
  const auto* concat = is<Concat>(g, root);
  if (!concat || !ranked_tensor(g, root)) return std::nullopt;
  const std::vector<Value> all = g.node(root.node).inputs;
  std::vector<Value> parts;
  for (size_t i = 0; i < all.size();) {
    const bool whole = joins_whole_split(g, root, i);
    parts.push_back(whole ? g.node(all[i].node).inputs[0] : all[i]);
    i += whole ? g.node(all[i].node).outputs.size() : 1;
  }
  if (parts.size() == all.size()) return std::nullopt;
  if (parts.size() == 1) return forward(g, root, parts[0]);
  return replace(root, g.add(Concat(*concat), parts));
}

std::optional<Patch> reduce_of_nothing(Graph& g, Value root, Near&) {
  const auto* reduce = is<Reduce>(g, root);
  if (!reduce || !ranked_tensor(g, input(g, root))) return std::nullopt;
  switch (reduce->kind) {
    case ReduceKind::sum:
    case ReduceKind::mean:
    case ReduceKind::max:
    case ReduceKind::min:
    case ReduceKind::prod:
      break;
    default:
      return std::nullopt;
  }
  const Value x = input(g, root);
  const Shape& shape = g.type(x).shape;
  const auto axes = reduce->axes(static_cast<int>(shape.size()), g.fact(input(g, root, 1)));
  if (!axes) return std::nullopt;
  for (int64_t axis : *axes)
    if (!known_equal(shape[axis], 1)) return std::nullopt;
  const Shape target = g.type(root).shape;
  const auto y = reshape_to(g, x, target);
  if (!y) return std::nullopt;
  return *y == x ? forward(g, root, x) : replace(root, *y);
}

constexpr Rewrite kMovementRules[] = {
    spelling("Reshape(x, shape) => Reshape(x, constant)", reshape_of_known_shape),
    {"Reshape(Reshape(x)) => Reshape(x)", reshape_of_reshape},
    spelling("Transpose that moves nothing => Reshape", transpose_that_moves_nothing),
    {"Transpose(Transpose(x)) => Transpose(x)", transpose_of_transpose},
    spelling("Expand(x, shape of x) => x", expand_to_own_shape),
    spelling("Slice of everything => x", slice_of_everything),
    spelling("Pad(x, 0) => x", pad_by_nothing),
    spelling("Concat(x) => x", concat_of_one),
    spelling("Concat(Concat(a, b), c) => Concat(a, b, c)", concat_of_concat),
    spelling("Split in one => x", split_in_one),
    {"Concat(Split(x), y) => Concat(x, y)", concat_of_split},
    spelling("Reduce over dims of 1 => Reshape", reduce_of_nothing),
};

}  // namespace

Rewrites movement_rules() { return kMovementRules; }

}  // namespace tenon::core
