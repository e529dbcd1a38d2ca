#pragma once
#include "ir/op.h"

namespace tenon::core {

/// RoiAlign(x [N,C,H,W], rois [R,4] = x1,y1,x2,y2, batch: i64[R]) -> [R,C,height,width].
/// half_pixel shifts the regions by -0.5; without it regions are at least 1 wide and high.
struct RoiAlign : OpDef<RoiAlign> {
  static constexpr std::string_view op_name = "RoiAlign";
  bool max = false, half_pixel = true;
  int64_t height = 1, width = 1;
  int64_t sampling_ratio = 0;  // samples of an output element along each axis; 0: as many as its size in the input
  double spatial_scale = 1;
  void fields(FieldVisitor& v) override {
    v.visit("max", max);
    v.visit("half_pixel", half_pixel);
    v.visit("height", height);
    v.visit("width", width);
    v.visit("sampling_ratio", sampling_ratio);
    v.visit("spatial_scale", spatial_scale);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// MaxRoiPool(x [N,C,H,W], rois [R,5] = batch,x1,y1,x2,y2) -> [R,C,height,width].
struct MaxRoiPool : OpDef<MaxRoiPool> {
  static constexpr std::string_view op_name = "MaxRoiPool";
  int64_t height = 1, width = 1;
  double spatial_scale = 1;
  void fields(FieldVisitor& v) override {
    v.visit("height", height);
    v.visit("width", width);
    v.visit("spatial_scale", spatial_scale);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

}  // namespace tenon::core
