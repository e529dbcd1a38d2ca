#pragma once
#include "ir/op.h"

namespace tenon::core {

enum class ResizeMode { nearest, linear, cubic };
std::span<const std::string_view> enum_names(ResizeMode);
enum class ResizeCoordinates {
  half_pixel,
  half_pixel_symmetric,
  pytorch_half_pixel,
  align_corners,
  asymmetric,
  tf_crop_and_resize,
  tf_half_pixel_for_nn,
};
std::span<const std::string_view> enum_names(ResizeCoordinates);
/// floor_or_ceil: ceil where the axis shrinks, as in opset 10.
enum class ResizeNearest { round_prefer_floor, round_prefer_ceil, floor, ceil, floor_or_ceil };
std::span<const std::string_view> enum_names(ResizeNearest);
enum class ResizeAspect { stretch, not_larger, not_smaller };
std::span<const std::string_view> enum_names(ResizeAspect);

/// Resize(x, roi? [2k], scales?: f32[k], sizes?: i64[k]) of the k axes in `axes` (empty: all). Exactly one of scales
/// and sizes is given. Without sizes an axis becomes floor(float(size) * scale). `roi` is used by tf_crop_and_resize
/// alone.
struct Resize : OpDef<Resize> {
  static constexpr std::string_view op_name = "Resize";
  ResizeMode mode = ResizeMode::nearest;
  ResizeCoordinates coordinates = ResizeCoordinates::half_pixel;
  ResizeNearest nearest = ResizeNearest::round_prefer_floor;
  ResizeAspect aspect = ResizeAspect::stretch;
  std::vector<int64_t> axes;
  bool antialias = false, exclude_outside = false;
  double cubic_a = -0.75, extrapolation = 0;
  void fields(FieldVisitor& v) override {
    visit_enum(v, "mode", mode);
    visit_enum(v, "coordinates", coordinates);
    visit_enum(v, "nearest", nearest);
    visit_enum(v, "aspect", aspect);
    v.visit("axes", axes);
    v.visit("antialias", antialias);
    v.visit("exclude_outside", exclude_outside);
    v.visit("cubic_a", cubic_a);
    v.visit("extrapolation", extrapolation);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

}  // namespace tenon::core
