#include "ops/resize_axis.h"

#include <algorithm>
#include <cmath>

namespace tenon::core {
namespace {

/// Where output `o` lies in the input. In float for nearest, where a rounding error picks another element and other
/// implementations agree on float; in double otherwise.
template <class F>
F source_of(const Resize& op, const ResizeAxis& a, int64_t o) {
  const F x = static_cast<F>(o), in = static_cast<F>(a.in), scale = static_cast<F>(a.scale), half = F(0.5);
  const F out = scale * in;  // may be a fraction
  switch (op.coordinates) {
    case ResizeCoordinates::half_pixel:
      return (x + half) / scale - half;
    case ResizeCoordinates::half_pixel_symmetric:
      return in / 2 * (1 - static_cast<F>(a.out) / out) + (x + half) / scale - half;
    case ResizeCoordinates::pytorch_half_pixel:
      return a.out > 1 ? (x + half) / scale - half : 0;
    case ResizeCoordinates::align_corners:
      return out == 1 ? 0 : x * (in - 1) / (out - 1);
    case ResizeCoordinates::asymmetric:
      return x / scale;
    case ResizeCoordinates::tf_half_pixel_for_nn:
      return (x + half) / scale;
    case ResizeCoordinates::tf_crop_and_resize:
      break;
  }
  const F begin = static_cast<F>(a.roi_begin) * (in - 1), length = static_cast<F>(a.roi_end - a.roi_begin) * (in - 1);
  return begin + (a.out > 1 ? x * length / static_cast<F>(a.out - 1) : length / 2);
}

double nearest_of(ResizeNearest mode, bool shrinks, double x) {
  switch (mode) {
    case ResizeNearest::round_prefer_floor:
      return std::ceil(x - 0.5);
    case ResizeNearest::round_prefer_ceil:
      return std::floor(x + 0.5);
    case ResizeNearest::floor:
      return std::floor(x);
    case ResizeNearest::ceil:
      return std::ceil(x);
    case ResizeNearest::floor_or_ceil:
      return shrinks ? std::ceil(x) : std::floor(x);
  }
  return x;
}

double cubic(double a, double x) {
  x = std::fabs(x);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

double filter(const Resize& op, double x) {
  return op.mode == ResizeMode::cubic ? cubic(op.cubic_a, x) : std::max(0.0, 1 - std::fabs(x));
}

/// A huge or undefined coordinate clamped to where any clamping to the input gives the same result.
int64_t to_index(double x, int64_t in) {
  const auto limit = static_cast<double>(in) + 16;
  return std::isnan(x) ? 0 : static_cast<int64_t>(std::clamp(x, -limit, limit));
}

void normalize(double* weights, int64_t count) {
  double sum = 0;
  for (int64_t t = 0; t < count; ++t) sum += weights[t];
  for (int64_t t = 0; t < count && sum != 0; ++t) weights[t] /= sum;
}

}  // namespace

ResizeTaps make_taps(const Resize& op, const ResizeAxis& a) {
  const bool nearest = op.mode == ResizeMode::nearest;
  const double shrink = op.antialias && !nearest ? std::min(a.scale, 1.0) : 1.0;
  const double reach = op.mode == ResizeMode::cubic ? 2 : 1;
  const double radius = std::min(reach / shrink, 4 * static_cast<double>(a.in) + 8);
  const int64_t begin = static_cast<int64_t>(std::floor(-radius)) + 1;  // first tap, from the input before the source
  ResizeTaps taps;
  taps.count = nearest ? 1 : 2 - 2 * begin;
  taps.index.resize(static_cast<size_t>(taps.count * a.out));
  taps.weight.assign(taps.index.size(), 1);
  taps.outside.assign(static_cast<size_t>(a.out), 0);
  for (int64_t o = 0; o < a.out; ++o) {
    const double x = nearest ? source_of<float>(op, a, o) : source_of<double>(op, a, o);
    int64_t* index = taps.index.data() + o * taps.count;
    double* weight = taps.weight.data() + o * taps.count;
    taps.outside[o] =
        op.coordinates == ResizeCoordinates::tf_crop_and_resize && !(x >= 0 && x <= static_cast<double>(a.in - 1));
    if (nearest) {
      index[0] = std::clamp<int64_t>(to_index(nearest_of(op.nearest, a.scale < 1, x), a.in), 0, a.in - 1);
      continue;
    }
    const int64_t base = to_index(std::floor(x), a.in);
    const double fraction = std::clamp(x - static_cast<double>(base), 0.0, 1.0);
    for (int64_t t = 0; t < taps.count; ++t) {
      const int64_t at = base + begin + t;
      weight[t] = filter(op, (static_cast<double>(begin + t) - fraction) * shrink);
      if (op.exclude_outside && (at < 0 || at >= a.in)) weight[t] = 0;
      index[t] = std::clamp<int64_t>(at, 0, a.in - 1);
    }
    if (op.exclude_outside || shrink != 1) normalize(weight, taps.count);
  }
  return taps;
}

}  // namespace tenon::core
