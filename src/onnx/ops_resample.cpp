#include "base/error.h"
#include "onnx/ops_spatial.h"
#include "ops/resize.h"
#include "ops/sample.h"

namespace tenon::core {
namespace {

template <class E>
E choice_of(const ImportContext& cx, std::string_view name, std::string_view otherwise) {
  return static_cast<E>(import_choice(cx, name, otherwise, enum_names(E{})));
}

/// Upsample and Resize 10: corners kept, coordinates divided by the scale.
Resize make_old_resize(const ImportContext& cx) {
  static constexpr std::string_view kModes[] = {"nearest", "linear", "bilinear"};
  Resize op;
  op.mode = import_choice(cx, "mode", "nearest", kModes) == 0 ? ResizeMode::nearest : ResizeMode::linear;
  op.coordinates = ResizeCoordinates::asymmetric;
  op.nearest = ResizeNearest::floor;
  return op;
}

void import_upsample(ImportContext& cx) {
  const Value x = cx.required(0, "X");
  if (cx.opset() >= 9) return cx.output(0, cx.add(make_old_resize(cx), {x, Value{}, cx.required(1, "scales")}));
  const std::vector<double> scales = cx.reals("scales");
  if (scales.empty()) fail(ErrorCode::invalid_model, "its attribute 'scales' is required but not given");
  const Value constant = cx.constant(from_doubles(DType::f32, {static_cast<int64_t>(scales.size())}, scales));
  cx.output(0, cx.add(make_old_resize(cx), {x, Value{}, constant}));
}

void import_resize(ImportContext& cx) {
  if (cx.opset() < 11) {
    Resize old = make_old_resize(cx);
    old.nearest = ResizeNearest::floor_or_ceil;
    return cx.output(0, cx.add(old, {cx.required(0, "X"), Value{}, cx.required(1, "scales")}));
  }
  Resize op;
  op.mode = choice_of<ResizeMode>(cx, "mode", "nearest");
  op.coordinates = choice_of<ResizeCoordinates>(cx, "coordinate_transformation_mode", "half_pixel");
  op.nearest = choice_of<ResizeNearest>(cx, "nearest_mode", "round_prefer_floor");
  op.aspect = choice_of<ResizeAspect>(cx, "keep_aspect_ratio_policy", "stretch");
  op.axes = cx.integers("axes");
  op.antialias = cx.integer("antialias", 0) != 0;
  op.exclude_outside = cx.integer("exclude_outside", 0) != 0;
  op.cubic_a = cx.real("cubic_coeff_a", -0.75);
  op.extrapolation = cx.real("extrapolation_value", 0);
  const bool crops = op.coordinates == ResizeCoordinates::tf_crop_and_resize, sized = cx.has(3);
  cx.output(0, cx.add(op, trimmed({cx.required(0, "X"), crops ? cx.input(1) : Value{}, sized ? Value{} : cx.input(2),
                                   cx.input(3)})));
}

void import_grid_sample(ImportContext& cx) {
  static constexpr std::string_view kModes[] = {"linear", "nearest", "cubic", "bilinear", "", "bicubic"};
  GridSample op;
  op.mode = static_cast<SampleMode>(import_choice(cx, "mode", "linear", kModes) % 3);
  op.padding = choice_of<SamplePadding>(cx, "padding_mode", "zeros");
  op.align_corners = cx.integer("align_corners", 0) != 0;
  cx.output(0, cx.add(op, {cx.required(0, "X"), cx.required(1, "grid")}));
}

void import_affine_grid(ImportContext& cx) {
  AffineGrid op;
  op.align_corners = cx.integer("align_corners", 0) != 0;
  cx.output(0, cx.add(op, {cx.required(0, "theta"), cx.required(1, "size")}));
}

void import_image_decoder(ImportContext&) {
  fail(ErrorCode::unsupported_operator,
       "decoding images is not supported; decode them before and give the pixels as an input");
}

}  // namespace

void register_resample(ImportTable& table) {
  table.add("", "Upsample", import_upsample);
  table.add("", "Resize", import_resize);
  table.add("", "GridSample", import_grid_sample);
  table.add("com.microsoft", "GridSample", import_grid_sample);
  table.add("", "AffineGrid", import_affine_grid);
  table.add("", "ImageDecoder", import_image_decoder);
}

}  // namespace tenon::core
