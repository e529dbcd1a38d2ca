#pragma once
#include <span>

#include "ir/graph.h"
#include "ops/conv.h"

namespace tenon::core {

/// One of the convolutions of a Bottleneck: which inputs of the node it reads; -1: left out.
struct BottleneckPart {
  int weights = -1, bias = -1;
  Activation activation;
  bool present() const { return weights >= 0; }
};

/// An inverted bottleneck, as the body of a Fused node: a 1x1 convolution of x, a convolution of each of its channels by
/// itself, and a 1x1 convolution of that, to which a residual may be added. One of the 1x1 convolutions may be missing.
struct Bottleneck {
  int x = -1, residual = -1;
  BottleneckPart expand, middle, project;
  Window window;  // of the one in the middle
};
std::optional<Bottleneck> bottleneck(const Graph& body);
/// A body from a file may be of other dims than the inputs and output of the node that has it.
bool dims_agree(const Bottleneck&, std::span<const Dims> inputs, const Dims& output);

}  // namespace tenon::core
