#include <algorithm>
#include <cmath>

#include "passes/match.h"
#include "passes/rewrites/families.h"
#include "passes/rewrites/numbers.h"
#include "passes/rewrites/polynomial.h"

namespace tenon::core {
namespace {

constexpr int kDepth = 5;
const double kRootHalf = std::sqrt(0.5);
const double kTanhScale = std::sqrt(2 / 3.14159265358979323846);

/// root = p(x) + q(x) * f(u): one way to read a sum or product.
struct Reading {
  Value x, t, u;  // t = f(u)
  LinearForm form;
};

/// Whether `found` is the function; gives the node that replaces it.
using Recognize = std::optional<Unary> (*)(const Graph&, const Reading&);

bool same_element_type(const Graph& g, Value a, Value b) { return g.type(a).dtype == g.type(b).dtype; }

/// Tries every value that root is made of as x, for each inner value that `is_function` accepts as t.
template <class IsFunction>
std::optional<Patch> recognize(Graph& g, Value root, Near& near, IsFunction is_function, Recognize known) {
  const bool arithmetic = is_binary(g, root, BinaryKind::mul) || is_binary(g, root, BinaryKind::div) ||
                          is_binary(g, root, BinaryKind::add) || is_unary(g, root, UnaryKind::neg);
  if (!arithmetic || !is_float(g, root)) return std::nullopt;
  std::vector<Value> values;
  arithmetic_values(g, root, kDepth, values);
  for (size_t i = 1; i < values.size(); ++i) {
    const Value t = values[i];
    if (!is_function(g, t)) continue;
    const Value u = input(g, t);
    std::vector<Value> candidates = values;
    arithmetic_values(g, u, kDepth, candidates);
    std::reverse(candidates.begin(), candidates.end());  // innermost first: a sum with a number belongs to the pattern
    for (const Value x : candidates) {
      if (x == root || x == t || !same_shape(g, x, root) || !same_element_type(g, x, root)) continue;
      const auto form = linear_form(g, root, x, t);
      if (!form || form->q.empty()) continue;
      const auto unary = known(g, Reading{x, t, u, *form});
      if (!unary) continue;
      if (!single_use(g, t)) return near.miss(g.describe_node(t.node) + " is used elsewhere");
      return replace(root, g.add(Unary(*unary), {x}));
    }
    if (is<Cast>(g, u) || is<Cast>(g, root)) return near.miss("the precision changes inside the pattern");
  }
  return std::nullopt;
}

template <UnaryKind kind>
bool is_kind(const Graph& g, Value v) {
  return is_unary(g, v, kind);
}

bool is_half_gate(const LinearForm& f) { return close(f.p, {0, 0.5}) && close(f.q, {0, 0.5}); }

std::optional<Unary> known_gelu_erf(const Graph& g, const Reading& r) {
  const auto u = polynomial(g, r.u, r.x);
  if (!u || !is_half_gate(r.form) || !close(*u, {0, kRootHalf})) return std::nullopt;
  return Unary(UnaryKind::gelu_erf);
}

std::optional<Unary> known_gelu_tanh(const Graph& g, const Reading& r) {
  const auto u = polynomial(g, r.u, r.x);
  if (!u || !is_half_gate(r.form) || !close(*u, {0, kTanhScale, 0, kTanhScale * 0.044715})) return std::nullopt;
  return Unary(UnaryKind::gelu_tanh);
}

std::optional<Unary> known_swish(const Graph& g, const Reading& r) {
  const auto u = polynomial(g, r.u, r.x);
  if (!u || !r.form.p.empty() || !close(r.form.q, {0, 1})) return std::nullopt;
  if (u->size() != 2 || (*u)[0] != 0) return std::nullopt;
  return Unary(UnaryKind::swish, (*u)[1]);
}

/// tanh(softplus(x))
std::optional<Unary> known_mish(const Graph& g, const Reading& r) {
  if (!is_unary(g, r.u, UnaryKind::softplus) || input(g, r.u) != r.x) return std::nullopt;
  if (!r.form.p.empty() || !close(r.form.q, {0, 1})) return std::nullopt;
  return Unary(UnaryKind::mish);
}

/// The function as Clip(a * x + b, 0, 1) * factor.
struct Ramp {
  double a, b, factor;
};
std::optional<Ramp> as_ramp(const Graph& g, const Reading& r) {
  if (const auto* op = is<Unary>(g, r.t))
    return r.u == r.x ? std::optional(Ramp{op->alpha, op->beta, 1}) : std::nullopt;
  const auto bounds = as_bounds(g, r.t);
  const auto u = polynomial(g, r.u, r.x);
  if (!bounds || bounds->low != 0 || !std::isfinite(bounds->high) || bounds->high <= 0) return std::nullopt;
  if (!u || u->size() != 2) return std::nullopt;
  return Ramp{(*u)[1] / bounds->high, (*u)[0] / bounds->high, bounds->high};
}

bool is_ramp(const Graph& g, Value v) { return is<Clip>(g, v) || is_unary(g, v, UnaryKind::hard_sigmoid); }

std::optional<Unary> known_hard_swish(const Graph& g, const Reading& r) {
  const auto ramp = as_ramp(g, r);
  if (!ramp || !close(ramp->a, 1.0 / 6) || !close(ramp->b, 0.5)) return std::nullopt;
  if (!r.form.p.empty() || !close(r.form.q, {0, 1 / ramp->factor})) return std::nullopt;
  return Unary(UnaryKind::hard_swish);
}

std::optional<Unary> known_hard_sigmoid(const Graph& g, const Reading& r) {
  const auto ramp = is<Clip>(g, r.t) ? as_ramp(g, r) : std::nullopt;
  if (!ramp || !r.form.p.empty() || !close(r.form.q, {1 / ramp->factor})) return std::nullopt;
  return Unary(UnaryKind::hard_sigmoid, ramp->a, ramp->b);
}

std::optional<Patch> gelu_erf(Graph& g, Value root, Near& near) {
  return recognize(g, root, near, is_kind<UnaryKind::erf>, known_gelu_erf);
}
std::optional<Patch> gelu_tanh(Graph& g, Value root, Near& near) {
  return recognize(g, root, near, is_kind<UnaryKind::tanh>, known_gelu_tanh);
}
std::optional<Patch> swish(Graph& g, Value root, Near& near) {
  return recognize(g, root, near, is_kind<UnaryKind::sigmoid>, known_swish);
}
std::optional<Patch> mish(Graph& g, Value root, Near& near) {
  return recognize(g, root, near, is_kind<UnaryKind::tanh>, known_mish);
}
std::optional<Patch> hard_swish(Graph& g, Value root, Near& near) {
  return recognize(g, root, near, is_ramp, known_hard_swish);
}
std::optional<Patch> hard_sigmoid(Graph& g, Value root, Near& near) {
  return recognize(g, root, near, is_ramp, known_hard_sigmoid);
}

/// log(1 + exp(x))
std::optional<Patch> softplus(Graph& g, Value root, Near&) {
  if (!is_unary(g, root, UnaryKind::log)) return std::nullopt;
  const auto sum = with_number(g, input(g, root), BinaryKind::add);
  if (!sum || sum->number != 1 || !is_unary(g, sum->x, UnaryKind::exp)) return std::nullopt;
  return replace(root, g.add(Unary(UnaryKind::softplus), {input(g, sum->x)}));
}

/// 1 / (1 + exp(-x))
std::optional<Patch> sigmoid(Graph& g, Value root, Near&) {
  if (!is_unary(g, root, UnaryKind::reciprocal)) return std::nullopt;
  const auto sum = with_number(g, input(g, root), BinaryKind::add);
  if (!sum || sum->number != 1 || !is_unary(g, sum->x, UnaryKind::exp)) return std::nullopt;
  const Value negated = input(g, sum->x);
  if (!is_unary(g, negated, UnaryKind::neg)) return std::nullopt;
  return replace(root, g.add(Unary(UnaryKind::sigmoid), {input(g, negated)}));
}

constexpr Rewrite kActivationRules[] = {
    {"x/2 * (1 + erf(x / sqrt 2)) => gelu_erf(x)", gelu_erf, true},
    {"x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))) => gelu_tanh(x)", gelu_tanh, true},
    {"1 / (1 + exp(-x)) => sigmoid(x)", sigmoid, true},
    {"log(1 + exp(x)) => softplus(x)", softplus, true, true},
    {"x * sigmoid(a * x) => swish(x)", swish, true},
    {"x * tanh(softplus(x)) => mish(x)", mish, true},
    {"x * Clip(x + 3, 0, 6) / 6 => hard_swish(x)", hard_swish, true},
    {"Clip(a * x + b, 0, c) / c => hard_sigmoid(x)", hard_sigmoid, true},
};

}  // namespace

Rewrites activation_rules() { return kActivationRules; }

}  // namespace tenon::core
