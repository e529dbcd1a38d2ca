#include <algorithm>

#include "ops/conv.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "passes/fold.h"
#include "passes/match.h"
#include "passes/rewrites/families.h"
#include "passes/rewrites/reductions.h"
#include "passes/rewrites/shapes.h"

namespace tenon::core {
namespace {

std::optional<ReduceKind> combined(const Graph& g, ReduceKind outer, Value inner) {
  if (outer != ReduceKind::sum) return std::nullopt;
  if (is_unary(g, inner, UnaryKind::abs)) return ReduceKind::l1;
  if (is_unary(g, inner, UnaryKind::square)) return ReduceKind::sum_square;
  return std::nullopt;
}

Value reduce_like(Graph& g, Value reduce, ReduceKind kind, Value x) {
  Reduce op = *is<Reduce>(g, reduce);
  op.kind = kind;
  auto inputs = g.node(reduce.node).inputs;
  inputs[0] = x;
  return g.add(std::move(op), std::move(inputs));
}

std::optional<Patch> reduce_of_unary(Graph& g, Value root, Near& near) {
  const auto* reduce = is<Reduce>(g, root);
  if (!reduce || !is_float(g, root)) return std::nullopt;
  const Value inner = input(g, root);
  const auto kind = combined(g, reduce->kind, inner);
  if (!kind) return std::nullopt;
  if (!single_use(g, inner)) return near.miss(g.describe_node(inner.node) + " is used elsewhere");
  return replace(root, reduce_like(g, root, *kind, input(g, inner)));
}

std::optional<Patch> unary_of_reduce(Graph& g, Value root, Near& near) {
  const auto* unary = is<Unary>(g, root);
  const auto* reduce = unary ? is<Reduce>(g, input(g, root)) : nullptr;
  if (!reduce || !is_float(g, root)) return std::nullopt;
  std::optional<ReduceKind> kind;
  if (unary->kind == UnaryKind::sqrt && reduce->kind == ReduceKind::sum_square) kind = ReduceKind::l2;
  if (unary->kind == UnaryKind::log && reduce->kind == ReduceKind::sum) kind = ReduceKind::log_sum;
  if (!kind) return std::nullopt;
  const Value inner = input(g, root);
  if (!single_use(g, inner)) return near.miss(g.describe_node(inner.node) + " is used elsewhere");
  return replace(root, reduce_like(g, inner, *kind, input(g, inner)));
}

std::optional<Patch> log_sum_of_exp(Graph& g, Value root, Near& near) {
  const auto* reduce = is<Reduce>(g, root);
  if (!reduce || reduce->kind != ReduceKind::log_sum || !is_unary(g, input(g, root), UnaryKind::exp))
    return std::nullopt;
  const Value inner = input(g, root);
  if (!single_use(g, inner)) return near.miss(g.describe_node(inner.node) + " is used elsewhere");
  return replace(root, reduce_like(g, root, ReduceKind::log_sum_exp, input(g, inner)));
}

/// The transpose of what is left is smaller, or moves nothing.
std::optional<Patch> reduce_of_transpose(Graph& g, Value root, Near& near) {
  const auto* reduce = is<Reduce>(g, root);
  if (!reduce || !is<Transpose>(g, input(g, root))) return std::nullopt;
  const Value moved = input(g, root);
  if (!single_use(g, moved)) return near.miss("the transposed value is used elsewhere");
  const auto axes = reduced_axes(g, root);
  if (!axes || axes->empty()) return std::nullopt;
  const auto p = permutation_of(g, moved);
  std::vector<int64_t> sources, left;
  for (int64_t axis : *axes) sources.push_back(p[axis]);
  std::sort(sources.begin(), sources.end());
  for (size_t i = 0; i < p.size(); ++i)
    if (reduce->keepdims || !std::binary_search(axes->begin(), axes->end(), static_cast<int64_t>(i)))
      left.push_back(p[i]);
  for (int64_t& axis : left)
    if (!reduce->keepdims) axis -= std::lower_bound(sources.begin(), sources.end(), axis) - sources.begin();
  const Value reduced = g.add(Reduce(*reduce), {input(g, moved), constant_i64(g, sources)});
  return replace(root, left.empty() ? reduced : transpose(g, reduced, left));
}

std::optional<Patch> mean_to_pool(Graph& g, Value root, Near& near) {
  const auto* reduce = is<Reduce>(g, root);
  const Value x = reduce ? input(g, root) : Value{};
  if (!reduce || reduce->kind != ReduceKind::mean || !ranked_tensor(g, x) || !is_float(g, x)) return std::nullopt;
  const int rank = g.type(x).rank();
  const auto axes = reduced_axes(g, root);
  if (rank < 4 || !axes || axes->empty()) return std::nullopt;
  if ((*axes)[0] != 2 || static_cast<int>(axes->size()) != rank - 2)
    return near.miss("the mean is not over H and W alone");
  const Shape target = g.type(root).shape;
  if (!can_reshape_to(g, x, target)) return std::nullopt;  // N and C stay in their places
  Pool pool;
  pool.kind = PoolKind::average;
  pool.global = true;
  const Value v = g.add(std::move(pool), {x});
  const auto y = reshape_to(g, v, target);
  return y ? std::optional(replace(root, *y)) : std::nullopt;
}

constexpr Rewrite kReductionRules[] = {
    {"sum(abs(x)) => l1(x), sum(square(x)) => sum_square(x)", reduce_of_unary},
    {"sqrt(sum_square(x)) => l2(x), log(sum(x)) => log_sum(x)", unary_of_reduce},
    {"log_sum(exp(x)) => log_sum_exp(x)", log_sum_of_exp, true},
    {"Reduce(Transpose(x)) => Transpose(Reduce(x))", reduce_of_transpose},
};

constexpr Rewrite kPoolRules[] = {{"mean over H and W => global average Pool", mean_to_pool, true}};

}  // namespace

std::optional<std::vector<int64_t>> reduced_axes(const Graph& g, Value reduce) {
  const Value x = input(g, reduce);
  if (!ranked_tensor(g, x)) return std::nullopt;
  return is<Reduce>(g, reduce)->axes(g.type(x).rank(), g.fact(input(g, reduce, 1)));
}

std::optional<int64_t> trailing_axis(const Graph& g, Value reduce) {
  const auto axes = reduced_axes(g, reduce);
  if (!axes || axes->empty() || !is<Reduce>(g, reduce)->keepdims) return std::nullopt;
  const int64_t rank = g.type(input(g, reduce)).rank(), first = axes->front();
  return rank - first == static_cast<int64_t>(axes->size()) ? std::optional(first) : std::nullopt;
}

Rewrites reduction_rules() { return kReductionRules; }
Rewrites pool_rules() { return kPoolRules; }

}  // namespace tenon::core
