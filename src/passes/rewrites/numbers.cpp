#include "passes/rewrites/numbers.h"

#include <limits>

#include "passes/match.h"

namespace tenon::core {
namespace {
constexpr double kInfinity = std::numeric_limits<double>::infinity();
}

Value number_like(Graph& g, Value x, double value) { return g.add_constant(scalar(g.type(x).dtype, value)); }

Value clip(Graph& g, Value x, double low, double high) {
  if (low == -kInfinity && high == kInfinity) return x;
  if (low == 0 && high == kInfinity) return g.add(Unary(UnaryKind::relu), {x});
  const Value low_value = low == -kInfinity ? Value{} : number_like(g, x, low);
  if (high == kInfinity) return g.add(Clip{}, {x, low_value});
  return g.add(Clip{}, {x, low_value, number_like(g, x, high)});
}

std::optional<Bounds> as_bounds(const Graph& g, Value v) {
  if (!v || !is_float(g, v)) return std::nullopt;
  if (is_unary(g, v, UnaryKind::relu)) return Bounds{input(g, v), 0, kInfinity};
  if (!is<Clip>(g, v)) return std::nullopt;
  const auto low = scalar_or(g, input(g, v, 1), -kInfinity), high = scalar_or(g, input(g, v, 2), kInfinity);
  if (!low || !high || !(*low <= *high)) return std::nullopt;
  return Bounds{input(g, v), *low, *high};
}

}  // namespace tenon::core
