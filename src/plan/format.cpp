#include "plan/format.h"

#include <numeric>

#include "plan/choices.h"

namespace tenon::core {

std::string Layout::str() const {
  if (order.empty()) return "row-major";
  if (order == std::vector<int8_t>{0, 2, 3, 1}) return "nhwc";
  std::string s = "perm(";
  for (size_t i = 0; i < order.size(); ++i) s += (i ? "," : "") + std::to_string(order[i]);
  return s + ")";
}

Layout channels_last(int rank) {
  Layout layout;
  if (rank < 3) return layout;
  layout.order.push_back(0);
  for (int axis = 2; axis < rank; ++axis) layout.order.push_back(static_cast<int8_t>(axis));
  layout.order.push_back(1);
  return layout;
}

Dims strides_of(const Layout& layout, std::span<const int64_t> dims) {
  Dims strides(dims.size());
  int64_t stride = 1;
  for (size_t i = dims.size(); i-- > 0;) {
    const size_t axis = layout.order.empty() ? i : static_cast<size_t>(layout.order[i]);
    strides[axis] = stride;
    stride = checked_mul(stride, dims[axis]);
  }
  return strides;
}

bool same_memory(const Layout& a, const Layout& b, std::span<const int64_t> dims) {
  if (a == b) return true;
  const Dims x = strides_of(a, dims), y = strides_of(b, dims);
  for (size_t i = 0; i < dims.size(); ++i)
    if (dims[i] != 1 && x[i] != y[i]) return false;
  return true;
}

std::string Format::str() const {
  std::string s = layout.str();
  if (storage != DType::none) s += ":" + std::string(to_string(storage));
  if (scale != 0) s += fmt::format("*{}+{}", scale, zero);
  if (place == Place::host) s += "@host";
  if (vector != 1) s += fmt::format("v{}", vector);
  return s;
}

std::string Offer::str() const {
  std::string s = tactic;
  if (!config.empty()) {
    s += "{";
    for (const auto& [name, value] : config) s += (s.back() == '{' ? "" : ",") + name + "=" + std::to_string(value);
    s += "}";
  }
  const auto list = [](const std::vector<Format>& formats) {
    std::string t;
    for (const Format& f : formats) t += (t.empty() ? "" : ",") + f.str();
    return t;
  };
  return s + " " + list(in) + " -> " + list(out);
}

}  // namespace tenon::core
