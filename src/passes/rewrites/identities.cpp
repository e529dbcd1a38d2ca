#include <algorithm>
#include <limits>

#include "ops/infer_util.h"
#include "ops/shape.h"
#include "passes/fold.h"
#include "passes/match.h"
#include "passes/rewrites/families.h"
#include "passes/rewrites/numbers.h"

namespace tenon::core {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::optional<Patch> identity(Graph& g, Value root, Near&) {
  return is<Identity>(g, root) ? forward(g, root, input(g, root)) : std::nullopt;
}

std::optional<Patch> neutral_number(Graph& g, Value root, Near&) {
  const auto* op = is<Binary>(g, root);
  if (!op) return std::nullopt;
  const auto found = with_number(g, root, op->kind);
  if (!found || !same_type(g, found->x, root)) return std::nullopt;
  bool neutral = false;
  switch (op->kind) {
    case BinaryKind::add:
    case BinaryKind::sub:
    case BinaryKind::logical_or:
    case BinaryKind::bitwise_or:
    case BinaryKind::shift_left:
    case BinaryKind::shift_right:
      neutral = found->number == 0;
      break;
    case BinaryKind::mul:
    case BinaryKind::div:
    case BinaryKind::pow:
    case BinaryKind::logical_and:
      neutral = found->number == 1;
      break;
    case BinaryKind::min:
      neutral = found->number == kInfinity;
      break;
    case BinaryKind::max:
      neutral = found->number == -kInfinity;
      break;
    default:
      break;
  }
  return neutral ? forward(g, root, found->x) : std::nullopt;
}

std::optional<Patch> idempotent_unary(Graph& g, Value root, Near&) {
  const auto* op = is<Unary>(g, root);
  if (!op) return std::nullopt;
  const auto* inner = is<Unary>(g, input(g, root));
  if (!inner || inner->kind != op->kind) return std::nullopt;
  switch (op->kind) {
    case UnaryKind::relu:
    case UnaryKind::abs:
    case UnaryKind::sign:
    case UnaryKind::floor:
    case UnaryKind::ceil:
    case UnaryKind::round:
      return forward(g, root, input(g, root));
    default:
      return std::nullopt;
  }
}

std::optional<Patch> involution(Graph& g, Value root, Near&) {
  const auto* op = is<Unary>(g, root);
  if (!op) return std::nullopt;
  const auto* inner = is<Unary>(g, input(g, root));
  if (!inner || inner->kind != op->kind) return std::nullopt;
  if (op->kind != UnaryKind::neg && op->kind != UnaryKind::logical_not && op->kind != UnaryKind::bitwise_not)
    return std::nullopt;
  return forward(g, root, input(g, input(g, root)));
}

std::optional<Patch> cast_to_own_type(Graph& g, Value root, Near&) {
  if (!is<Cast>(g, root) || !same_type(g, input(g, root), root)) return std::nullopt;
  return forward(g, root, input(g, root));
}

/// Every value of `from` is a value of `to`.
bool widens(DType from, DType to) {
  if (from == DType::boolean) return is_integer(to) || to == DType::f32 || to == DType::f64;
  switch (to) {
    case DType::f64:
      return from == DType::f32 || from == DType::f16 || from == DType::bf16 || from == DType::i32;
    case DType::f32:
      return from == DType::f16 || from == DType::bf16 || from == DType::i8 || from == DType::u8;
    case DType::i64:
      return from == DType::i32 || from == DType::i16 || from == DType::i8 || from == DType::u8;
    case DType::i32:
      return from == DType::i16 || from == DType::i8 || from == DType::u8;
    default:
      return false;
  }
}

std::optional<Patch> cast_of_cast(Graph& g, Value root, Near&) {
  const auto *outer = is<Cast>(g, root), *inner = is<Cast>(g, input(g, root));
  if (!outer || !inner) return std::nullopt;
  const Value x = input(g, input(g, root));
  if (!widens(g.type(x).dtype, inner->to)) return std::nullopt;
  if (g.type(x).dtype == outer->to) return forward(g, root, x);
  return replace(root, g.add(Cast(*outer), {x}));
}

std::optional<Patch> clip_of_clip(Graph& g, Value root, Near&) {
  const auto outer = as_bounds(g, root);
  if (!outer) return std::nullopt;
  const auto inner = as_bounds(g, outer->x);
  if (!inner) return std::nullopt;
  const double low = std::clamp(inner->low, outer->low, outer->high);
  const double high = std::clamp(inner->high, outer->low, outer->high);
  return replace(root, clip(g, inner->x, low, high));
}

std::optional<Patch> clip_by_nothing(Graph& g, Value root, Near&) {
  if (!is<Clip>(g, root)) return std::nullopt;
  const Value low = input(g, root, 1), high = input(g, root, 2);
  if (!low && !high) return forward(g, root, input(g, root));
  const auto bounds = as_bounds(g, root);
  if (!bounds) return std::nullopt;
  if (bounds->low == -kInfinity && bounds->high == kInfinity) return forward(g, root, bounds->x);
  if (bounds->low == 0 && bounds->high == kInfinity) return replace(root, clip(g, bounds->x, 0, kInfinity));
  return std::nullopt;
}

std::optional<Patch> bound_to_clip(Graph& g, Value root, Near&) {
  for (const BinaryKind kind : {BinaryKind::max, BinaryKind::min}) {
    const auto found = with_number(g, root, kind);
    if (!found || !is_float(g, found->x) || found->number != found->number) continue;
    const bool low = kind == BinaryKind::max;
    return replace(root, clip(g, found->x, low ? found->number : -kInfinity, low ? kInfinity : found->number));
  }
  return std::nullopt;
}

std::optional<Patch> where_of_constant(Graph& g, Value root, Near&) {
  if (!is<Where>(g, root)) return std::nullopt;
  const auto condition = uniform(g, input(g, root));
  if (!condition) return std::nullopt;
  const Value chosen = input(g, root, *condition != 0 ? 1 : 2);
  return same_shape(g, chosen, root) ? forward(g, root, chosen) : std::nullopt;
}

std::optional<Patch> where_of_not(Graph& g, Value root, Near&) {
  if (!is<Where>(g, root) || !is_unary(g, input(g, root), UnaryKind::logical_not)) return std::nullopt;
  return replace(root, g.add(Where{}, {input(g, input(g, root)), input(g, root, 2), input(g, root, 1)}));
}

/// A constant of equal elements broadcasts as well from one.
std::optional<Patch> uniform_operand(Graph& g, Value root, Near&) {
  const auto* op = is<Binary>(g, root);
  if (!op) return std::nullopt;
  for (const int i : {0, 1}) {
    const Value constant = input(g, root, i), x = input(g, root, 1 - i);
    if (!is_constant(g, constant) || is_constant(g, x) || !same_shape(g, x, root)) continue;
    if (g.type(constant).rank() == 0) continue;
    const auto number = uniform(g, constant);
    if (!number) continue;
    const Value one = number_like(g, constant, *number);
    return replace(root, g.add(Binary(*op), i == 0 ? std::vector{one, x} : std::vector{x, one}));
  }
  return std::nullopt;
}

std::optional<Patch> operand_expanded(Graph& g, Value root, Near&) {
  const auto* op = is<Binary>(g, root);
  if (!op) return std::nullopt;
  for (const int i : {0, 1}) {
    const Value expanded = input(g, root, i), other = input(g, root, 1 - i);
    if (!is<Expand>(g, expanded) || !same_shape(g, other, root)) continue;
    const Value x = input(g, expanded);
    if (!ranked_tensor(g, x)) continue;
    return replace(root, g.add(Binary(*op), i == 0 ? std::vector{x, other} : std::vector{other, x}));
  }
  return std::nullopt;
}

std::optional<Patch> power_to_unary(Graph& g, Value root, Near& near) {
  if (!is_binary(g, root, BinaryKind::pow) || !is_float(g, root)) return std::nullopt;
  if (!is_constant(g, input(g, root, 1))) return near.miss("the power is not constant");
  const auto found = with_number(g, root, BinaryKind::pow);
  if (!found) return std::nullopt;
  const auto kind = found->number == 2    ? std::optional(UnaryKind::square)
                    : found->number == -1 ? std::optional(UnaryKind::reciprocal)
                                          : std::nullopt;
  return kind ? std::optional(replace(root, g.add(Unary(*kind), {found->x}))) : std::nullopt;
}

/// pow(-inf, 1/2) is inf, sqrt(-inf) is NaN.
std::optional<Patch> power_to_root(Graph& g, Value root, Near&) {
  const auto found = is_float(g, root) ? with_number(g, root, BinaryKind::pow) : std::nullopt;
  if (!found || (found->number != 0.5 && found->number != -0.5)) return std::nullopt;
  return replace(root, g.add(Unary(found->number > 0 ? UnaryKind::sqrt : UnaryKind::rsqrt), {found->x}));
}

std::optional<Patch> product_with_self(Graph& g, Value root, Near&) {
  if (!is_binary(g, root, BinaryKind::mul) || !is_float(g, root) || input(g, root, 0) != input(g, root, 1))
    return std::nullopt;
  return replace(root, g.add(Unary(UnaryKind::square), {input(g, root)}));
}

std::optional<Patch> one_over(Graph& g, Value root, Near&) {
  if (!is_binary(g, root, BinaryKind::div) || !is_float(g, root)) return std::nullopt;
  const Value x = input(g, root, 1);
  if (uniform(g, input(g, root)) != 1.0 || is_constant(g, x) || !same_shape(g, x, root)) return std::nullopt;
  return replace(root, g.add(Unary(UnaryKind::reciprocal), {x}));
}

std::optional<Patch> reciprocal_of_root(Graph& g, Value root, Near&) {
  if (!is_unary(g, root, UnaryKind::reciprocal) || !is_unary(g, input(g, root), UnaryKind::sqrt)) return std::nullopt;
  return replace(root, g.add(Unary(UnaryKind::rsqrt), {input(g, input(g, root))}));
}

std::optional<Patch> negation(Graph& g, Value root, Near&) {
  if (const auto found = with_number(g, root, BinaryKind::mul); found && found->number == -1 && is_float(g, root))
    return replace(root, g.add(Unary(UnaryKind::neg), {found->x}));
  if (!is_binary(g, root, BinaryKind::add)) return std::nullopt;
  for (const int i : {1, 0}) {
    const Value v = input(g, root, i);
    if (is_unary(g, v, UnaryKind::neg))
      return replace(root, g.add(Binary(BinaryKind::sub), {input(g, root, 1 - i), input(g, v)}));
  }
  return std::nullopt;
}

/// (x + a) + b and (x * a) * b.
std::optional<Patch> two_numbers(Graph& g, Value root, Near&) {
  for (const BinaryKind kind : {BinaryKind::add, BinaryKind::mul}) {
    const auto outer = is_float(g, root) ? with_number(g, root, kind) : std::nullopt;
    if (!outer || !single_use(g, outer->x)) continue;
    const auto inner = with_number(g, outer->x, kind);
    if (!inner) continue;
    const double both = kind == BinaryKind::add ? inner->number + outer->number : inner->number * outer->number;
    return replace(root, g.add(Binary(kind), {inner->x, number_like(g, inner->x, both)}));
  }
  return std::nullopt;
}

/// The same for constants that vary, where the result is no larger than they are.
std::optional<Patch> two_constants(Graph& g, Value root, Near&) {
  for (const BinaryKind kind : {BinaryKind::add, BinaryKind::mul}) {
    const auto outer = is_float(g, root) ? with_constant(g, root, kind) : std::nullopt;
    if (!outer || !single_use(g, outer->x)) continue;
    const auto inner = with_constant(g, outer->x, kind);
    if (!inner) continue;
    const Dims &a = g.constant(inner->constant)->dims(), &b = g.constant(outer->constant)->dims();
    const Dims both = broadcast_dims(a, b);
    if (checked_product(both) > std::max(checked_product(a), checked_product(b))) continue;
    const Value folded = fold(g, Binary(kind), {inner->constant, outer->constant});
    return replace(root, g.add(Binary(kind), {inner->x, folded}));
  }
  return std::nullopt;
}

constexpr Rewrite kIdentityRules[] = {
    spelling("Identity(x) => x", identity),
    {"x + 0, x * 1, x / 1, x ^ 1 => x", neutral_number},
    {"relu(relu(x)) => relu(x)", idempotent_unary},
    spelling("neg(neg(x)) => x", involution),
    spelling("Cast to its own type => x", cast_to_own_type),
    spelling("Cast(Cast(x)) => Cast(x)", cast_of_cast),
    {"Clip(Clip(x)) => Clip(x)", clip_of_clip},
    spelling("Clip without bounds => x, Clip(x, 0) => relu(x)", clip_by_nothing),
    spelling("max(x, a), min(x, b) => Clip(x, a, b)", bound_to_clip),
    {"Where(constant, x, y) => x or y", where_of_constant},
    spelling("Where(not c, x, y) => Where(c, y, x)", where_of_not),
    spelling("x op uniform constant => x op number", uniform_operand),
    spelling("x op Expand(y) => x op y", operand_expanded),
    {"x ^ 2 => square(x), x ^ -1 => reciprocal(x)", power_to_unary},
    spelling("x ^ 0.5 => sqrt(x), x ^ -0.5 => rsqrt(x)", power_to_root, false, true),
    spelling("x * x => square(x)", product_with_self),
    spelling("1 / x => reciprocal(x)", one_over),
    spelling("reciprocal(sqrt(x)) => rsqrt(x)", reciprocal_of_root, true),
    spelling("x * -1 => neg(x), x + neg(y) => x - y", negation),
    spelling("(x op a) op b => x op (a op b)", two_numbers, true),
    spelling("(x op a) op b => x op (a op b), constants that vary", two_constants, true),
};

}  // namespace

Rewrites identity_rules() { return kIdentityRules; }

}  // namespace tenon::core
