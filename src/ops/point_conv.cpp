#include "ops/point_conv.h"

#include <algorithm>

#include "ops/conv.h"

namespace tenon::core {
namespace {

bool has_residual(const Graph& g, NodeId id) {
  const auto& inputs = g.node(id).inputs;
  return inputs.size() > 3 && inputs[3];
}

/// The convolution of a node with weights of rank 4.
const Conv* plane_conv(const Graph& g, NodeId id) {
  const Conv* conv = g.node(id).as<Conv>();
  if (!conv) return nullptr;
  const Type& w = g.type(g.node(id).inputs[1]);
  return w.ranked && w.rank() == 4 ? conv : nullptr;
}

}  // namespace

bool is_point_conv_or_sum(const Graph& g, NodeId id) {
  const Conv* conv = plane_conv(g, id);
  if (!conv || conv->group != 1 || conv->window.auto_pad != AutoPad::notset) return false;
  const auto all = [](const std::vector<int64_t>& values, int64_t value) {
    return std::all_of(values.begin(), values.end(), [&](int64_t each) { return each == value; });
  };
  const Shape& w = g.type(g.node(id).inputs[1]).shape;
  return all(conv->window.strides, 1) && all(conv->window.pads, 0) && w[2] == Dim(1) && w[3] == Dim(1);
}

bool is_point_conv(const Graph& g, NodeId id) { return is_point_conv_or_sum(g, id) && !has_residual(g, id); }

bool is_depthwise_conv(const Graph& g, NodeId id) {
  const Conv* conv = plane_conv(g, id);
  if (!conv || conv->group < 2 || has_residual(g, id)) return false;
  const Shape& w = g.type(g.node(id).inputs[1]).shape;
  return w[0] == Dim(conv->group) && w[1] == Dim(1);
}

int place_of_input(const Graph& g, Value v) {
  const auto at = std::find(g.inputs().begin(), g.inputs().end(), v);
  return v && at != g.inputs().end() ? static_cast<int>(at - g.inputs().begin()) : -1;
}

}  // namespace tenon::core
