#pragma once
#include "ops/conv.h"
#include "ops/matmul.h"
#include "ops/pointwise.h"
#include "passes/rewrite.h"

namespace tenon::core {

/// A Conv, ConvTranspose or MatMul seen by what may be folded into it: inputs x, weights, bias?, residual?; then an
/// activation.
struct Affine {
  Value v;
  Value x, weights, bias, residual;
  int channel_axis = 0;  // of the output
  bool takes_residual = false;
  Activation activation;
  bool plain() const { return !activation.present() && !residual; }
};
std::optional<Affine> as_affine(const Graph&, Value v);
/// The same node with the inputs and activation that `a` holds now.
Value rebuild(Graph&, const Affine& a);
/// Near-miss sentence when `v` is an Affine hidden behind a Cast or a Reshape.
std::optional<std::string> what_lies_between(const Graph&, Value v);

/// Whether a constant operand of a tensor of `shape` varies over `axis` alone, or not at all.
bool is_channel_constant(const Graph&, Value constant, const Shape& shape, int axis);
/// The same as a constant [channels]. The channel dim must be a number.
Value channel_vector(Graph&, Value constant, const Shape& shape, int axis);
/// Weights times (or divided by) one factor per output channel.
Value scale_weights(Graph&, const Affine&, Value factors, BinaryKind);

}  // namespace tenon::core
