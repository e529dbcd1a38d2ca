#include "ops/squeeze.h"

#include <algorithm>

#include "ops/pointwise.h"

namespace tenon::core {
namespace {

/// The activations that every kernel for gates has.
bool is_plain_activation(const Activation& a) {
  constexpr std::string_view kinds[] = {"", "relu", "clip", "leaky_relu", "sigmoid", "tanh", "swish", "hard_sigmoid", "hard_swish"};
  return std::find(std::begin(kinds), std::end(kinds), a.kind) != std::end(kinds);
}

/// A convolution of one pixel: a product of a matrix and the channels.
const Conv* point_conv(const Graph& g, Value v) {
  const Conv* conv = v && v.output == 0 ? g.node(v.node).as<Conv>() : nullptr;
  if (!conv || conv->group != 1 || !is_plain_activation(conv->activation)) return nullptr;
  const auto& inputs = g.node(v.node).inputs;
  const auto all = [](const std::vector<int64_t>& values, int64_t value) {
    return std::all_of(values.begin(), values.end(), [&](int64_t each) { return each == value; });
  };
  if (!all(conv->window.strides, 1) || !all(conv->window.pads, 0) || (inputs.size() > 3 && inputs[3])) return nullptr;
  const Type& w = g.type(inputs[1]);
  if (!w.ranked || w.rank() != 4) return nullptr;
  const bool one_tap = w.shape[2].is_const() && w.shape[2].value() == 1 && w.shape[3].is_const() && w.shape[3].value() == 1;
  return one_tap && w.shape[0].is_const() && w.shape[1].is_const() ? conv : nullptr;
}

}  // namespace

std::optional<SqueezeNodes> squeeze_nodes(const Graph& g, Value product) {
  const Binary* mul = product && product.output == 0 ? g.node(product.node).as<Binary>() : nullptr;
  if (!mul || mul->kind != BinaryKind::mul) return {};
  const auto& factors = g.node(product.node).inputs;
  for (const size_t which : {size_t{0}, size_t{1}}) {
    SqueezeNodes n;
    n.product = product, n.gate = factors[which], n.x = factors[1 - which];
    if (!point_conv(g, n.gate)) continue;
    n.hidden = g.node(n.gate.node).inputs[0];
    if (!point_conv(g, n.hidden)) continue;
    n.mean = g.node(n.hidden.node).inputs[0];
    const Pool* pool = n.mean && n.mean.output == 0 ? g.node(n.mean.node).as<Pool>() : nullptr;
    if (pool && pool->global && pool->kind == PoolKind::average && g.node(n.mean.node).inputs[0] == n.x) return n;
  }
  return {};
}

std::optional<SqueezeGate> squeeze_gate(const Graph& body) {
  if (body.outputs().size() != 1) return {};
  const auto nodes = squeeze_nodes(body, body.outputs()[0]);
  if (!nodes) return {};
  const auto place = [&](Value v) {
    const auto at = std::find(body.inputs().begin(), body.inputs().end(), v);
    return v && at != body.inputs().end() ? static_cast<int>(at - body.inputs().begin()) : -1;
  };
  const auto input = [&](Value v, size_t i) {
    const auto& inputs = body.node(v.node).inputs;
    return i < inputs.size() ? inputs[i] : Value{};
  };
  SqueezeGate gate;
  gate.x = place(nodes->x);
  gate.first = place(input(nodes->hidden, 1)), gate.first_bias = place(input(nodes->hidden, 2));
  gate.second = place(input(nodes->gate, 1)), gate.second_bias = place(input(nodes->gate, 2));
  gate.inner = body.node(nodes->hidden.node).as<Conv>()->activation;
  gate.outer = body.node(nodes->gate.node).as<Conv>()->activation;
  const bool known = gate.x >= 0 && gate.first >= 0 && gate.second >= 0 && (gate.first_bias >= 0 || !input(nodes->hidden, 2)) &&
                     (gate.second_bias >= 0 || !input(nodes->gate, 2));
  return known ? std::optional(gate) : std::nullopt;
}

}  // namespace tenon::core
