#include "passes/match.h"

#include <algorithm>
#include <cmath>

#include "base/checked.h"
#include "ops/shape.h"

namespace tenon::core {
namespace {

constexpr int64_t kMaxCompared = 64 << 10;
constexpr double kMaxExact = 9007199254740992.0;  // 2^53

std::optional<double> uniform(const Constant& c) {
  if (c.is_expression()) {
    if (as<ConstantOfShape>(c.op())) {
      const ConstRef& value = as<ConstantOfShape>(c.op())->value;
      return value ? uniform(*value) : 0.0;
    }
    const bool moves = as<Reshape>(c.op()) || as<Expand>(c.op()) || as<Tile>(c.op()) || as<Transpose>(c.op());
    return moves ? uniform(*c.inputs()[0]) : std::nullopt;
  }
  if (c.dtype() == DType::string || c.dtype() == DType::c64 || c.dtype() == DType::c128) return std::nullopt;
  if (checked_product(c.dims()) < 1 || c.byte_size() > kMaxCompared) return std::nullopt;
  const auto values = to_doubles(c.value());
  const bool same = std::all_of(values.begin(), values.end(), [&](double v) { return v == values[0]; });
  const bool exact = !is_integer(c.dtype()) || std::abs(values[0]) < kMaxExact;
  return same && exact ? std::optional(values[0]) : std::nullopt;
}

}  // namespace

std::optional<double> uniform(const Graph& g, Value v) {
  const ConstRef c = g.constant(v);
  return c ? uniform(*c) : std::nullopt;
}

Value input(const Graph& g, Value v, int i) {
  const auto& inputs = g.node(v.node).inputs;
  return i < static_cast<int>(inputs.size()) ? inputs[i] : Value{};
}

bool is_constant_or_absent(const Graph& g, Value v) { return !v || g.constant(v); }

int input_count(const Graph& g, Value v) {
  const auto& inputs = g.node(v.node).inputs;
  auto count = static_cast<int>(inputs.size());
  while (count > 0 && !inputs[count - 1]) --count;
  return count;
}

bool single_use(const Graph& g, Value v) { return g.use_count(v) == 1 && !g.is_output(v); }

bool is_unary(const Graph& g, Value v, UnaryKind kind) {
  const auto* op = is<Unary>(g, v);
  return op && op->kind == kind;
}

bool is_binary(const Graph& g, Value v, BinaryKind kind) {
  const auto* op = is<Binary>(g, v);
  return op && op->kind == kind;
}

bool is_float(const Graph& g, Value v) { return g.type(v).is_tensor() && is_float(g.type(v).dtype); }

bool ranked_tensor(const Graph& g, Value v) { return v && g.type(v).is_tensor() && g.type(v).ranked; }

bool same_shape(const Shape& a, const Shape& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (!known_equal(a[i], b[i])) return false;
  return true;
}

bool same_shape(const Graph& g, Value a, Value b) {
  return ranked_tensor(g, a) && ranked_tensor(g, b) && same_shape(g.type(a).shape, g.type(b).shape);
}

bool same_type(const Graph& g, Value a, Value b) { return same_shape(g, a, b) && g.type(a).dtype == g.type(b).dtype; }

bool commutes(BinaryKind kind) {
  switch (kind) {
    case BinaryKind::add:
    case BinaryKind::mul:
    case BinaryKind::min:
    case BinaryKind::max:
    case BinaryKind::equal:
    case BinaryKind::logical_and:
    case BinaryKind::logical_or:
    case BinaryKind::logical_xor:
    case BinaryKind::bitwise_and:
    case BinaryKind::bitwise_or:
    case BinaryKind::bitwise_xor:
      return true;
    default:
      return false;
  }
}

std::optional<WithConstant> with_constant(const Graph& g, Value v, BinaryKind kind) {
  if (!is_binary(g, v, kind)) return std::nullopt;
  const Value a = input(g, v, 0), b = input(g, v, 1);
  if (is_constant(g, b) && !is_constant(g, a) && same_shape(g, a, v)) return WithConstant{a, b};
  if (commutes(kind) && is_constant(g, a) && !is_constant(g, b) && same_shape(g, b, v)) return WithConstant{b, a};
  return std::nullopt;
}

std::optional<WithNumber> with_number(const Graph& g, Value v, BinaryKind kind) {
  const auto found = with_constant(g, v, kind);
  if (!found) return std::nullopt;
  const auto number = uniform(g, found->constant);
  return number ? std::optional(WithNumber{found->x, *number}) : std::nullopt;
}

std::optional<std::vector<int64_t>> numbers(const Graph& g, Value v) { return v ? g.fact(v).numbers() : std::nullopt; }

std::optional<double> scalar_or(const Graph& g, Value v, double otherwise) { return v ? uniform(g, v) : otherwise; }

bool close(double a, double b, double tolerance) {
  return std::abs(a - b) <= tolerance * std::max(std::abs(a), std::abs(b));
}

}  // namespace tenon::core
