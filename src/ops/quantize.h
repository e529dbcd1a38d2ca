#pragma once
#include "ir/op.h"

namespace tenon::core {

/// QuantizeLinear(x, scale, zero_point?): saturate(round_half_even(x / scale) + zero_point) for integer types; the
/// float types take x / scale + zero_point rounded to them. The scale is one number; or, per axis, one for each index
/// along `axis`; or, with `block_size` > 0, of x's shape with ceil(dim / block_size) along `axis`. The zero point has
/// the scale's shape.
struct QuantizeLinear : OpDef<QuantizeLinear> {
  static constexpr std::string_view op_name = "QuantizeLinear";
  DType output = DType::none;     // none: the zero point's type, or u8 without one
  DType precision = DType::none;  // of the division; none: the scale's type
  int64_t axis = 1;
  int64_t block_size = 0;
  bool saturate = true;  // for float 8 types
  void fields(FieldVisitor& v) override {
    v.visit("output", output);
    v.visit("precision", precision);
    v.visit("axis", axis);
    v.visit("block_size", block_size);
    v.visit("saturate", saturate);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// DequantizeLinear(x, scale, zero_point?): (x - zero_point) * scale; scale and zero point as for QuantizeLinear.
struct DequantizeLinear : OpDef<DequantizeLinear> {
  static constexpr std::string_view op_name = "DequantizeLinear";
  DType output = DType::none;  // none: the scale's type
  int64_t axis = 1;
  int64_t block_size = 0;
  void fields(FieldVisitor& v) override {
    v.visit("output", output);
    v.visit("axis", axis);
    v.visit("block_size", block_size);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// DynamicQuantizeLinear(x: f32) -> y: u8, scale: f32[], zero point: u8[]; the range of x, widened to hold 0, is 255
/// steps.
struct DynamicQuantizeLinear : OpDef<DynamicQuantizeLinear> {
  static constexpr std::string_view op_name = "DynamicQuantizeLinear";
  void fields(FieldVisitor&) override {}
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// Which scale belongs to which element of x.
enum class ScaleKind { tensor, axis, block };
struct ScaleLayout {
  ScaleKind kind = ScaleKind::tensor;
  int64_t axis_size = 1, inner = 1;    // extent of the axis, and product of the dims after it
  int64_t block_size = 1, blocks = 1;  // elements along the axis that share a scale, and ceil(axis_size / block_size)
};
/// Fails when the dims do not fit.
ScaleLayout scale_layout(const Dims& x, const Dims& scale, int64_t axis, int64_t block_size);

}  // namespace tenon::core
