#pragma once
#include "ir/op.h"

namespace tenon::core {

enum class SampleMode { linear, nearest, cubic };
std::span<const std::string_view> enum_names(SampleMode);
enum class SamplePadding { zeros, border, reflection };
std::span<const std::string_view> enum_names(SamplePadding);

/// GridSample(x [N,C,d1..dr], grid [N,o1..or,r]) -> [N,C,o1..or]. The last axis of the grid holds positions in [-1, 1],
/// innermost axis first.
struct GridSample : OpDef<GridSample> {
  static constexpr std::string_view op_name = "GridSample";
  SampleMode mode = SampleMode::linear;
  SamplePadding padding = SamplePadding::zeros;
  bool align_corners = false;
  void fields(FieldVisitor& v) override {
    visit_enum(v, "mode", mode);
    visit_enum(v, "padding", padding);
    v.visit("align_corners", align_corners);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// AffineGrid(theta [N,r,r+1], size: i64[r+2] = N,C,d1..dr) -> [N,d1..dr,r], r = 2 or 3.
struct AffineGrid : OpDef<AffineGrid> {
  static constexpr std::string_view op_name = "AffineGrid";
  bool align_corners = false;
  void fields(FieldVisitor& v) override { v.visit("align_corners", align_corners); }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

}  // namespace tenon::core
