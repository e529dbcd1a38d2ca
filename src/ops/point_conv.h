#pragma once
#include "ir/graph.h"

namespace tenon::core {

/// 1x1, dense, without steps, padding, groups or a residual, over two spatial axes.
bool is_point_conv(const Graph&, NodeId);
/// The same, perhaps with a residual.
bool is_point_conv_or_sum(const Graph&, NodeId);
/// A convolution of each channel by itself over two spatial axes, without a residual.
bool is_depthwise_conv(const Graph&, NodeId);
/// Which input of the graph `v` is; -1: none.
int place_of_input(const Graph&, Value v);

}  // namespace tenon::core
