#include "passes/merge_siblings.h"

#include <algorithm>

#include "ops/shape.h"
#include "passes/fold.h"
#include "passes/match.h"
#include "passes/pack_attention.h"
#include "passes/rewrites/affine.h"

namespace tenon::core {
namespace {

constexpr std::string_view kSiblingEquation = "products of one value => one product and a Split";

std::optional<Affine> mergeable(const Graph& g, NodeId id) {
  const auto a = as_affine(g, {id, 0});
  if (!a || a->residual || !is_constant(g, a->weights) || (a->bias && !is_constant(g, a->bias))) return std::nullopt;
  const auto& dims = g.constant(a->weights)->dims();
  if (const auto* conv = is<Conv>(g, a->v)) return conv->group == 1 ? a : std::nullopt;
  return is<MatMul>(g, a->v) && dims.size() == 2 && (!a->bias || g.type(a->bias).rank() == 1) ? a : std::nullopt;
}

bool alike(const Graph& g, const Affine& a, const Affine& b) {
  const Node &x = g.node(a.v.node), &y = g.node(b.v.node);
  if (!same_op(*x.op, *y.op) || g.type(a.weights).dtype != g.type(b.weights).dtype) return false;
  Dims p = g.constant(a.weights)->dims(), q = g.constant(b.weights)->dims();
  const size_t axis = is<MatMul>(g, a.v) && !is<MatMul>(g, a.v)->transpose_b ? 1 : 0;
  p[axis] = q[axis] = 0;
  return p == q;
}

/// The rows of the output; nothing when they are not numbers.
std::optional<int64_t> rows(const Graph& g, const Affine& a) {
  Shape shape = g.type(a.v).shape;
  shape.erase(shape.begin() + a.channel_axis);
  const auto dims = const_dims(shape);
  return dims ? std::optional(checked_product(*dims)) : std::nullopt;
}

Value concat(Graph& g, std::vector<Value> parts, int64_t axis) {
  Concat op;
  op.axis = axis;
  return fold(g, std::move(op), std::move(parts));
}

Patch merge(Graph& g, const std::vector<Affine>& group) {
  const Shape shape = g.type(group[0].v).shape;
  const auto* matmul = is<MatMul>(g, group[0].v);
  const int64_t axis = matmul && !matmul->transpose_b ? 1 : 0;
  const bool biased =
      std::any_of(group.begin(), group.end(), [](const Affine& a) { return static_cast<bool>(a.bias); });
  std::vector<Value> weights, biases;
  std::vector<int64_t> sizes;
  for (const Affine& a : group) {
    const int64_t channels = g.type(a.v).shape[a.channel_axis].value();
    sizes.push_back(channels);
    weights.push_back(a.weights);
    biases.push_back(a.bias ? a.bias : g.add_constant(Tensor(g.type(a.v).dtype, {channels})));
  }
  Affine all = group[0];
  all.weights = concat(g, weights, axis);
  all.bias = biased ? concat(g, biases, 0) : Value{};
  Split split;
  split.axis = all.channel_axis;
  split.outputs = static_cast<int64_t>(group.size());
  const Value parts = g.add(std::move(split), {rebuild(g, all), constant_i64(g, sizes)});
  Patch patch;
  for (size_t i = 0; i < group.size(); ++i)
    patch.replace.emplace_back(group[i].v, Graph::output(parts, static_cast<int>(i)));
  return patch;
}

std::vector<Affine> siblings_of(const Graph& g, const Affine& first) {
  std::vector<Affine> group{first};
  for (const Use& use : g.uses(first.x)) {
    if (use.user == first.v.node || use.input != 0) continue;
    const auto a = mergeable(g, use.user);
    if (a && alike(g, first, *a)) group.push_back(*a);
  }
  std::sort(group.begin(), group.end(), [](const Affine& a, const Affine& b) { return a.v.node < b.v.node; });
  return group;
}

bool are_parts_of_attention(const Graph& g, const std::vector<Affine>& group) {
  std::vector<Value> values;
  for (const Affine& a : group) values.push_back(a.v);
  return feed_one_attention(g, std::move(values));
}

}  // namespace

void merge_siblings(Graph& g, PassContext& context) {
  for (NodeId id : g.order()) {
    if (!context.may_change()) return;
    const auto first = g.alive(id) ? mergeable(g, id) : std::nullopt;
    if (!first) continue;
    const auto group = siblings_of(g, *first);
    if (group.size() < 2 || group[0].v.node != id) continue;
    const auto count = rows(g, *first);
    if (context.options().fuse_gates && are_parts_of_attention(g, group)) {
      context.apply(g, merge(g, group), kSiblingEquation);
      continue;
    }
    if (!count || *count > kMaxMergedRows) {
      const std::string found = count ? std::to_string(*count) : "an unknown number of";
      context.near_miss(g, id, kSiblingEquation,
                        fmt::format("{} rows, and up to {} pay for the Split", found, kMaxMergedRows));
      continue;
    }
    context.apply(g, merge(g, group), kSiblingEquation);
  }
}

}  // namespace tenon::core
