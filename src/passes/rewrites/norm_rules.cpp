#include <cmath>

#include "ops/normalize.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "passes/fold.h"
#include "passes/match.h"
#include "passes/rewrites/affine.h"
#include "passes/rewrites/families.h"
#include "passes/rewrites/reductions.h"
#include "passes/rewrites/shapes.h"

namespace tenon::core {
namespace {

/// root = numerator / sqrt(radicand), written as a quotient or as a product with 1 / sqrt.
struct OverRoot {
  Value numerator, radicand;
};

std::optional<Value> under_reciprocal_root(const Graph& g, Value v) {
  if (is_unary(g, v, UnaryKind::rsqrt)) return input(g, v);
  if (is_unary(g, v, UnaryKind::reciprocal) && is_unary(g, input(g, v), UnaryKind::sqrt)) return input(g, input(g, v));
  return std::nullopt;
}

std::optional<OverRoot> over_root(const Graph& g, Value root) {
  const Value a = input(g, root, 0), b = input(g, root, 1);
  if (is_binary(g, root, BinaryKind::div) && is_unary(g, b, UnaryKind::sqrt)) return OverRoot{a, input(g, b)};
  if (!is_binary(g, root, BinaryKind::mul)) return std::nullopt;
  if (const auto r = under_reciprocal_root(g, b)) return OverRoot{a, *r};
  if (const auto r = under_reciprocal_root(g, a)) return OverRoot{b, *r};
  return std::nullopt;
}

struct MeanSquare {
  Value of;
  int64_t axis;
  double epsilon;
};

/// mean(square(of)) + epsilon over the axes from `axis` on.
std::optional<MeanSquare> mean_square(const Graph& g, Value v) {
  double epsilon = 0;
  if (const auto sum = with_number(g, v, BinaryKind::add)) {
    epsilon = sum->number;
    v = sum->x;
  }
  const auto* mean = is<Reduce>(g, v);
  if (!mean || mean->kind != ReduceKind::mean || !is_unary(g, input(g, v), UnaryKind::square)) return std::nullopt;
  const auto axis = trailing_axis(g, v);
  return axis ? std::optional(MeanSquare{input(g, input(g, v)), *axis, epsilon}) : std::nullopt;
}

/// x when v = x - mean(x) over the axes from `axis` on.
std::optional<Value> centered(const Graph& g, Value v, int64_t axis) {
  if (!is_binary(g, v, BinaryKind::sub)) return std::nullopt;
  const Value x = input(g, v), mean = input(g, v, 1);
  const auto* reduce = is<Reduce>(g, mean);
  if (!reduce || reduce->kind != ReduceKind::mean || input(g, mean) != x || trailing_axis(g, mean) != axis)
    return std::nullopt;
  return x;
}

std::optional<Patch> layer_norm(Graph& g, Value root, Near& near) {
  if (!is<Binary>(g, root) || !is_float(g, root)) return std::nullopt;
  const auto quotient = over_root(g, root);
  const auto square = quotient ? mean_square(g, quotient->radicand) : std::nullopt;
  if (!square) return std::nullopt;
  if (square->of != quotient->numerator) return near.miss("the mean square is of another value");
  if (!same_type(g, square->of, root)) return std::nullopt;
  const auto x = centered(g, square->of, square->axis);
  LayerNorm norm;
  norm.axis = square->axis;
  norm.epsilon = square->epsilon;
  norm.rms = !x;
  return replace(root, g.add(std::move(norm), {x ? *x : square->of}));
}

/// A LayerNorm that only `root` reads, with room for `operand` (1: scale, 2: bias).
const LayerNorm* open_norm(const Graph& g, Value v, int operand) {
  const auto* norm = is<LayerNorm>(g, v);
  if (!norm || !single_use(g, v) || input(g, v, 2) || (operand == 1 && input(g, v, 1))) return nullptr;
  for (int i = 1; i < static_cast<int>(g.node(v.node).outputs.size()); ++i)
    if (g.use_count({v.node, i}) > 0) return nullptr;
  return norm;
}

/// `v` as a tensor of the dims of x from the norm's axis on; nothing when it has other dims.
std::optional<Value> norm_operand(Graph& g, Value v, Value x, int64_t axis) {
  const Shape& full = g.type(x).shape;
  if (!ranked_tensor(g, v) || g.type(v).dtype != g.type(x).dtype) return std::nullopt;
  axis = axis < 0 ? axis + static_cast<int64_t>(full.size()) : axis;
  const Shape wanted(full.begin() + axis, full.end());
  if (same_shape(g.type(v).shape, wanted)) return v;
  const auto dims = const_dims(wanted);
  Shape kept = g.type(v).shape;
  while (kept.size() > wanted.size() && known_equal(kept[0], 1)) kept.erase(kept.begin());
  if (!dims || !is_constant(g, v) || !same_shape(kept, wanted)) return std::nullopt;
  return fold_reshape(g, v, *dims);
}

std::optional<Patch> operand_into_norm(Graph& g, Value root, Near& near, BinaryKind kind) {
  const int slot = kind == BinaryKind::mul ? 1 : 2;
  if (!is_binary(g, root, kind)) return std::nullopt;
  for (const int side : {0, 1}) {
    const Value v = input(g, root, side), other = input(g, root, 1 - side);
    const auto* norm = open_norm(g, v, slot);
    if (!norm || (slot == 2 && norm->rms) || !same_shape(g, v, root)) continue;
    const auto operand = norm_operand(g, other, v, norm->axis);
    if (!operand) {
      near.miss("the operand has other dims than the normalized axes");
      continue;
    }
    std::vector<Value> inputs{input(g, v), input(g, v, 1), {}};
    inputs[slot] = *operand;
    if (slot == 1) inputs.pop_back();
    return replace(root, g.add(LayerNorm(*norm), std::move(inputs)));
  }
  return std::nullopt;
}

std::optional<Patch> scale_into_norm(Graph& g, Value root, Near& near) {
  return operand_into_norm(g, root, near, BinaryKind::mul);
}
std::optional<Patch> bias_into_norm(Graph& g, Value root, Near& near) {
  return operand_into_norm(g, root, near, BinaryKind::add);
}

bool is_number(const Graph& g, Value v, double number) { return !v || uniform(g, v) == number; }

/// An instance normalization of [N, groups, rest], reshaped back.
std::optional<Patch> group_norm(Graph& g, Value root, Near& near) {
  const Value v = is<Reshape>(g, root) ? input(g, root) : Value{};
  const auto* norm = is<GroupNorm>(g, v);
  if (!norm || norm->groups != 0 || !is<Reshape>(g, input(g, v)) || !ranked_tensor(g, v)) return std::nullopt;
  const Value x = input(g, input(g, v));
  if (!same_type(g, x, root)) return near.miss("the reshapes do not undo each other");
  const Shape &whole = g.type(x).shape, &grouped = g.type(v).shape;
  if (whole.size() < 2 || !whole[1].is_const() || !grouped[1].is_const() || !known_equal(whole[0], grouped[0]))
    return std::nullopt;
  const int64_t channels = whole[1].value(), groups = grouped[1].value();
  if (groups <= 0 || channels % groups != 0) return std::nullopt;
  if (!is_number(g, input(g, v, 1), 1) || !is_number(g, input(g, v, 2), 0))
    return near.miss("the groups have a scale of their own");
  GroupNorm grouped_norm = *norm;
  grouped_norm.groups = groups;
  return replace(root, g.add(std::move(grouped_norm), {x}));
}

std::optional<Patch> operand_into_group_norm(Graph& g, Value root, BinaryKind kind) {
  const auto found = with_constant(g, root, kind);
  const auto* norm = found ? is<GroupNorm>(g, found->x) : nullptr;
  const int slot = kind == BinaryKind::mul ? 1 : 2;
  if (!norm || norm->per_group_scale || !single_use(g, found->x)) return std::nullopt;
  std::vector<Value> inputs{input(g, found->x), input(g, found->x, 1), {}};
  if (input(g, found->x, 2) || (slot == 1 && inputs[1])) return std::nullopt;
  const Shape shape = g.type(root).shape;
  if (!is_channel_constant(g, found->constant, shape, 1)) return std::nullopt;
  inputs[slot] = channel_vector(g, found->constant, shape, 1);
  if (slot == 1) inputs.pop_back();
  return replace(root, g.add(GroupNorm(*norm), std::move(inputs)));
}

std::optional<Patch> scale_into_group_norm(Graph& g, Value root, Near&) {
  return operand_into_group_norm(g, root, BinaryKind::mul);
}
std::optional<Patch> bias_into_group_norm(Graph& g, Value root, Near&) {
  return operand_into_group_norm(g, root, BinaryKind::add);
}

/// x / max(norm(x), epsilon)
std::optional<Patch> lp_norm(Graph& g, Value root, Near&) {
  if (!is_binary(g, root, BinaryKind::div) || !same_type(g, input(g, root), root)) return std::nullopt;
  Value length = input(g, root, 1);
  LpNorm norm;
  if (is<Clip>(g, length) && !input(g, length, 2)) {
    const auto low = scalar_or(g, input(g, length, 1), 0);
    if (!low) return std::nullopt;
    norm.epsilon = *low;
    length = input(g, length);
  }
  const auto* reduce = is<Reduce>(g, length);
  if (!reduce || !reduce->keepdims || input(g, length) != input(g, root)) return std::nullopt;
  if (reduce->kind != ReduceKind::l1 && reduce->kind != ReduceKind::l2) return std::nullopt;
  const auto axes = reduced_axes(g, length);
  if (!axes || axes->size() != 1) return std::nullopt;
  norm.p = reduce->kind == ReduceKind::l1 ? 1 : 2;
  norm.axis = (*axes)[0];
  return replace(root, g.add(std::move(norm), {input(g, root)}));
}

constexpr Rewrite kNormRules[] = {
    {"(x - mean(x)) / sqrt(variance + epsilon) => LayerNorm(x)", layer_norm, true},
    {"LayerNorm(x) * scale => LayerNorm(x, scale)", scale_into_norm},
    {"LayerNorm(x, scale) + bias => LayerNorm(x, scale, bias)", bias_into_norm},
    {"Reshape(InstanceNorm(Reshape(x))) => GroupNorm(x)", group_norm},
    {"GroupNorm(x) * scale => GroupNorm(x, scale)", scale_into_group_norm},
    {"GroupNorm(x, scale) + bias => GroupNorm(x, scale, bias)", bias_into_group_norm},
    {"x / max(l2(x), epsilon) => LpNorm(x)", lp_norm, true},
};

}  // namespace

Rewrites norm_rules() { return kNormRules; }

}  // namespace tenon::core
