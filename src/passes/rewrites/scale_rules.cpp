#include <algorithm>
#include <cmath>

#include "ops/normalize.h"
#include "ops/reduce.h"
#include "passes/fold.h"
#include "passes/match.h"
#include "passes/rewrites/affine.h"
#include "passes/rewrites/families.h"
#include "passes/rewrites/numbers.h"

namespace tenon::core {
namespace {

/// `a` in front of an operand that is folded into it, or the reason why not.
bool open_for_scale(const Graph& g, const Affine& a, Near& near) {
  if (!single_use(g, a.v))
    near.miss(g.describe_node(a.v.node) + " is used elsewhere");
  else if (!a.plain())
    near.miss("an activation or a sum lies between the two");
  else
    return true;
  return false;
}

std::optional<Patch> fold_scale(Graph& g, Value root, Near& near) {
  for (const BinaryKind kind : {BinaryKind::mul, BinaryKind::div}) {
    const auto found = with_constant(g, root, kind);
    if (!found) continue;
    auto a = as_affine(g, found->x);
    if (!a || !is_constant(g, a->weights) || !open_for_scale(g, *a, near)) return std::nullopt;
    const Shape shape = g.type(root).shape;
    if (a->bias && !is_constant(g, a->bias)) return near.miss("the bias is not constant");
    if (!is_channel_constant(g, found->constant, shape, a->channel_axis))
      return near.miss("the factor varies over more than the channels");
    if (is<MatMul>(g, a->v) && !known_equal(shape.back(), g.type(a->v).shape.back())) return std::nullopt;
    const Value factors = channel_vector(g, found->constant, shape, a->channel_axis);
    a->weights = scale_weights(g, *a, factors, kind);
    if (a->bias) a->bias = fold(g, Binary(kind), {a->bias, factors});
    return replace(root, rebuild(g, *a));
  }
  return std::nullopt;
}

/// A product of two computed matrices has no weights to scale.
std::optional<Patch> fold_scale_into_alpha(Graph& g, Value root, Near& near) {
  for (const BinaryKind kind : {BinaryKind::mul, BinaryKind::div}) {
    const auto found = with_number(g, root, kind);
    const auto* matmul = found ? is<MatMul>(g, found->x) : nullptr;
    if (!matmul) continue;
    const auto a = as_affine(g, found->x);
    if (!a || a->bias || !open_for_scale(g, *a, near)) return std::nullopt;
    MatMul scaled = *matmul;
    scaled.alpha = kind == BinaryKind::mul ? matmul->alpha * found->number : matmul->alpha / found->number;
    return replace(root, g.add(std::move(scaled), {a->x, a->weights}));
  }
  return std::nullopt;
}

/// MatMul(x * number, y), and so for y.
std::optional<Patch> fold_operand_scale(Graph& g, Value root, Near&) {
  const auto* matmul = is<MatMul>(g, root);
  if (!matmul) return std::nullopt;
  for (const int side : {0, 1})
    for (const BinaryKind kind : {BinaryKind::mul, BinaryKind::div}) {
      const Value operand = input(g, root, side);
      const auto found = is_float(g, operand) ? with_number(g, operand, kind) : std::nullopt;
      if (!found || !single_use(g, operand)) continue;
      MatMul scaled = *matmul;
      scaled.alpha = kind == BinaryKind::mul ? matmul->alpha * found->number : matmul->alpha / found->number;
      std::vector<Value> inputs = g.node(root.node).inputs;
      inputs[side] = found->x;
      return replace(root, g.add(std::move(scaled), std::move(inputs)));
    }
  return std::nullopt;
}

/// A constant operand per input channel of a convolution, as [1,C,1,...] against its weights; a number for any group.
std::optional<Value> input_channel_factors(Graph& g, Value constant, const Shape& shape, const Dims& weights) {
  Dims dims(weights.size(), 1);
  if (const auto number = uniform(g, constant)) return fold_reshape(g, number_like(g, constant, *number), dims);
  if (!is_channel_constant(g, constant, shape, 1) || weights[1] != shape[1].value()) return std::nullopt;
  dims[1] = weights[1];
  return fold_reshape(g, channel_vector(g, constant, shape, 1), dims);
}

std::optional<Patch> fold_conv_input_scale(Graph& g, Value root, Near& near) {
  const auto* conv = is<Conv>(g, root);
  const Value x = conv ? input(g, root) : Value{};
  if (!conv || !is_float(g, x) || !is_constant(g, input(g, root, 1))) return std::nullopt;
  for (const BinaryKind kind : {BinaryKind::mul, BinaryKind::div}) {
    const auto found = with_constant(g, x, kind);
    if (!found) continue;
    if (!single_use(g, x)) return near.miss(g.describe_node(x.node) + " is used elsewhere");
    const Shape shape = g.type(x).shape;
    auto a = as_affine(g, root);
    const auto factors = input_channel_factors(g, found->constant, shape, g.constant(a->weights)->dims());
    if (!factors) return near.miss("the factor varies over more than the channels of one group");
    a->x = found->x;
    a->weights = fold(g, Binary(kind), {a->weights, *factors});
    return replace(root, rebuild(g, *a));
  }
  return std::nullopt;
}

bool is_unpadded(const Window& w) {
  const bool zero = std::all_of(w.pads.begin(), w.pads.end(), [](int64_t p) { return p == 0; });
  return w.auto_pad == AutoPad::valid || (w.auto_pad == AutoPad::notset && zero);
}

/// Every output sees the whole kernel, so the shift adds shift * sum(w) to it.
std::optional<Patch> fold_conv_input_shift(Graph& g, Value root, Near& near) {
  const auto* conv = is<Conv>(g, root);
  const auto found = conv ? with_constant(g, input(g, root), BinaryKind::add) : std::nullopt;
  if (!found || !is_constant(g, input(g, root, 1))) return std::nullopt;
  auto a = as_affine(g, root);
  if (!a || (a->bias && !is_constant(g, a->bias))) return std::nullopt;
  if (!is_unpadded(conv->window)) return near.miss("the convolution pads the shifted value");
  if (!single_use(g, a->x)) return near.miss(g.describe_node(a->x.node) + " is used elsewhere");
  const Shape shape = g.type(a->x).shape;
  const Dims weights = g.constant(a->weights)->dims();
  const auto shifts = input_channel_factors(g, found->constant, shape, weights);
  if (!shifts) return near.miss("the addend varies over more than the channels of one group");
  const Value flat = fold_reshape(g, fold(g, Binary(BinaryKind::mul), {a->weights, *shifts}),
                                  {weights[0], checked_product(weights) / weights[0]});
  Reduce sum;
  sum.keepdims = false;
  const Value added = fold(g, std::move(sum), {flat, constant_i64(g, {1})});
  a->x = found->x;
  a->bias = a->bias ? fold(g, Binary(BinaryKind::add), {a->bias, added}) : added;
  return replace(root, rebuild(g, *a));
}

std::optional<Patch> fold_shift(Graph& g, Value root, Near& near, bool onto_bias) {
  for (const BinaryKind kind : {BinaryKind::add, BinaryKind::sub}) {
    const auto found = with_constant(g, root, kind);
    if (!found) continue;
    auto a = as_affine(g, found->x);
    if (!a || static_cast<bool>(a->bias) != onto_bias || !open_for_scale(g, *a, near)) return std::nullopt;
    const Shape shape = g.type(root).shape;
    if (onto_bias && !is_constant(g, a->bias)) return near.miss("the bias is not constant");
    if (!is_channel_constant(g, found->constant, shape, a->channel_axis))
      return near.miss("the addend varies over more than the channels");
    const Value shift = channel_vector(g, found->constant, shape, a->channel_axis);
    if (onto_bias)
      a->bias = fold(g, Binary(kind), {a->bias, shift});
    else
      a->bias = kind == BinaryKind::add ? shift : fold(g, Unary(UnaryKind::neg), {shift});
    return replace(root, rebuild(g, *a));
  }
  return std::nullopt;
}

std::optional<Patch> shift_to_bias(Graph& g, Value root, Near& near) { return fold_shift(g, root, near, false); }
std::optional<Patch> shift_onto_bias(Graph& g, Value root, Near& near) { return fold_shift(g, root, near, true); }

/// A bias that is computed, or comes before a residual: a vector over the last axis.
std::optional<Patch> vector_to_matmul_bias(Graph& g, Value root, Near&) {
  if (!is_binary(g, root, BinaryKind::add)) return std::nullopt;
  for (const int side : {0, 1}) {
    auto a = as_affine(g, input(g, root, side));
    const Value vector = input(g, root, 1 - side);
    if (!a || !is<MatMul>(g, a->v) || a->bias || !a->plain() || !single_use(g, a->v)) continue;
    if (!same_shape(g, a->v, root) || !ranked_tensor(g, vector) || g.type(vector).rank() != 1) continue;
    if (!known_equal(g.type(vector).shape[0], g.type(root).shape.back())) continue;
    a->bias = vector;
    return replace(root, rebuild(g, *a));
  }
  return std::nullopt;
}

struct ScaleShift {
  std::vector<double> scale, shift;
};

/// scale / sqrt(variance + epsilon) and bias - mean * that; nothing when a parameter is not constant or not finite.
std::optional<ScaleShift> scale_and_shift(const Graph& g, Value root, const BatchNorm& norm) {
  std::vector<std::vector<double>> parameters;
  for (int i = 1; i <= 4; ++i) {
    const ConstRef c = g.constant(input(g, root, i));
    if (!c || c->dims().size() != 1 || is_refittable(c)) return std::nullopt;
    parameters.push_back(to_doubles(c->value()));
  }
  ScaleShift out;
  for (size_t i = 0; i < parameters[0].size(); ++i) {
    out.scale.push_back(parameters[0][i] / std::sqrt(parameters[3][i] + norm.epsilon));
    out.shift.push_back(parameters[1][i] - parameters[2][i] * out.scale[i]);
    if (!std::isfinite(out.scale[i]) || !std::isfinite(out.shift[i])) return std::nullopt;
  }
  return out;
}

std::optional<Patch> batch_norm_to_scale(Graph& g, Value root, Near& near) {
  const auto* norm = is<BatchNorm>(g, root);
  if (!norm || norm->training || !ranked_tensor(g, root) || g.node(root.node).outputs.size() != 1) return std::nullopt;
  const Value x = input(g, root);
  const DType dtype = g.type(x).dtype;
  const auto a = as_affine(g, x);
  const bool folds = a && single_use(g, x) && is_constant(g, a->weights);
  if (dtype != DType::f32 && dtype != DType::f64 && !folds) return std::nullopt;
  const auto found = scale_and_shift(g, root, *norm);
  if (!found) return near.miss("the parameters are not all constant and finite");
  Dims dims(std::max(g.type(x).rank() - 1, 1), 1);
  dims[0] = static_cast<int64_t>(found->scale.size());
  const Value scaled = g.add(Binary(BinaryKind::mul), {x, g.add_constant(from_doubles(dtype, dims, found->scale))});
  const Value shifted =
      g.add(Binary(BinaryKind::add), {scaled, g.add_constant(from_doubles(dtype, dims, found->shift))});
  return replace(root, shifted);
}

constexpr Rewrite kScaleRules[] = {
    {"BatchNorm(x) => x * scale + shift", batch_norm_to_scale, true},
    {"Conv/MatMul(x, w, b) * c => Conv/MatMul(x, w * c, b * c)", fold_scale, true},
    {"MatMul(x, y) * number => MatMul{alpha}(x, y)", fold_scale_into_alpha, true},
    {"MatMul(x * number, y) => MatMul{alpha}(x, y)", fold_operand_scale, true},
    {"Conv(x * c, w) => Conv(x, w * c)", fold_conv_input_scale, true},
    {"Conv(x + c, w, b) => Conv(x, w, b + c * sum(w))", fold_conv_input_shift, true},
    {"Conv/MatMul(x, w) + c => Conv/MatMul(x, w, c)", shift_to_bias},
    {"Conv/MatMul(x, w, b) + c => Conv/MatMul(x, w, b + c)", shift_onto_bias, true},
    {"MatMul(x, y) + vector => MatMul(x, y, vector)", vector_to_matmul_bias},
};

}  // namespace

Rewrites scale_rules() { return kScaleRules; }

}  // namespace tenon::core
