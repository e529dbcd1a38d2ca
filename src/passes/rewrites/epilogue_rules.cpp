#include <algorithm>
#include <limits>

#include "passes/match.h"
#include "passes/rewrites/affine.h"
#include "passes/rewrites/families.h"
#include "passes/rewrites/numbers.h"

namespace tenon::core {
namespace {

bool is_epilogue_kind(UnaryKind kind) {
  switch (kind) {
    case UnaryKind::relu:
    case UnaryKind::sigmoid:
    case UnaryKind::tanh:
    case UnaryKind::softplus:
    case UnaryKind::leaky_relu:
    case UnaryKind::elu:
    case UnaryKind::hard_sigmoid:
    case UnaryKind::hard_swish:
    case UnaryKind::gelu_erf:
    case UnaryKind::gelu_tanh:
    case UnaryKind::mish:
    case UnaryKind::swish:
      return true;
    default:
      return false;
  }
}

/// A pointwise node as an activation of its input.
std::optional<Activation> as_activation(const Graph& g, Value v) {
  if (const auto* op = is<Unary>(g, v); op && is_epilogue_kind(op->kind))
    return Activation{std::string(enum_names(op->kind)[static_cast<int>(op->kind)]), op->alpha, op->beta};
  if (!is<Clip>(g, v)) return std::nullopt;
  const auto bounds = as_bounds(g, v);
  return bounds ? std::optional(Activation{"clip", bounds->low, bounds->high}) : std::nullopt;
}

std::optional<Patch> fold_activation(Graph& g, Value root, Near& near) {
  const auto activation = as_activation(g, root);
  if (!activation) return std::nullopt;
  const Value x = input(g, root);
  auto a = as_affine(g, x);
  if (!a) {
    const auto between = what_lies_between(g, x);
    return between ? near.miss(*between) : std::nullopt;
  }
  if (a->activation.present()) return near.miss("the node before has an activation of its own");
  if (!single_use(g, x)) return near.miss(g.describe_node(x.node) + " is used elsewhere");
  a->activation = *activation;
  return replace(root, rebuild(g, *a));
}

/// Whether the node of `v` could take a residual.
bool open_for_residual(const Graph& g, Value v) {
  const auto a = as_affine(g, v);
  return a && a->takes_residual && a->plain() && single_use(g, v);
}

std::optional<Patch> fold_residual(Graph& g, Value root, Near& near) {
  if (!is_binary(g, root, BinaryKind::add)) return std::nullopt;
  Value into = input(g, root, 0), residual = input(g, root, 1);
  if (into == residual) return std::nullopt;
  const bool first = open_for_residual(g, into), second = open_for_residual(g, residual);
  if (!first && !second) return std::nullopt;
  // Of two candidates the later one: its partner is then computed before it.
  if (!first || (second && residual.node > into.node)) std::swap(into, residual);
  if (is_constant(g, residual)) return std::nullopt;
  if (!same_type(g, into, root)) return std::nullopt;
  if (!same_type(g, residual, root)) return near.miss("the sum broadcasts");
  auto a = as_affine(g, into);
  a->residual = residual;
  return replace(root, rebuild(g, *a));
}

constexpr Rewrite kEpilogueRules[] = {
    {"Conv/MatMul(x, w, b) + r => Conv/MatMul(x, w, b, r)", fold_residual},
    {"activation(Conv/MatMul(x)) => Conv/MatMul{activation}(x)", fold_activation},
};

}  // namespace

Rewrites epilogue_rules() { return kEpilogueRules; }

}  // namespace tenon::core
