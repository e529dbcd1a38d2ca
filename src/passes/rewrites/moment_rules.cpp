#include <cmath>

#include "ops/normalize.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "passes/match.h"
#include "passes/rewrites/families.h"
#include "passes/rewrites/numbers.h"
#include "passes/rewrites/reductions.h"
#include "passes/rewrites/shapes.h"

namespace tenon::core {
namespace {

/// mean(x), or mean(x^2), over axes whose dims are numbers.
struct Moment {
  Value x;
  std::vector<int64_t> axes;
  bool squared = false;
  bool operator==(const Moment&) const = default;
};

/// Behind reshapes: the elements in their order.
Value in_order(const Graph& g, Value v) {
  while (is<Reshape>(g, v) || is<Unsqueeze>(g, v) || is<Squeeze>(g, v)) v = input(g, v);
  return v;
}

std::optional<double> count(const Graph& g, Value x, const std::vector<int64_t>& axes) {
  double n = 1;
  for (int64_t axis : axes) {
    const Dim& d = g.type(x).shape[axis];
    if (!d.is_const() || d.value() < 1) return std::nullopt;
    n *= static_cast<double>(d.value());
  }
  return n;
}

std::optional<Moment> as_moment(const Graph& g, Value v) {
  v = in_order(g, v);
  double factor = 1;
  if (const auto product = with_number(g, v, BinaryKind::mul)) {
    factor = product->number;
    v = in_order(g, product->x);
  } else if (const auto quotient = with_number(g, v, BinaryKind::div)) {
    factor = 1 / quotient->number;
    v = in_order(g, quotient->x);
  }
  const auto* reduce = is<Reduce>(g, v);
  const auto axes = reduce && ranked_tensor(g, input(g, v)) ? reduced_axes(g, v) : std::nullopt;
  if (!axes || axes->empty()) return std::nullopt;
  Moment m{input(g, v), *axes};
  const bool mean = reduce->kind == ReduceKind::mean;
  m.squared = reduce->kind == ReduceKind::sum_square;
  if (!mean && !m.squared && reduce->kind != ReduceKind::sum) return std::nullopt;
  if (is_unary(g, m.x, UnaryKind::square) && !m.squared) m = {input(g, m.x), *axes, true};
  const auto n = count(g, m.x, m.axes);
  return n && close(mean ? factor : factor * *n, 1) ? std::optional(m) : std::nullopt;
}

/// mean(x^2) - mean(x)^2, perhaps bounded by 0 below; gives mean(x).
std::optional<Moment> as_variance(const Graph& g, Value v) {
  v = in_order(g, v);
  if (const auto bounds = as_bounds(g, v); bounds && bounds->low == 0 && std::isinf(bounds->high)) v = in_order(g, bounds->x);
  if (!is_binary(g, v, BinaryKind::sub) || !same_shape(g, input(g, v), input(g, v, 1))) return std::nullopt;
  const Value second = in_order(g, input(g, v, 1));
  const auto square = as_moment(g, input(g, v));
  const auto mean = is_unary(g, second, UnaryKind::square) ? as_moment(g, input(g, second)) : std::nullopt;
  if (!square || !mean || !square->squared || mean->squared || square->x != mean->x || square->axes != mean->axes) return std::nullopt;
  return mean;
}

/// 1 / sqrt(variance + epsilon), perhaps times a scale.
struct Inverse {
  Moment mean;
  double epsilon = 0;
  Value scale;
};

std::optional<Inverse> as_inverse_root(const Graph& g, Value v) {
  v = in_order(g, v);
  if (is_unary(g, v, UnaryKind::reciprocal) && is_unary(g, in_order(g, input(g, v)), UnaryKind::sqrt))
    v = in_order(g, input(g, v));
  else if (!is_unary(g, v, UnaryKind::rsqrt))
    return std::nullopt;
  Value radicand = in_order(g, input(g, v));
  double epsilon = 0;
  if (const auto sum = with_number(g, radicand, BinaryKind::add)) {
    epsilon = sum->number;
    radicand = sum->x;
  }
  const auto mean = as_variance(g, radicand);
  return mean ? std::optional(Inverse{*mean, epsilon, {}}) : std::nullopt;
}

std::optional<Inverse> as_inverse(const Graph& g, Value v) {
  if (const auto plain = as_inverse_root(g, v)) return plain;
  if (!is_binary(g, v, BinaryKind::mul)) return std::nullopt;
  for (const int side : {0, 1})
    if (auto scaled = as_inverse_root(g, input(g, v, side))) {
      scaled->scale = input(g, v, 1 - side);
      return scaled;
    }
  return std::nullopt;
}

/// Whether `v` has the dims of x with 1 along the axes that the mean is taken over.
bool keeps_axes(const Graph& g, Value v, const Moment& m) {
  if (!ranked_tensor(g, v)) return false;
  Shape kept = g.type(m.x).shape;
  for (int64_t axis : m.axes) kept[axis] = 1;
  return same_shape(g.type(v).shape, kept);
}

bool is_mean(const Graph& g, Value v, const Moment& m) {
  const auto mean = as_moment(g, v);
  return mean && *mean == m && keeps_axes(g, v, m);
}

/// The part of a product that holds the root: the scale may have spread it over the axes.
bool is_aligned(const Graph& g, Value v, const Inverse& i) {
  if (!i.scale) return keeps_axes(g, v, i.mean);
  return keeps_axes(g, input(g, v, input(g, v) == i.scale ? 1 : 0), i.mean);
}

Value normalized(Graph& g, const Inverse& i) {
  const int64_t rank = g.type(i.mean.x).rank(), first = i.mean.axes.front();
  LayerNorm op;
  op.epsilon = i.epsilon;
  const bool trailing = first + static_cast<int64_t>(i.mean.axes.size()) == rank;
  op.axis = trailing ? first : rank - 1;
  if (trailing) return g.add(std::move(op), {i.mean.x});
  std::vector<int64_t> p;
  for (int64_t axis = 0; axis < rank; ++axis)
    if (axis != first) p.push_back(axis);
  p.push_back(first);
  return transpose(g, g.add(std::move(op), {transpose(g, i.mean.x, p)}), inverse(p));
}

std::optional<Inverse> fitting(const Graph& g, Value v, Value root, Near& near) {
  const auto i = as_inverse(g, v);
  if (!i || !is_aligned(g, v, *i) || !same_type(g, i->mean.x, root)) return std::nullopt;
  const bool trailing = i->mean.axes.front() + static_cast<int64_t>(i->mean.axes.size()) == g.type(i->mean.x).rank();
  if (!trailing && i->mean.axes.size() > 1) {
    near.miss("the mean is over several axes that are not the last");
    return std::nullopt;
  }
  return i;
}

Value scaled(Graph& g, const Inverse& i) {
  const Value y = normalized(g, i);
  return i.scale ? g.add(Binary(BinaryKind::mul), {y, i.scale}) : y;
}

/// (x - mean) * inverse.
std::optional<Patch> product_of_centered(Graph& g, Value root, Near& near) {
  if (!is_binary(g, root, BinaryKind::mul) || !is_float(g, root)) return std::nullopt;
  for (const int side : {0, 1}) {
    const Value centered = input(g, root, side);
    if (!is_binary(g, centered, BinaryKind::sub)) continue;
    const auto i = fitting(g, input(g, root, 1 - side), root, near);
    if (i && input(g, centered) == i->mean.x && is_mean(g, input(g, centered, 1), i->mean)) return replace(root, scaled(g, *i));
  }
  return std::nullopt;
}

/// x * inverse + (bias - mean * inverse).
std::optional<Patch> sum_of_products(Graph& g, Value root, Near& near) {
  if (!is_binary(g, root, BinaryKind::add) || !is_float(g, root)) return std::nullopt;
  for (const int side : {0, 1}) {
    const Value product = input(g, root, side), rest = input(g, root, 1 - side);
    if (!is_binary(g, product, BinaryKind::mul) || !is_binary(g, rest, BinaryKind::sub)) continue;
    const Value shift = input(g, rest, 1);
    if (!is_binary(g, shift, BinaryKind::mul)) continue;
    for (const int at : {0, 1}) {
      const Value factor = input(g, product, at);
      const auto i = fitting(g, factor, root, near);
      if (!i || input(g, product, 1 - at) != i->mean.x) continue;
      const bool first = input(g, shift) == factor;
      if (!first && input(g, shift, 1) != factor) continue;
      if (!is_mean(g, input(g, shift, first ? 1 : 0), i->mean)) continue;
      const Value bias = input(g, rest);
      return replace(root, g.add(Binary(BinaryKind::add), {scaled(g, *i), bias}));
    }
  }
  return std::nullopt;
}

constexpr Rewrite kMomentRules[] = {
    {"(x - mean) / sqrt(mean(x^2) - mean^2 + epsilon) => LayerNorm(x)", product_of_centered, true, true},
    {"x * inverse + (bias - mean * inverse) => LayerNorm(x) + bias", sum_of_products, true, true},
};

}  // namespace

Rewrites moment_rules() { return kMomentRules; }

}  // namespace tenon::core
