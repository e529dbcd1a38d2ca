#include "tactics/sliding_axes.h"

namespace tenon::core {

std::vector<cpu::SlidingAxis> sliding_axes(Window window, const Dims& w, const Dims& x, const Dims& y) {
  window.kernel.assign(w.begin() + 2, w.end());
  window = window.filled(static_cast<int>(x.size()) - 2);
  const auto pads = resolve_pads(window, std::span(x).subspan(2));
  std::vector<cpu::SlidingAxis> axes;
  for (size_t i = 0; i < pads.size(); ++i)
    axes.push_back({x[i + 2], y[i + 2], window.kernel[i], window.strides[i], window.dilations[i], pads[i].first});
  return axes;
}

}  // namespace tenon::core
