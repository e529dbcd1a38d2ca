#pragma once
#include "ops/conv.h"
#include "tactics/tactic.h"

namespace tenon::core::cuda::own {

/// A convolution of one or two spatial axes at concrete dims; the first axis of a single one is 1 long.
struct WindowShape {
  int64_t images = 0, channels = 0;
  int in[2], out[2], kernel[2], stride[2], dilation[2], pad[2];
  /// Each output pixel sees one input pixel, its own.
  bool is_point() const;
};
/// Input 0 is x, input 1 the weights.
WindowShape window_shape(const Window&, const NodeShapes&);

/// A convolution with constant weights and one or two spatial axes, whose numbers fit an int; false with a sentence.
bool is_window_conv(const Problem&, std::string& why);
/// Each channel has one filter of its own.
bool is_depthwise(const Problem&);

}  // namespace tenon::core::cuda::own
