#pragma once
#include "ir/op.h"

namespace tenon::core {

/// Reshape(x, shape: i64[k]); 0 copies the input's dim unless `allowzero`, one -1 is what is left. A symbolic dim of the
/// shape is taken as itself: where it is 0 at run time the tensor is empty, and its other dims may differ from the fact.
struct Reshape : OpDef<Reshape> {
  static constexpr std::string_view op_name = "Reshape";
  bool allowzero = false;
  void fields(FieldVisitor& v) override { v.visit("allowzero", allowzero); }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// Transpose(x): output axis i is input axis permutation[i]; empty reverses the axes.
struct Transpose : OpDef<Transpose> {
  static constexpr std::string_view op_name = "Transpose";
  std::vector<int64_t> permutation;
  void fields(FieldVisitor& v) override { v.visit("permutation", permutation); }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// Squeeze(x, axes?: i64[k]); no axes: every dim that is 1.
struct Squeeze : OpDef<Squeeze> {
  static constexpr std::string_view op_name = "Squeeze";
  void fields(FieldVisitor&) override {}
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// Unsqueeze(x, axes: i64[k]), axes of the output.
struct Unsqueeze : OpDef<Unsqueeze> {
  static constexpr std::string_view op_name = "Unsqueeze";
  void fields(FieldVisitor&) override {}
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// Flatten(x) to 2-D: axes before `axis` times those from it on.
struct Flatten : OpDef<Flatten> {
  static constexpr std::string_view op_name = "Flatten";
  int64_t axis = 1;
  void fields(FieldVisitor& v) override { v.visit("axis", axis); }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// Concat(x...) along `axis`.
struct Concat : OpDef<Concat> {
  static constexpr std::string_view op_name = "Concat";
  int64_t axis = 0;
  void fields(FieldVisitor& v) override { v.visit("axis", axis); }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// Split(x, sizes?: i64[k]) into `outputs` parts along `axis`; without sizes, equal parts, the last one smaller.
struct Split : OpDef<Split> {
  static constexpr std::string_view op_name = "Split";
  int64_t axis = 0;
  int64_t outputs = 1;
  void fields(FieldVisitor& v) override {
    v.visit("axis", axis);
    v.visit("outputs", outputs);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// Slice(x, starts, ends, axes?, steps?), as ONNX 13: negative indices count from the end, out-of-range ones clamp.
struct Slice : OpDef<Slice> {
  static constexpr std::string_view op_name = "Slice";
  void fields(FieldVisitor&) override {}
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// Expand(x, shape: i64[k]), two-way broadcasting.
struct Expand : OpDef<Expand> {
  static constexpr std::string_view op_name = "Expand";
  void fields(FieldVisitor&) override {}
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// Tile(x, repeats: i64[rank]).
struct Tile : OpDef<Tile> {
  static constexpr std::string_view op_name = "Tile";
  void fields(FieldVisitor&) override {}
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

enum class PadMode { constant, reflect, edge, wrap };
std::span<const std::string_view> enum_names(PadMode);

/// Pad(x, pads: i64[2k], value?, axes?: i64[k]); negative pads crop.
struct Pad : OpDef<Pad> {
  static constexpr std::string_view op_name = "Pad";
  PadMode mode = PadMode::constant;
  void fields(FieldVisitor& v) override { visit_enum(v, "mode", mode); }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// The dims [start, end) of x as i64[k]. Its content is symbolic.
struct ShapeOf : OpDef<ShapeOf> {
  static constexpr std::string_view op_name = "ShapeOf";
  int64_t start = 0;
  std::optional<int64_t> end;
  void fields(FieldVisitor& v) override {
    v.visit("start", start);
    v.visit("end", end);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// The number of elements, i64[].
struct SizeOf : OpDef<SizeOf> {
  static constexpr std::string_view op_name = "SizeOf";
  void fields(FieldVisitor&) override {}
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// ConstantOfShape(shape: i64[k]): every element is `value` (one element; null: f32 0).
struct ConstantOfShape : OpDef<ConstantOfShape> {
  static constexpr std::string_view op_name = "ConstantOfShape";
  ConstRef value;
  void fields(FieldVisitor& v) override { v.visit("value", value); }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// Range(start, limit, delta), scalars.
struct Range : OpDef<Range> {
  static constexpr std::string_view op_name = "Range";
  void fields(FieldVisitor&) override {}
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// 1 on the k-th diagonal of a matrix of x's shape. dtype none: x's.
struct EyeLike : OpDef<EyeLike> {
  static constexpr std::string_view op_name = "EyeLike";
  DType dtype = DType::none;
  int64_t k = 0;
  void fields(FieldVisitor& v) override {
    v.visit("dtype", dtype);
    v.visit("k", k);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// Trilu(x, k?: i64[]): the upper or lower triangle of the last two axes.
struct Trilu : OpDef<Trilu> {
  static constexpr std::string_view op_name = "Trilu";
  bool upper = true;
  void fields(FieldVisitor& v) override { v.visit("upper", upper); }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// DepthToSpace: mode DCR or CRD.
struct DepthToSpace : OpDef<DepthToSpace> {
  static constexpr std::string_view op_name = "DepthToSpace";
  int64_t blocksize = 1;
  bool crd = false;
  void fields(FieldVisitor& v) override {
    v.visit("blocksize", blocksize);
    v.visit("crd", crd);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// SpaceToDepth: mode DCR or CRD.
struct SpaceToDepth : OpDef<SpaceToDepth> {
  static constexpr std::string_view op_name = "SpaceToDepth";
  int64_t blocksize = 1;
  bool crd = false;
  void fields(FieldVisitor& v) override {
    v.visit("blocksize", blocksize);
    v.visit("crd", crd);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// CenterCropPad(x, shape: i64[k]); no axes: all.
struct CenterCropPad : OpDef<CenterCropPad> {
  static constexpr std::string_view op_name = "CenterCropPad";
  std::vector<int64_t> axes;
  void fields(FieldVisitor& v) override { v.visit("axes", axes); }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// ReverseSequence(x, lengths: i64[batch]).
struct ReverseSequence : OpDef<ReverseSequence> {
  static constexpr std::string_view op_name = "ReverseSequence";
  int64_t batch_axis = 1;
  int64_t time_axis = 0;
  void fields(FieldVisitor& v) override {
    v.visit("batch_axis", batch_axis);
    v.visit("time_axis", time_axis);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

}  // namespace tenon::core
