#include <algorithm>

#include "ops/index.h"
#include "ops/shape.h"
#include "passes/fold.h"
#include "passes/match.h"
#include "passes/merge_siblings.h"
#include "passes/rewrites/affine.h"
#include "passes/rewrites/families.h"
#include "passes/rewrites/moves.h"
#include "passes/rewrites/shapes.h"

namespace tenon::core {
namespace {

/// `v`, or what it is a Reshape of when nothing else reads that Reshape.
Value behind_reshape(const Graph& g, Value v) { return is<Reshape>(g, v) && single_use(g, v) ? input(g, v) : v; }

/// A Transpose behind at most one Reshape, each read once.
Value transpose_behind(const Graph& g, Value v) {
  const Value t = behind_reshape(g, v);
  return is<Transpose>(g, t) && single_use(g, t) && ranked_tensor(g, t) ? t : Value{};
}

std::optional<Patch> transposes_around_reshape(Graph& g, Value root, Near&) {
  if (!is<Transpose>(g, root) || !is<Reshape>(g, input(g, root)) || !ranked_tensor(g, root)) return std::nullopt;
  const Value first = transpose_behind(g, input(g, root));
  if (!first) return std::nullopt;
  const Value x = input(g, first);
  const auto move = combined(g.type(x).shape, permutation_of(g, first), g.type(input(g, root)).shape, permutation_of(g, root));
  const Shape target = g.type(root).shape;
  const auto y = move ? moved(g, x, *move, target) : std::nullopt;
  return y ? std::optional(replace(root, *y)) : std::nullopt;
}

/// The rows of the product of `v` may stand in any order: weights that all rows share, at most a bias of one row.
const MatMul* product_of_rows(const Graph& g, Value v) {
  const auto* matmul = is<MatMul>(g, v);
  if (!matmul) return nullptr;
  const Value w = input(g, v, 1), bias = input(g, v, 2);
  if (matmul->transpose_a || input(g, v, 3) || !single_use(g, v)) return nullptr;
  if (!ranked_tensor(g, w) || g.type(w).rank() != 2 || (bias && (!ranked_tensor(g, bias) || g.type(bias).rank() > 1))) return nullptr;
  return ranked_tensor(g, v) && ranked_tensor(g, input(g, v)) && g.type(v).rank() > 1 ? matmul : nullptr;
}

Value product_with(Graph& g, Value product, Value x) {
  auto inputs = g.node(product.node).inputs;
  inputs[0] = x;
  return g.add(g.node(product.node).op, std::move(inputs));
}

bool keeps_last(const std::vector<int64_t>& p) { return p.back() == static_cast<int64_t>(p.size()) - 1; }

/// Of two transposes around a product, the one in front moves behind it.
std::optional<Patch> transpose_below_product(Graph& g, Value root, Near&) {
  if (!is<Transpose>(g, root) || !ranked_tensor(g, root)) return std::nullopt;
  const Value product = behind_reshape(g, input(g, root));
  const Value first = product_of_rows(g, product) ? input(g, product) : Value{};
  if (!is<Transpose>(g, first) || !keeps_last(permutation_of(g, first))) return std::nullopt;
  const Value x = input(g, first);
  Shape shape = g.type(x).shape;
  shape.back() = g.type(product).shape.back();
  const auto move = combined(shape, permutation_of(g, first), g.type(input(g, root)).shape, permutation_of(g, root));
  const Shape target = g.type(root).shape;
  if (!move || !can_move(shape, *move, target)) return std::nullopt;
  return replace(root, *moved(g, product_with(g, product, x), *move, target));
}

/// The same with the one behind the product moving in front of it, where a Reshape is in the way.
std::optional<Patch> transpose_above_product(Graph& g, Value root, Near&) {
  if (!is<Transpose>(g, root) || !product_of_rows(g, input(g, root)) || !keeps_last(permutation_of(g, root))) return std::nullopt;
  const Value product = input(g, root), rows = input(g, product), first = transpose_behind(g, rows);
  if (!first || !is<Reshape>(g, rows) || g.type(rows).rank() != g.type(product).rank()) return std::nullopt;
  const Value x = input(g, first);
  const auto second = permutation_of(g, root);
  const auto move = combined(g.type(x).shape, permutation_of(g, first), g.type(rows).shape, second);
  Shape target = g.type(root).shape;
  target.back() = g.type(rows).shape.back();
  const auto y = move ? moved(g, x, *move, target) : std::nullopt;
  return y ? std::optional(replace(root, product_with(g, product, *y))) : std::nullopt;
}

std::optional<Patch> transpose_without_ones(Graph& g, Value root, Near&) {
  const Value t = is<Reshape>(g, root) ? input(g, root) : Value{};
  if (!is<Transpose>(g, t) || !single_use(g, t) || !ranked_tensor(g, root) || !ranked_tensor(g, t)) return std::nullopt;
  const Shape &turned = g.type(t).shape, target = g.type(root).shape;
  Shape kept;
  for (const Dim& d : turned)
    if (!known_equal(d, 1)) kept.push_back(d);
  if (kept.size() == turned.size() || !same_shape(kept, target)) return std::nullopt;
  const Value x = input(g, t);
  std::vector<int64_t> all(kept.size());
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<int64_t>(i);
  const auto move = combined(g.type(x).shape, permutation_of(g, t), kept, all);
  const auto y = move ? moved(g, x, *move, target) : std::nullopt;
  return y ? std::optional(replace(root, *y)) : std::nullopt;
}

/// A lookup of one constant position; gives the Gather.
const Gather* is_selection(const Graph& g, Value v) {
  const auto* gather = is<Gather>(g, v);
  if (!gather || !is_constant(g, input(g, v, 1)) || g.type(input(g, v, 1)).rank() != 0 || !ranked_tensor(g, input(g, v))) return nullptr;
  return gather;
}
int64_t selected_axis(const Graph& g, Value v) {
  const auto* gather = is<Gather>(g, v);
  return gather->axis < 0 ? gather->axis + g.type(input(g, v)).rank() : gather->axis;
}

/// Whether all that read `v` are selections, along one axis.
bool is_only_selected_from(const Graph& g, Value v) {
  if (g.is_output(v)) return false;
  for (const Use& use : g.uses(v)) {
    const Value user{use.user, 0}, first{g.uses(v)[0].user, 0};
    if (use.input != 0 || !is_selection(g, user) || selected_axis(g, user) != selected_axis(g, first)) return false;
  }
  return true;
}

/// Whether `v` is read once, by a Transpose or a Reshape in front of one.
bool leads_to_transpose(const Graph& g, Value v) {
  for (int steps = 0; steps < 2 && single_use(g, v); ++steps) {
    const Value user{g.uses(v)[0].user, 0};
    if (is<Transpose>(g, user)) return true;
    if (!is<Reshape>(g, user)) return false;
    v = user;
  }
  return false;
}

std::optional<Patch> selection_of_transpose(Graph& g, Value root, Near&) {
  const auto* gather = is_selection(g, root);
  const Value t = gather ? input(g, root) : Value{};
  if (!is<Transpose>(g, t) || !is_only_selected_from(g, t)) return std::nullopt;
  for (const Use& use : g.uses(t))
    if (!leads_to_transpose(g, {use.user, 0})) return std::nullopt;
  auto p = permutation_of(g, t);
  Gather op = *gather;
  op.axis = p[selected_axis(g, root)];
  p.erase(p.begin() + selected_axis(g, root));
  for (int64_t& axis : p) axis -= axis > op.axis;
  const Value x = input(g, t), index = input(g, root, 1);
  return replace(root, transpose(g, g.add(std::move(op), {x, index}), p));
}

/// Of a constant whose axis `axis` is [outer, count, inner], what stands at `index` of `count`.
Value selected_columns(Graph& g, Value constant, int64_t axis, int64_t outer, int64_t count, Value index) {
  Dims dims = g.constant(constant)->dims(), part = dims;
  const int64_t inner = dims[axis] / outer / count;
  part[axis] = outer * inner;
  dims[axis] = inner;
  dims.insert(dims.begin() + axis, {outer, count});
  Gather op;
  op.axis = axis + 1;
  return fold_reshape(g, fold(g, std::move(op), {fold_reshape(g, constant, dims), index}), part);
}

/// Queries, keys and values that come out of one product as [.., 3, ..]: three products, each of its part of the weights.
std::optional<Patch> selection_of_product(Graph& g, Value root, Near&) {
  const Value seen = is_selection(g, root) ? input(g, root) : Value{};
  const Value v = is<Reshape>(g, seen) ? input(g, seen) : Value{};
  const auto* matmul = product_of_rows(g, v);
  if (!matmul || !is_only_selected_from(g, seen) || !leads_to_transpose(g, root)) return std::nullopt;
  const auto a = as_affine(g, v);
  if (!a || !is_constant(g, a->weights) || (a->bias && (!is_constant(g, a->bias) || g.type(a->bias).rank() != 1))) return std::nullopt;
  const Shape &shape = g.type(seen).shape, target = g.type(root).shape;
  const int64_t axis = selected_axis(g, root);
  const Dim columns = g.type(v).shape.back();
  Dim tail = 1, outer = 1;
  int64_t first = static_cast<int64_t>(shape.size());
  while (first > 0 && !known_equal(tail, columns)) tail = tail * shape[--first];
  if (!known_equal(tail, columns) || !tail.is_const() || axis < first) return std::nullopt;
  for (int64_t i = first; i < axis; ++i) outer = outer * shape[i];
  const int64_t count = shape[axis].value();
  if (count < 1) return std::nullopt;
  Shape rows = g.type(v).shape;
  rows.back() = columns.value() / count;
  if (!can_reshape(rows, target)) return std::nullopt;
  const MatMul op = *matmul;
  const Value index = input(g, root, 1);
  std::vector<Value> inputs{a->x, selected_columns(g, a->weights, op.transpose_b ? 0 : 1, outer.value(), count, index)};
  if (a->bias) inputs.push_back(selected_columns(g, a->bias, 0, outer.value(), count, index));
  return replace(root, *reshape_to(g, g.add(MatMul(op), std::move(inputs)), target));
}

constexpr Rewrite kChainRules[] = {
    {"Transpose(Reshape(Transpose(x))) => Reshape(Transpose(Reshape(x)))", transposes_around_reshape},
    {"Transpose(MatMul(Transpose(x), w)) => Transpose(MatMul(x, w))", transpose_below_product},
    {"Transpose(MatMul(Reshape(Transpose(x)), w)) => MatMul(Reshape(Transpose(x)), w)", transpose_above_product},
    spelling("Reshape(Transpose(x)) without axes of 1 => Transpose(Reshape(x))", transpose_without_ones),
    spelling("Gather(Transpose(x), number), a Transpose below => Transpose(Gather(x, number))", selection_of_transpose),
    {"Gather(Reshape(MatMul(x, w)), number) => MatMul(x, part of w)", selection_of_product},
};

}  // namespace

Rewrites chain_rules() { return kChainRules; }

}  // namespace tenon::core
