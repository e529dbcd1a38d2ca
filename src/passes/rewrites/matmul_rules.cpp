#include "ops/shape.h"
#include "passes/fold.h"
#include "passes/match.h"
#include "passes/merge_siblings.h"
#include "passes/rewrites/affine.h"
#include "passes/rewrites/families.h"
#include "passes/rewrites/shapes.h"

namespace tenon::core {
namespace {

bool swaps_last_two(std::vector<int64_t> p) {
  if (p.size() < 2) return false;
  std::swap(p[p.size() - 1], p[p.size() - 2]);
  return is_identity(p);
}

std::optional<Patch> transpose_into_matmul(Graph& g, Value root, Near& near) {
  const auto* matmul = is<MatMul>(g, root);
  if (!matmul) return std::nullopt;
  for (const int side : {0, 1}) {
    const Value v = input(g, root, side);
    if (!is<Transpose>(g, v)) continue;
    if (!swaps_last_two(permutation_of(g, v))) {
      near.miss("the transpose moves more than the last two axes");
      continue;
    }
    MatMul turned = *matmul;
    bool& flag = side == 0 ? turned.transpose_a : turned.transpose_b;
    flag = !flag;
    auto inputs = g.node(root.node).inputs;
    inputs[side] = input(g, v);
    return replace(root, g.add(std::move(turned), std::move(inputs)));
  }
  return std::nullopt;
}

/// Rows may be spread over several axes: the reshape behind the product moves in front of it, where it meets another.
std::optional<Patch> reshapes_around_matmul(Graph& g, Value root, Near& near) {
  const Value v = is<Reshape>(g, root) ? input(g, root) : Value{};
  const auto* matmul = is<MatMul>(g, v);
  if (!matmul || !is<Reshape>(g, input(g, v)) || !ranked_tensor(g, root)) return std::nullopt;
  const Value x = input(g, input(g, v)), w = input(g, v, 1), bias = input(g, v, 2);
  if (!ranked_tensor(g, w) || g.type(w).rank() != 2 || matmul->transpose_a) return std::nullopt;
  Shape target = g.type(root).shape;
  if (target.size() < 2 || !known_equal(target.back(), g.type(v).shape.back()))
    return near.miss("the columns are reshaped too");
  target.back() = g.type(input(g, v)).shape.back();
  if (input(g, v, 3) || (bias && g.type(bias).rank() > 1) || !single_use(g, v))
    return near.miss("the product has a sum or is used elsewhere");
  const MatMul op = *matmul;
  const auto rows = reshape_to(g, x, target);
  if (!rows) return std::nullopt;
  return replace(root, g.add(MatMul(op), bias ? std::vector{*rows, w, bias} : std::vector{*rows, w}));
}

/// Above this many rows, taking the parts of one result apart costs more than one product saves.
bool has_few_rows(const Graph& g, Value v) {
  Shape shape = g.type(v).shape;
  shape.pop_back();
  const auto dims = const_dims(shape);
  return dims && checked_product(*dims) <= kMaxMergedRows;
}

/// Columns [begin, end) of the constant.
Value columns(Graph& g, Value constant, int64_t axis, int64_t begin, int64_t end) {
  return fold(g, Slice{}, {constant, constant_i64(g, {begin}), constant_i64(g, {end}), constant_i64(g, {axis})});
}

std::optional<Patch> split_of_matmul(Graph& g, Value root, Near& near) {
  const auto* split = g.node(root.node).as<Split>();
  const Value v = split ? g.node(root.node).inputs[0] : Value{};
  const auto* matmul = is<MatMul>(g, v);
  const auto a = as_affine(g, v);
  if (!matmul || !a || !is_constant(g, a->weights) || g.type(a->weights).rank() != 2 || a->residual)
    return std::nullopt;
  if (a->bias && (!is_constant(g, a->bias) || g.type(a->bias).rank() != 1)) return std::nullopt;
  const int rank = g.type(v).rank();
  if ((split->axis < 0 ? split->axis + rank : split->axis) != rank - 1) return std::nullopt;
  if (!single_use(g, v)) return near.miss("the product is used elsewhere");
  if (has_few_rows(g, v)) return near.miss("the product has few rows");
  const MatMul op = *matmul;
  Patch patch;
  int64_t begin = 0;
  std::vector<int64_t> sizes;
  for (const Fact& f : g.node(root.node).outputs) {
    if (!f.shape().back().is_const()) return std::nullopt;
    sizes.push_back(f.shape().back().value());
  }
  for (size_t i = 0; i < sizes.size(); ++i) {
    const int64_t end = begin + sizes[i];
    std::vector<Value> inputs{a->x, columns(g, a->weights, op.transpose_b ? 0 : 1, begin, end)};
    if (a->bias) inputs.push_back(columns(g, a->bias, 0, begin, end));
    patch.replace.emplace_back(Value{root.node, static_cast<int32_t>(i)}, g.add(MatMul(op), std::move(inputs)));
    begin = end;
  }
  return patch;
}

/// A bias [1,N] as the vector it is.
std::optional<Patch> matmul_bias_as_vector(Graph& g, Value root, Near&) {
  auto a = as_affine(g, root);
  if (!a || !is<MatMul>(g, root) || !is_constant(g, a->bias) || g.type(a->bias).rank() == 1) return std::nullopt;
  const Shape& shape = g.type(root).shape;
  if (!is_channel_constant(g, a->bias, shape, a->channel_axis)) return std::nullopt;
  a->bias = channel_vector(g, a->bias, Shape(shape), a->channel_axis);
  return replace(root, rebuild(g, *a));
}

constexpr Rewrite kMatmulRules[] = {
    {"MatMul(Transpose(x), y) => MatMul{transpose_a}(x, y)", transpose_into_matmul},
    spelling("Reshape(MatMul(Reshape(x), w)) => MatMul(Reshape(x), w)", reshapes_around_matmul),
    {"Split(MatMul(x, w)) => MatMul(x, part of w) for each part", split_of_matmul},
    spelling("MatMul with bias [1,N] => bias [N]", matmul_bias_as_vector),
};

}  // namespace

Rewrites matmul_rules() { return kMatmulRules; }

}  // namespace tenon::core
