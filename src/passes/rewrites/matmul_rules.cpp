#include "ops/shape.h"
#include "passes/fold.h"
#include "passes/match.h"
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

/// Rows may be spread over several axes.
std::optional<Patch> reshapes_around_matmul(Graph& g, Value root, Near& near) {
  const Value v = is<Reshape>(g, root) ? input(g, root) : Value{};
  const auto* matmul = is<MatMul>(g, v);
  if (!matmul || !is<Reshape>(g, input(g, v))) return std::nullopt;
  const Value x = input(g, input(g, v)), w = input(g, v, 1);
  if (!ranked_tensor(g, x) || !ranked_tensor(g, w) || g.type(w).rank() != 2 || matmul->transpose_a) return std::nullopt;
  Shape target = g.type(x).shape;
  if (target.size() < 2 || !known_equal(target.back(), g.type(input(g, v)).shape.back())) return std::nullopt;
  target.back() = g.type(v).shape.back();
  if (!same_shape(target, g.type(root).shape)) return near.miss("the reshapes do not undo each other");
  const Value bias = input(g, v, 2);
  if (input(g, v, 3) || (bias && g.type(bias).rank() > 1) || !single_use(g, v))
    return near.miss("the product has a sum or is used elsewhere");
  return replace(root, g.add(MatMul(*matmul), bias ? std::vector{x, w, bias} : std::vector{x, w}));
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

constexpr Rewrite kRules[] = {
    {"MatMul(Transpose(x), y) => MatMul{transpose_a}(x, y)", transpose_into_matmul},
    {"Reshape(MatMul(Reshape(x), w)) => MatMul(x, w)", reshapes_around_matmul},
    {"MatMul with bias [1,N] => bias [N]", matmul_bias_as_vector},
};

}  // namespace

Rewrites matmul_rules() { return kRules; }

}  // namespace tenon::core
