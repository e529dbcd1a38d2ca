#include "ops/window.h"

#include <algorithm>

#include "base/checked.h"
#include "base/error.h"

namespace tenon::core {
namespace {

std::vector<int64_t> filled_with(const std::vector<int64_t>& v, size_t count, int64_t value, int64_t least,
                                 std::string_view what) {
  if (v.empty()) return std::vector<int64_t>(count, value);
  if (v.size() != count)
    fail(ErrorCode::invalid_model, "{} must have {} elements for this input; found {}", what, count, dims_to_string(v));
  for (int64_t x : v)
    if (x < least) fail(ErrorCode::invalid_model, "{} must be {} or more; found {}", what, least, dims_to_string(v));
  return v;
}

Dim extent(const Dim& kernel, int64_t dilation) { return (kernel - Dim(1)) * Dim(dilation) + Dim(1); }

}  // namespace

std::span<const std::string_view> enum_names(AutoPad) {
  static constexpr std::string_view names[] = {"notset", "same_upper", "same_lower", "valid"};
  return names;
}

Window Window::filled(int spatial) const {
  const auto n = static_cast<size_t>(spatial);
  Window w = *this;
  w.kernel = filled_with(kernel, n, 1, 1, "kernel_shape");
  w.strides = filled_with(strides, n, 1, 1, "strides");
  w.dilations = filled_with(dilations, n, 1, 1, "dilations");
  w.pads = filled_with(pads, 2 * n, 0, 0, "pads");
  return w;
}

std::pair<int64_t, int64_t> split_padding(AutoPad auto_pad, int64_t total) {
  const int64_t half = total / 2;
  return auto_pad == AutoPad::same_upper ? std::pair(half, total - half) : std::pair(total - half, half);
}

std::vector<std::pair<int64_t, int64_t>> resolve_pads(const Window& filled, std::span<const int64_t> spatial) {
  std::vector<std::pair<int64_t, int64_t>> pads;
  const size_t n = spatial.size();
  for (size_t i = 0; i < n; ++i) {
    if (filled.auto_pad == AutoPad::notset)
      pads.emplace_back(filled.pads[i], filled.pads[n + i]);
    else if (filled.auto_pad == AutoPad::valid)
      pads.emplace_back(0, 0);
    else {
      const int64_t stride = filled.strides[i];
      const int64_t out = spatial[i] / stride + (spatial[i] % stride != 0);
      const int64_t reach = checked_add(checked_mul(filled.kernel[i] - 1, filled.dilations[i]), 1);
      const int64_t needed = checked_add(checked_mul(out - 1, stride), reach);
      pads.push_back(split_padding(filled.auto_pad, std::max<int64_t>(0, needed - spatial[i])));
    }
  }
  return pads;
}

Dim slide_dim(const Window& filled, int axis, const Dim& in, const Dim& kernel, bool ceil_mode) {
  const Dim stride = filled.strides[axis];
  if (filled.auto_pad == AutoPad::same_upper || filled.auto_pad == AutoPad::same_lower) return ceildiv(in, stride);
  const bool padded = filled.auto_pad == AutoPad::notset;
  const size_t n = filled.strides.size();
  const Dim begin = padded ? filled.pads[axis] : 0, end = padded ? filled.pads[n + axis] : 0;
  const Dim reach = extent(kernel, filled.dilations[axis]);
  const Dim room = in + begin + end - reach;
  if (room.is_const() && room.value() < 0)
    fail(ErrorCode::shape_mismatch,
         "the window covers {} elements (kernel {}, dilation {}) of spatial axis {}, which has {} and padding {} + {}",
         reach.str(), kernel.str(), filled.dilations[axis], axis, in.str(), begin.str(), end.str());
  if (!ceil_mode || !padded) return floordiv(room, stride) + Dim(1);
  const Dim rounded_up = ceildiv(room, stride) + Dim(1);
  const bool always_starts_inside = reach.is_const() && reach.value() >= end.value() + stride.value();
  return always_starts_inside ? rounded_up : min(rounded_up, ceildiv(in + begin, stride));
}

Slide make_slide(const Window& filled, Dims in, Dims out, Dims begin) {
  Slide s;
  s.in = std::move(in), s.out = std::move(out), s.begin = std::move(begin);
  s.kernel = filled.kernel, s.strides = filled.strides, s.dilations = filled.dilations;
  s.end.assign(s.in.size(), 0);
  s.positions = checked_product(s.out), s.taps = checked_product(s.kernel), s.plane = checked_product(s.in);
  return s;
}

Slide make_slide(const Window& window, std::span<const int64_t> in, std::span<const int64_t> kernel, bool ceil_mode) {
  Window w = window;
  w.kernel.assign(kernel.begin(), kernel.end());
  w = w.filled(static_cast<int>(in.size()));
  Dims out, begin, end;
  for (auto [b, e] : resolve_pads(w, in)) begin.push_back(b), end.push_back(e);
  for (size_t i = 0; i < in.size(); ++i)
    out.push_back(slide_dim(w, static_cast<int>(i), in[i], kernel[i], ceil_mode).value());
  Slide s = make_slide(w, Dims(in.begin(), in.end()), out, begin);
  s.end = end;
  return s;
}

void source_positions(const Slide& s, int64_t first, int64_t count, int64_t stride, int64_t* to) {
  const size_t n = s.in.size();
  Dims at(n), tap(n, 0);  // output coordinates, kernel coordinates
  int64_t rest = first;
  for (size_t i = n; i-- > 0;) at[i] = rest % s.out[i], rest /= s.out[i];
  auto advance = [n](Dims& odometer, const Dims& limits) {
    for (size_t i = n; i-- > 0 && ++odometer[i] == limits[i];) odometer[i] = 0;
  };
  for (int64_t p = 0; p < count; ++p, advance(at, s.out)) {
    for (int64_t t = 0; t < s.taps; ++t, advance(tap, s.kernel)) {
      int64_t flat = 0;
      for (size_t i = 0; i < n; ++i) {
        const int64_t x = at[i] * s.strides[i] + tap[i] * s.dilations[i] - s.begin[i];
        if (x < 0 || x >= s.in[i]) {
          flat = -1;
          break;
        }
        flat = flat * s.in[i] + x;
      }
      to[t * stride + p] = flat;
    }
  }
}

void expect_same(InferContext& cx, const Dim& found, const Dim& expected, std::string_view what) {
  switch (equal(found, expected)) {
    case Tri::yes:
      return;
    case Tri::no:
      fail(ErrorCode::shape_mismatch, "{}: expected {}, found {}", what, expected.str(), found.str());
    case Tri::unknown:
      cx.require_equal(found, expected, what);
  }
}

}  // namespace tenon::core
