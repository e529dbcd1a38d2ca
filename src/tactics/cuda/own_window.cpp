#include "tactics/cuda/own_window.h"

#include <algorithm>

namespace tenon::core::cuda::own {

bool WindowShape::is_point() const {
  for (int i = 0; i < 2; ++i)
    if (kernel[i] != 1 || stride[i] != 1 || pad[i] != 0 || in[i] != out[i]) return false;
  return true;
}

WindowShape window_shape(const Window& window, const NodeShapes& shapes) {
  const Dims &x = shapes.in[0], &w = shapes.in[1], &y = shapes.out[0];
  const int spatial = static_cast<int>(x.size()) - 2;
  Window filled = window;
  filled.kernel.assign(w.begin() + 2, w.end());
  filled = filled.filled(spatial);
  const auto pads = resolve_pads(filled, std::span(x).subspan(2));
  WindowShape s;
  s.images = x[0], s.channels = x[1];
  for (int i = 0; i < 2; ++i) s.in[i] = s.out[i] = s.kernel[i] = s.stride[i] = s.dilation[i] = 1, s.pad[i] = 0;
  for (int i = 0; i < spatial; ++i) {
    const auto from = static_cast<size_t>(i), at = from + 2;
    const int to = i + 2 - spatial;
    s.in[to] = static_cast<int>(x[at]);
    s.out[to] = static_cast<int>(y[at]);
    s.kernel[to] = static_cast<int>(w[at]);
    s.stride[to] = static_cast<int>(filled.strides[from]);
    s.dilation[to] = static_cast<int>(filled.dilations[from]);
    s.pad[to] = static_cast<int>(pads[from].first);
  }
  return s;
}

bool is_window_conv(const Problem& p, std::string& why) {
  const Conv& conv = *p.node().as<Conv>();
  const int rank = p.input(0).rank();
  if (rank != 3 && rank != 4) {
    why = fmt::format("the kernel has one or two spatial axes, found {}", rank - 2);
    return false;
  }
  if (!p.input(1).constant) {
    why = "the weights are not constant";
    return false;
  }
  // Products of a position, a stride and a dilation stay within an int.
  constexpr int64_t kMost = 1 << 14;
  const auto large = [](int64_t v) { return v > kMost; };
  bool fits = true;
  for (const auto* list : {&conv.window.strides, &conv.window.dilations, &conv.window.pads})
    fits &= std::none_of(list->begin(), list->end(), large);
  const Dims& w = p.input(1).constant->dims();
  fits &= std::none_of(w.begin() + 2, w.end(), large);
  if (!fits) why = fmt::format("a stride, dilation, pad or kernel size is larger than {}", kMost);
  return fits;
}

bool is_depthwise(const Problem& p) {
  const Dims& w = p.input(1).constant->dims();
  return p.node().as<Conv>()->group == w[0] && w[1] == 1;
}

}  // namespace tenon::core::cuda::own
