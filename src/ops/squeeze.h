#pragma once
#include "ops/conv.h"
#include "ir/graph.h"

namespace tenon::core {

/// y = x * gate, where gate = outer(second * inner(first * mean + first_bias) + second_bias): squeeze and excite, as the body of
/// a Fused node. Each is an input of the node; -1: left out.
struct SqueezeGate {
  int x = -1, first = -1, first_bias = -1, second = -1, second_bias = -1;
  Activation inner, outer;
};
std::optional<SqueezeGate> squeeze_gate(const Graph& body);

/// The nodes of such a gate in a graph, found from its product.
struct SqueezeNodes {
  Value x, mean, hidden, gate, product;
};
std::optional<SqueezeNodes> squeeze_nodes(const Graph&, Value product);

}  // namespace tenon::core
