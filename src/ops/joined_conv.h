#pragma once
#include "ir/graph.h"
#include "ops/conv.h"

namespace tenon::core {

/// y = activation(weights * max(0, joined * scale + shift) + bias) at every pixel, where the channels of `joined` are
/// those of the parts in turn: a dense block's layer, as the body of a Fused node. Each is an input of the node; the
/// parts come first, scale and shift are [C,1,1] and the weights [M,C,1,1]; bias -1: left out.
struct JoinedConv {
  int parts = 0, scale = -1, shift = -1, weights = -1, bias = -1;
  Activation activation;
};
std::optional<JoinedConv> joined_conv(const Graph& body);

}  // namespace tenon::core
