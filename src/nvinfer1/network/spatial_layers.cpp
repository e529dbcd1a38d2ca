#include "nvinfer1/network/spatial_layers.h"

#include "nvinfer1/network/network.h"
#include "ops/matmul.h"
#include "ops/normalize.h"
#include "ops/pointwise.h"
#include "ops/resize.h"
#include "ops/sample.h"
#include "ops/shape.h"

namespace tenon::adapter {

using core::Value;
using Code = nv::ErrorCode;

nv::DimsHW to_hw(const std::vector<int64_t>& v) {
  return {v.size() > 0 ? static_cast<int32_t>(v[0]) : 0, v.size() > 1 ? static_cast<int32_t>(v[1]) : 0};
}

SpatialWindow::SpatialWindow(const nv::Dims& window)
    : size(to_vector(window)), stride(size.size(), 1), pre(size.size(), 0), post(size.size(), 0), dilation(size.size(), 1) {}

SpatialWindow::SpatialWindow(const core::Window& w) : size(w.kernel), stride(w.strides), dilation(w.dilations) {
  const auto half = static_cast<std::ptrdiff_t>(w.pads.size() / 2);
  pre.assign(w.pads.begin(), w.pads.begin() + half);
  post.assign(w.pads.begin() + half, w.pads.end());
  if (w.auto_pad == core::AutoPad::same_upper) mode = nv::PaddingMode::kSAME_UPPER;
  if (w.auto_pad == core::AutoPad::same_lower) mode = nv::PaddingMode::kSAME_LOWER;
}

core::Window SpatialWindow::window(size_t axes, bool& ceil) const {
  for (auto [values, what] : {std::pair(&size, "window"), std::pair(&stride, "stride"), std::pair(&pre, "pre-padding"), std::pair(&post, "post-padding"), std::pair(&dilation, "dilation")})
    if (values->size() != axes) refuse(Code::kINVALID_ARGUMENT, "its {} has {} dims; the input has {} spatial ones", what, values->size(), axes);
  core::Window w;
  w.kernel = size;
  w.strides = stride;
  w.dilations = dilation;
  using M = nv::PaddingMode;
  ceil = mode == M::kEXPLICIT_ROUND_UP || mode == M::kCAFFE_ROUND_UP;
  const bool same = mode == M::kSAME_UPPER || mode == M::kSAME_LOWER;
  if (same) w.auto_pad = mode == M::kSAME_UPPER ? core::AutoPad::same_upper : core::AutoPad::same_lower;
  else w.pads = pre, w.pads.insert(w.pads.end(), post.begin(), post.end());
  return w.filled(static_cast<int>(axes));
}

template <class I, class V>
int64_t ConvolutionBase<I, V>::channels(Lowering& l, Value x) const {
  if (l.rank(x) < 3) refuse(Code::kINVALID_ARGUMENT, "its input must have channels and spatial dims; found {}", l.fact(x).type.str());
  const core::Dim& c = l.shape(x)[1];
  if (!c.is_const()) refuse(Code::kINVALID_ARGUMENT, "the number of channels of its input must be known; found {}", l.fact(x).type.str());
  if (groups_ < 1 || c.value() % groups_ != 0 || maps_ % groups_ != 0)
    refuse(Code::kINVALID_ARGUMENT, "{} groups do not divide {} input and {} output channels", groups_, c.value(), maps_);
  return c.value();
}

namespace {

/// Sizes that round up: as much end padding as the last window needs.
void pad_to_round_up(core::Window& w, const core::Shape& shape) {
  const size_t axes = w.kernel.size();
  for (size_t i = 0; i < axes; ++i) {
    const core::Dim& d = shape[i + 2];
    if (!d.is_const()) refuse(Code::kUNSUPPORTED_STATE, "rounding sizes up needs known spatial dims");
    const int64_t reach = d.value() + w.pads[i] + w.pads[axes + i] - (w.dilations[i] * (w.kernel[i] - 1) + 1);
    if (const int64_t over = reach % w.strides[i]; reach > 0 && over != 0) w.pads[axes + i] += w.strides[i] - over;
  }
}

/// A bias that is not there is no input, as in models.
std::vector<Value> operands(Value x, Value kernel, Value bias) { return bias ? std::vector{x, kernel, bias} : std::vector{x, kernel}; }

size_t spatial_axes(Lowering& l, Value x) { return static_cast<size_t>(std::max(0, l.rank(x) - 2)); }

}  // namespace

void ConvolutionLayer::fill(const core::Conv& op) {
  const std::vector<int64_t> size = window_.size;
  window_ = SpatialWindow(op.window.filled(static_cast<int>(size.size())));
  window_.size = size;
  groups_ = static_cast<int32_t>(op.group);
}

std::vector<Value> ConvolutionLayer::lower(Lowering& l) const {
  const Value x = l.value(required(0));
  const int64_t c = channels(l, x);
  core::Conv op;
  bool ceil = false;
  op.window = window_.window(spatial_axes(l, x), ceil);
  if (ceil) pad_to_round_up(op.window, l.shape(x));
  op.group = groups_;
  const Value w = kernel(l, maps_, c / groups_);
  return {l.add(std::move(op), operands(x, w, bias(l)))};
}

std::vector<Value> DeconvolutionLayer::lower(Lowering& l) const {
  const Value x = l.value(required(0));
  const int64_t c = channels(l, x);
  core::ConvTranspose op;
  bool ceil = false;
  op.window = window_.window(spatial_axes(l, x), ceil);
  op.group = groups_;
  const Value w = kernel(l, c, maps_ / groups_);
  return {l.add(std::move(op), operands(x, w, bias(l)))};
}

std::vector<Value> FullyConnectedLayer::lower(Lowering& l) const {
  const Value x = l.value(required(0));
  const int rank = l.rank(x);
  if (rank - l.lead() < 3) refuse(Code::kINVALID_ARGUMENT, "its input must have 3 dims or more; found {}", l.fact(x).type.str());
  std::vector<int64_t> rows(static_cast<size_t>(rank) - 3, 0), flat = rows, out = rows;
  int64_t inner = 1;
  for (int i = rank - 3; i < rank; ++i) {
    const core::Dim& d = l.shape(x)[static_cast<size_t>(i)];
    if (!d.is_const()) refuse(Code::kINVALID_ARGUMENT, "the last three dims of its input must be known; found {}", l.fact(x).type.str());
    inner *= d.value();
  }
  flat.push_back(inner);
  out.insert(out.end(), {channels, 1, 1});
  Value w = input(1) ? l.value(*input(1)) : l.weights(kernel, {channels, inner}, "kernel", nv::WeightsRole::kKERNEL);
  if (input(1)) w = l.reshaped(w, {channels, inner});
  const Value b = input(2) ? l.reshaped(l.value(*input(2)), {channels}) : bias.count == 0 ? Value{} : l.weights(bias, {channels}, "bias", nv::WeightsRole::kBIAS);
  core::MatMul op;
  op.transpose_b = true;
  return {l.reshaped(l.add(std::move(op), operands(l.reshaped(x, flat), w, b)), out)};
}

void PoolingLayer::fill(const core::Pool& op) {
  window_ = SpatialWindow(op.window.filled(static_cast<int>(op.window.kernel.size())));
  if (op.ceil_mode && window_.mode == nv::PaddingMode::kEXPLICIT_ROUND_DOWN) window_.mode = nv::PaddingMode::kEXPLICIT_ROUND_UP;
  excludes_padding = !op.count_include_pad;
}

std::vector<Value> PoolingLayer::lower(Lowering& l) const {
  const Value x = l.value(required(0));
  core::Pool op;
  op.window = window_.window(spatial_axes(l, x), op.ceil_mode);
  op.count_include_pad = !excludes_padding;
  if (type != nv::PoolingType::kMAX_AVERAGE_BLEND) {
    op.kind = type == nv::PoolingType::kMAX ? core::PoolKind::max : core::PoolKind::average;
    if (op.kind == core::PoolKind::max) op.count_include_pad = false;
    return {l.add(std::move(op), {x})};
  }
  core::Pool average = op;
  average.kind = core::PoolKind::average;
  op.count_include_pad = false;
  const Value most = l.add(core::Binary(core::BinaryKind::mul), {l.add(std::move(op), {x}), l.number(l.dtype(x), 1.0 - blend)});
  const Value mean = l.add(core::Binary(core::BinaryKind::mul), {l.add(std::move(average), {x}), l.number(l.dtype(x), blend)});
  return {l.add(core::Binary(core::BinaryKind::add), {most, mean})};
}

std::vector<Value> LrnLayer::lower(Lowering& l) const {
  core::LRN op;
  op.size = window;
  op.alpha = alpha;
  op.beta = beta;
  op.bias = k;
  return {l.add(op, {l.value(required(0))})};
}

Value ScaleLayer::operand(Lowering& l, Value x, const nv::Weights& w, const char* what, nv::WeightsRole role) const {
  if (w.count == 0) return {};
  const int rank = l.rank(x);
  const auto dim = [&](int i) {
    const core::Dim& d = l.shape(x)[static_cast<size_t>(i)];
    if (!d.is_const()) refuse(Code::kINVALID_ARGUMENT, "the dims it scales along must be known; found {}", l.fact(x).type.str());
    return d.value();
  };
  std::vector<int64_t> dims;
  if (mode == nv::ScaleMode::kCHANNEL) {
    const int at = axis + l.lead();
    if (at < 0 || at >= rank) refuse(Code::kINVALID_ARGUMENT, "its channel axis {} is not one of the input's", axis);
    dims.assign(static_cast<size_t>(rank - at), 1);
    dims[0] = dim(at);
  } else if (mode == nv::ScaleMode::kELEMENTWISE) {
    for (int i = std::max(1, rank - 3); i < rank; ++i) dims.push_back(dim(i));
  }
  return l.weights(w, dims, what, role);
}

std::vector<Value> ScaleLayer::lower(Lowering& l) const {
  using B = core::BinaryKind;
  Value x = l.value(required(0));
  const auto apply = [&](B kind, const nv::Weights& w, const char* what, nv::WeightsRole role) {
    if (const Value v = operand(l, x, w, what, role)) x = l.binary(static_cast<int>(kind), x, v);
  };
  apply(B::mul, scale, "scale", nv::WeightsRole::kSCALE);
  apply(B::add, shift, "shift", nv::WeightsRole::kSHIFT);
  apply(B::pow, power, "power", nv::WeightsRole::kANY);
  return {x == l.value(required(0)) ? l.add(core::Identity{}, {x}) : x};
}

std::vector<Value> PaddingLayer::lower(Lowering& l) const {
  const Value x = l.value(required(0));
  const int rank = l.rank(x);
  if (pre_.size() != 2 || post_.size() != 2) refuse(Code::kUNSUPPORTED_STATE, "it pads the last two dims: two values before and two after were expected, found {} and {}", pre_.size(), post_.size());
  if (rank < 2) refuse(Code::kINVALID_ARGUMENT, "its input must have two dims or more; found {}", l.fact(x).type.str());
  std::vector<int64_t> pads(static_cast<size_t>(2 * rank), 0);
  for (int i = 0; i < 2; ++i) {
    pads[static_cast<size_t>(rank - 2 + i)] = pre_[static_cast<size_t>(i)];
    pads[static_cast<size_t>(2 * rank - 2 + i)] = post_[static_cast<size_t>(i)];
  }
  return {l.add(core::Pad{}, {x, l.i64(pads)})};
}

void ResizeLayer::setScales(float const* scales, int32_t count) noexcept {
  guarded(network().reporter(), "IResizeLayer::setScales", [&] {
    need(scales, "scales");
    scales_.assign(scales, scales + std::max(count, 0));
    changed();
  });
}

int32_t ResizeLayer::getScales(int32_t size, float* scales) const noexcept {
  for (size_t i = 0; scales && i < scales_.size() && static_cast<int32_t>(i) < size; ++i) scales[i] = static_cast<float>(scales_[i]);
  return scales_.empty() ? -1 : static_cast<int32_t>(scales_.size());
}

void ResizeLayer::setAlignCorners(bool value) noexcept {
  using T = nv::ResizeCoordinateTransformation;
  coordinates = value ? T::kALIGN_CORNERS : T::kASYMMETRIC;
  changed();
}

std::vector<Value> ResizeLayer::lower(Lowering& l) const {
  using T = nv::ResizeCoordinateTransformation;
  using R = nv::ResizeRoundMode;
  const Value x = l.value(required(0));
  core::Resize op;
  op.mode = static_cast<core::ResizeMode>(mode);
  op.coordinates = coordinates == T::kALIGN_CORNERS ? core::ResizeCoordinates::align_corners
                   : coordinates == T::kASYMMETRIC  ? core::ResizeCoordinates::asymmetric
                                                    : core::ResizeCoordinates::half_pixel;
  // The upper selector maps a single pixel to the start of the axis.
  if (selector == nv::ResizeSelector::kUPPER && coordinates == T::kHALF_PIXEL) op.coordinates = core::ResizeCoordinates::pytorch_half_pixel;
  op.nearest = rounding == R::kHALF_UP     ? core::ResizeNearest::round_prefer_ceil
               : rounding == R::kHALF_DOWN ? core::ResizeNearest::round_prefer_floor
               : rounding == R::kFLOOR     ? core::ResizeNearest::floor
                                           : core::ResizeNearest::ceil;
  op.cubic_a = cubic;
  op.exclude_outside = exclude_outside;
  const auto with_batch = [&](auto values, auto one) {
    if (static_cast<int>(values.size()) + l.lead() != l.rank(x)) refuse(Code::kINVALID_ARGUMENT, "{} output dims or scales were expected, found {}", l.rank(x) - l.lead(), values.size());
    if (l.lead()) values.insert(values.begin(), one);
    return values;
  };
  if (input(1)) return {l.add(std::move(op), {x, Value{}, Value{}, l.shape_operand(*input(1))})};
  if (!sizes_.empty()) {
    if (!l.lead()) return {l.add(std::move(op), {x, Value{}, Value{}, l.i64(with_batch(sizes_, int64_t{0}))})};
    for (int i = 1; i < l.rank(x); ++i) op.axes.push_back(i);
    return {l.add(std::move(op), {x, Value{}, Value{}, l.i64(sizes_)})};
  }
  const auto scales = with_batch(scales_, 1.0);
  const Value s = l.graph.add_constant(core::from_doubles(DType::f32, {static_cast<int64_t>(scales.size())}, scales));
  return {l.add(std::move(op), {x, Value{}, s})};
}

bool GridSampleLayer::setSampleMode(nv::SampleMode value) noexcept {
  using M = nv::SampleMode;
  if (value != M::kFILL && value != M::kCLAMP && value != M::kREFLECT) {
    network().reporter().error("IGridSampleLayer::setSampleMode", Code::kINVALID_ARGUMENT, describe() + ": expected kFILL, kCLAMP or kREFLECT");
    return false;
  }
  padding_ = value;
  changed();
  return true;
}

std::vector<Value> GridSampleLayer::lower(Lowering& l) const {
  core::GridSample op;
  using I = nv::InterpolationMode;
  op.mode = mode == I::kNEAREST ? core::SampleMode::nearest : mode == I::kLINEAR ? core::SampleMode::linear : core::SampleMode::cubic;
  using M = nv::SampleMode;
  op.padding = padding_ == M::kFILL ? core::SamplePadding::zeros : padding_ == M::kCLAMP ? core::SamplePadding::border : core::SamplePadding::reflection;
  op.align_corners = align;
  return {l.add(op, {l.value(required(0)), l.value(required(1))})};
}

}  // namespace tenon::adapter
