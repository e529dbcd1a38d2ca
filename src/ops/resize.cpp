#include "ops/resize.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "ops/axis_view.h"
#include "ops/elements.h"
#include "ops/infer_util.h"
#include "ops/reals.h"
#include "ops/resize_axis.h"
#include "ops/saturate.h"

namespace tenon::core {
namespace {

std::vector<int64_t> resolved_axes(const Resize& op, int64_t rank) {
  if (!op.axes.empty()) return resolve_axes(op.axes, rank);
  std::vector<int64_t> all(static_cast<size_t>(rank));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

void expect_count(std::string_view what, int64_t found, size_t expected) {
  if (found != static_cast<int64_t>(expected))
    fail(ErrorCode::invalid_model, "{} must have {} elements, one per resized axis; found {}", what, expected, found);
}

void expect_scale(double scale) {
  if (!(scale > 0) || !std::isfinite(scale)) fail(ErrorCode::bad_input, "a scale must be more than 0; found {}", scale);
}

int64_t scaled_size(int64_t in, float scale) {
  const double out = std::floor(static_cast<float>(in) * scale);
  if (out > 9e18) fail(ErrorCode::too_large, "an axis of {} elements scaled by {} is too large", in, scale);
  return static_cast<int64_t>(out);
}

/// floor(in * scale) as an expression where float arithmetic gives the same; nothing for other scales.
std::optional<Dim> scaled_dim(const Dim& in, float scale) {
  if (in.is_const()) return Dim(scaled_size(in.value(), scale));
  constexpr int64_t kDenominator = 256;
  const double numerator = static_cast<double>(scale) * kDenominator;
  if (numerator != std::floor(numerator) || numerator > 1 << 16) return {};
  const int64_t n = static_cast<int64_t>(numerator), divisor = std::gcd(n, kDenominator);
  return floordiv(in * Dim(n / divisor), Dim(kDenominator / divisor));
}

/// The common factor of the axes when the aspect ratio is kept.
double common_scale(ResizeAspect aspect, const std::vector<ResizeAxis>& axes) {
  double result = axes.empty() ? 1 : axes[0].scale;
  for (const ResizeAxis& a : axes)
    result = aspect == ResizeAspect::not_larger ? std::min(result, a.scale) : std::max(result, a.scale);
  return result;
}

void set_sizes(const Resize& op, const std::vector<int64_t>& sizes, std::vector<ResizeAxis>& axes) {
  expect_count("sizes", static_cast<int64_t>(sizes.size()), axes.size());
  for (size_t i = 0; i < axes.size(); ++i) {
    if (sizes[i] < 0) fail(ErrorCode::bad_input, "sizes must not be negative; found {}", sizes[i]);
    axes[i].out = sizes[i];
    axes[i].scale = static_cast<double>(sizes[i]) / static_cast<double>(axes[i].in);
  }
  if (op.aspect == ResizeAspect::stretch) return;
  const double scale = common_scale(op.aspect, axes);
  for (ResizeAxis& a : axes) {
    a.scale = scale;
    a.out = static_cast<int64_t>(std::floor(scale * static_cast<double>(a.in) + 0.5));
  }
}

std::vector<ResizeAxis> concrete_axes(const Resize& op, const EvalContext& cx) {
  const Dims& dims = cx.tensor(0).dims();
  std::vector<ResizeAxis> axes;
  for (int64_t axis : resolved_axes(op, static_cast<int64_t>(dims.size())))
    axes.push_back({axis, dims[axis], dims[axis]});
  const bool has_scales = cx.has(2) && cx.tensor(2).size() > 0, has_sizes = cx.has(3) && cx.tensor(3).size() > 0;
  if (has_scales == has_sizes && !axes.empty())
    fail(ErrorCode::bad_input, "exactly one of scales and sizes must be given; found {}",
         has_scales ? "both" : "neither");
  if (has_sizes) set_sizes(op, to_int64s(cx.tensor(3)), axes);
  if (has_scales) {
    const std::vector<float> scales = to_floats(cx.tensor(2));
    expect_count("scales", cx.tensor(2).size(), axes.size());
    for (size_t i = 0; i < axes.size(); ++i) {
      expect_scale(scales[i]);
      axes[i].scale = scales[i];
      axes[i].out = scaled_size(axes[i].in, scales[i]);
    }
  }
  if (op.coordinates == ResizeCoordinates::tf_crop_and_resize) {
    if (!cx.has(1)) fail(ErrorCode::bad_input, "tf_crop_and_resize needs the roi input");
    const std::vector<double> roi = to_doubles(cx.tensor(1));
    expect_count("half of roi", static_cast<int64_t>(roi.size() / 2), axes.size());
    for (size_t i = 0; i < axes.size(); ++i) axes[i].roi_begin = roi[i], axes[i].roi_end = roi[axes.size() + i];
  }
  for (const ResizeAxis& a : axes)
    if (a.in == 0 && a.out > 0) fail(ErrorCode::bad_input, "axis {} has no elements to resize to {}", a.axis, a.out);
  return axes;
}

/// The tensor with one axis resampled.
template <class T>
std::vector<T> resample(const std::vector<T>& x, const AxisView& v, const ResizeTaps& taps, int64_t out,
                        T extrapolation, Threads& threads) {
  std::vector<T> y(static_cast<size_t>(checked_mul(checked_mul(v.outer, out), v.inner)));
  threads.parallel_ranges(v.outer * out, std::max<int64_t>(1, 4096 / std::max<int64_t>(1, v.inner)),
                          [&](int64_t begin, int64_t end) {
                            for (int64_t row = begin; row < end; ++row) {
                              const int64_t o = row % out;
                              T* to = y.data() + row * v.inner;
                              if (taps.outside[o]) {
                                std::fill(to, to + v.inner, extrapolation);
                                continue;
                              }
                              if (v.inner == 1) {
                                const T* line = x.data() + row / out * v.length;
                                for (int64_t t = o * taps.count; t < (o + 1) * taps.count; ++t)
                                  *to += static_cast<T>(taps.weight[t]) * line[taps.index[t]];
                                continue;
                              }
                              for (int64_t t = o * taps.count; t < (o + 1) * taps.count; ++t) {
                                const T* from = x.data() + (row / out * v.length + taps.index[t]) * v.inner;
                                const T weight = static_cast<T>(taps.weight[t]);
                                for (int64_t i = 0; i < v.inner && weight != 0; ++i) to[i] += weight * from[i];
                              }
                            }
                          });
  return y;
}

template <class T>
Tensor interpolate(const Resize& op, const Tensor& x, const std::vector<ResizeAxis>& axes, Threads& threads) {
  const Reals<T> input(x);
  std::vector<T> values(input.data(), input.data() + input.size());
  Dims dims = x.dims();
  for (const ResizeAxis& a : axes) {
    if (a.identity()) continue;
    values =
        resample(values, AxisView(dims, a.axis), make_taps(op, a), a.out, static_cast<T>(op.extrapolation), threads);
    dims[a.axis] = a.out;
  }
  if (is_integer(x.dtype())) saturate(x.dtype(), std::span<T>(values));
  RealResult<T> y(x.dtype(), dims);
  std::copy(values.begin(), values.end(), y.data());
  return y.finish();
}

/// The taps of every axis of the tensor, resized or not.
std::vector<ResizeTaps> all_taps(const Resize& op, const Dims& in, const std::vector<ResizeAxis>& axes, Dims& out) {
  std::vector<ResizeAxis> all;
  for (size_t i = 0; i < in.size(); ++i) all.push_back({static_cast<int64_t>(i), in[i], in[i]});
  for (const ResizeAxis& a : axes) all[a.axis] = a;
  std::vector<ResizeTaps> taps;
  for (const ResizeAxis& a : all) {
    Resize along = op;
    if (a.identity()) along.coordinates = ResizeCoordinates::asymmetric;
    taps.push_back(make_taps(along, a));
    out.push_back(a.out);
  }
  return taps;
}

/// One line of the output along the last axis: line `row` of the product of the others.
template <class T>
void pick_line(const std::vector<ResizeTaps>& taps, const Dims& in, const Dims& out, int64_t row, const T* x,
               const T& fill, T* y) {
  const size_t last = in.size() - 1;
  int64_t from = 0, stride = in[last], rest = row;
  bool outside = false;
  for (size_t i = last; i-- > 0; stride *= in[i], rest /= out[i]) {
    from += taps[i].index[rest % out[i]] * stride;
    outside = outside || taps[i].outside[rest % out[i]];
  }
  for (int64_t o = 0; o < out[last]; ++o)
    y[row * out[last] + o] = outside || taps[last].outside[o] ? fill : x[from + taps[last].index[o]];
}

Tensor pick_nearest(const Resize& op, const Tensor& x, const std::vector<ResizeAxis>& axes, Threads& threads) {
  if (x.rank() == 0) return x;
  Dims out;
  const std::vector<ResizeTaps> taps = all_taps(op, x.dims(), axes, out);
  Tensor y(x.dtype(), out);
  if (y.size() == 0) return y;
  const bool number = is_float(x.dtype()) || is_integer(x.dtype()) || x.dtype() == DType::boolean;
  const Tensor fill = number ? scalar(x.dtype(), op.extrapolation) : Tensor(x.dtype(), {});
  visit_movable(x.dtype(), [&](auto element) {
    using T = decltype(element);
    const T* from = elements_of<T>(x);
    T* to = mutable_elements_of<T>(y);
    threads.parallel_ranges(y.size() / out.back(), std::max<int64_t>(1, 16384 / out.back()),
                            [&](int64_t begin, int64_t end) {
                              for (int64_t row = begin; row < end; ++row)
                                pick_line(taps, x.dims(), out, row, from, elements_of<T>(fill)[0], to);
                            });
  });
  return y;
}

}  // namespace

std::span<const std::string_view> enum_names(ResizeMode) {
  static constexpr std::string_view names[] = {"nearest", "linear", "cubic"};
  return names;
}
std::span<const std::string_view> enum_names(ResizeCoordinates) {
  static constexpr std::string_view names[] = {"half_pixel",          "half_pixel_symmetric", "pytorch_half_pixel",
                                               "align_corners",       "asymmetric",           "tf_crop_and_resize",
                                               "tf_half_pixel_for_nn"};
  return names;
}
std::span<const std::string_view> enum_names(ResizeNearest) {
  static constexpr std::string_view names[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil",
                                               "floor_or_ceil"};
  return names;
}
std::span<const std::string_view> enum_names(ResizeAspect) {
  static constexpr std::string_view names[] = {"stretch", "not_larger", "not_smaller"};
  return names;
}

std::vector<Fact> Resize::infer(InferContext& cx) const {
  expect_tensor(cx, 0, "the input of the resize");
  const Type& x = cx.input(0).type;
  if (mode != ResizeMode::nearest && !is_float(x.dtype) && !is_integer(x.dtype))
    fail(ErrorCode::invalid_model, "only numbers can be interpolated; found {}", x.str());
  if (!x.ranked) return {unranked(x.dtype)};
  const std::vector<int64_t> resized = resolved_axes(*this, x.rank());
  if (!cx.has(2) && !cx.has(3) && !resized.empty())
    fail(ErrorCode::invalid_model, "one of scales and sizes must be given");
  Shape out = x.shape;
  const auto sizes = cx.has(3) ? cx.input(3).elements() : std::nullopt;
  if (sizes && !sizes->empty() && aspect == ResizeAspect::stretch) {
    expect_count("sizes", static_cast<int64_t>(sizes->size()), resized.size());
    for (size_t i = 0; i < resized.size(); ++i) out[resized[i]] = (*sizes)[i];
    return {Fact::tensor(x.dtype, out)};
  }
  const auto numbers = cx.has(3) ? cx.input(3).numbers() : std::nullopt;
  const auto in = const_dims(x.shape);
  if (numbers && !numbers->empty() && in) {
    std::vector<ResizeAxis> axes_;
    for (int64_t axis : resized) axes_.push_back({axis, (*in)[axis], 0});
    set_sizes(*this, *numbers, axes_);
    for (const ResizeAxis& a : axes_) out[a.axis] = a.out;
    return {Fact::tensor(x.dtype, out)};
  }
  const ConstRef scales = cx.has(2) ? cx.input(2).constant : nullptr;
  const bool known = scales && checked_product(scales->dims()) > 0;
  const std::vector<float> factors = known ? to_floats(scales->value()) : std::vector<float>();
  if (known) expect_count("scales", static_cast<int64_t>(factors.size()), resized.size());
  for (size_t i = 0; i < resized.size(); ++i) {
    Dim& d = out[resized[i]];
    if (known) expect_scale(factors[i]);
    const auto scaled = known ? scaled_dim(d, factors[i]) : std::nullopt;
    d = scaled ? *scaled : cx.unknown("resized");
  }
  return {Fact::tensor(x.dtype, out)};
}

std::vector<HostValue> Resize::evaluate(const EvalContext& cx) const {
  const Tensor& x = cx.tensor(0);
  const std::vector<ResizeAxis> concrete = concrete_axes(*this, cx);
  if (mode == ResizeMode::nearest) return {pick_nearest(*this, x, concrete, cx.threads())};
  return {
      with_real_type(x.dtype(), [&](auto t) { return interpolate<decltype(t)>(*this, x, concrete, cx.threads()); })};
}

}  // namespace tenon::core
