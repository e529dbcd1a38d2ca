#include "passes/rewrites/polynomial.h"

#include <algorithm>
#include <cmath>

#include "passes/match.h"

namespace tenon::core {
namespace {

constexpr size_t kMaxCoefficients = 9;

void trim(Polynomial& p) {
  while (!p.empty() && p.back() == 0) p.pop_back();
}

Polynomial sum(const Polynomial& a, const Polynomial& b, double factor) {
  Polynomial out(std::max(a.size(), b.size()));
  for (size_t i = 0; i < a.size(); ++i) out[i] += a[i];
  for (size_t i = 0; i < b.size(); ++i) out[i] += factor * b[i];
  trim(out);
  return out;
}

Polynomial product(const Polynomial& a, const Polynomial& b) {
  if (a.empty() || b.empty()) return {};
  Polynomial out(a.size() + b.size() - 1);
  for (size_t i = 0; i < a.size(); ++i)
    for (size_t j = 0; j < b.size(); ++j) out[i + j] += a[i] * b[j];
  trim(out);
  return out;
}

using Form = std::optional<LinearForm>;

Form add(const Form& a, const Form& b, double factor) {
  if (!a || !b) return std::nullopt;
  return LinearForm{sum(a->p, b->p, factor), sum(a->q, b->q, factor)};
}

Form multiply(const Form& a, const Form& b) {
  if (!a || !b || (!a->q.empty() && !b->q.empty())) return std::nullopt;
  LinearForm out{product(a->p, b->p), sum(product(a->p, b->q), product(a->q, b->p), 1)};
  if (std::max(out.p.size(), out.q.size()) > kMaxCoefficients) return std::nullopt;
  return out;
}

Form power(const Form& base, double exponent) {
  if (exponent != 2 && exponent != 3) return std::nullopt;
  const Form two = multiply(base, base);
  return exponent == 2 ? two : multiply(two, base);
}

}  // namespace

std::optional<LinearForm> linear_form(const Graph& g, Value v, Value x, Value t, int depth) {
  if (v == x) return LinearForm{{0, 1}, {}};
  if (t && v == t) return LinearForm{{}, {1}};
  if (const auto number = uniform(g, v)) {
    LinearForm constant{{*number}, {}};
    trim(constant.p);
    return constant;
  }
  if (!v || depth == 0) return std::nullopt;
  const auto part = [&](int i) { return linear_form(g, input(g, v, i), x, t, depth - 1); };
  if (const auto* unary = is<Unary>(g, v)) {
    if (unary->kind == UnaryKind::square) return power(part(0), 2);
    if (unary->kind == UnaryKind::neg) return add(LinearForm{}, part(0), -1);
    return std::nullopt;
  }
  const auto* binary = is<Binary>(g, v);
  if (!binary) return std::nullopt;
  const auto number = uniform(g, input(g, v, 1));
  switch (binary->kind) {
    case BinaryKind::add:
      return add(part(0), part(1), 1);
    case BinaryKind::sub:
      return add(part(0), part(1), -1);
    case BinaryKind::mul:
      return multiply(part(0), part(1));
    case BinaryKind::div:
      if (!number || *number == 0) return std::nullopt;
      return multiply(part(0), LinearForm{{1 / *number}, {}});
    case BinaryKind::pow:
      return number ? power(part(0), *number) : std::nullopt;
    default:
      return std::nullopt;
  }
}

std::optional<Polynomial> polynomial(const Graph& g, Value v, Value x) {
  const auto form = linear_form(g, v, x, {});
  return form ? std::optional(form->p) : std::nullopt;
}

bool close(const Polynomial& a, const Polynomial& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (!close(a[i], b[i], 1e-3) && std::max(std::abs(a[i]), std::abs(b[i])) > 1e-7) return false;
  return true;
}

void arithmetic_values(const Graph& g, Value v, int depth, std::vector<Value>& into) {
  if (!v || is_constant(g, v) || std::find(into.begin(), into.end(), v) != into.end()) return;
  into.push_back(v);
  const auto* unary = is<Unary>(g, v);
  const bool open = is<Binary>(g, v) || (unary && (unary->kind == UnaryKind::square || unary->kind == UnaryKind::neg));
  if (depth == 0 || !open) return;
  for (Value in : g.node(v.node).inputs) arithmetic_values(g, in, depth - 1, into);
}

}  // namespace tenon::core
