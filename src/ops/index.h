#pragma once
#include "ir/op.h"

namespace tenon::core {

/// Gather(x, indices) along `axis`; negative indices count from the end.
struct Gather : OpDef<Gather> {
  static constexpr std::string_view op_name = "Gather";
  int64_t axis = 0;
  void fields(FieldVisitor& v) override { v.visit("axis", axis); }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// GatherElements(x, indices).
struct GatherElements : OpDef<GatherElements> {
  static constexpr std::string_view op_name = "GatherElements";
  int64_t axis = 0;
  void fields(FieldVisitor& v) override { v.visit("axis", axis); }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// GatherND(x, indices).
struct GatherND : OpDef<GatherND> {
  static constexpr std::string_view op_name = "GatherND";
  int64_t batch_dims = 0;
  void fields(FieldVisitor& v) override { v.visit("batch_dims", batch_dims); }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

enum class ScatterReduction { none, add, mul, max, min };
std::span<const std::string_view> enum_names(ScatterReduction);

/// ScatterElements(x, indices, updates).
struct ScatterElements : OpDef<ScatterElements> {
  static constexpr std::string_view op_name = "ScatterElements";
  int64_t axis = 0;
  ScatterReduction reduction = ScatterReduction::none;
  void fields(FieldVisitor& v) override {
    v.visit("axis", axis);
    visit_enum(v, "reduction", reduction);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// ScatterND(x, indices, updates).
struct ScatterND : OpDef<ScatterND> {
  static constexpr std::string_view op_name = "ScatterND";
  ScatterReduction reduction = ScatterReduction::none;
  void fields(FieldVisitor& v) override { visit_enum(v, "reduction", reduction); }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// TensorScatter(past, update, write_indices?) along `axis`; circular wraps.
struct TensorScatter : OpDef<TensorScatter> {
  static constexpr std::string_view op_name = "TensorScatter";
  int64_t axis = -2;
  bool circular = false;
  void fields(FieldVisitor& v) override {
    v.visit("axis", axis);
    v.visit("circular", circular);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// OneHot(indices, depth, values [off, on]).
struct OneHot : OpDef<OneHot> {
  static constexpr std::string_view op_name = "OneHot";
  int64_t axis = -1;
  void fields(FieldVisitor& v) override { v.visit("axis", axis); }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// Indices of the non-zero elements, i64[rank, count]; count is known only after it ran.
struct NonZero : OpDef<NonZero> {
  static constexpr std::string_view op_name = "NonZero";
  void fields(FieldVisitor&) override {}
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// Unique(x) -> values, first indices, inverse indices, counts. No axis: of the flattened tensor.
struct Unique : OpDef<Unique> {
  static constexpr std::string_view op_name = "Unique";
  std::optional<int64_t> axis;
  bool sorted = true;
  void fields(FieldVisitor& v) override {
    v.visit("axis", axis);
    v.visit("sorted", sorted);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// Compress(x, condition: bool[k]). No axis: of the flattened tensor.
struct Compress : OpDef<Compress> {
  static constexpr std::string_view op_name = "Compress";
  std::optional<int64_t> axis;
  void fields(FieldVisitor& v) override { v.visit("axis", axis); }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// NonMaxSuppression(boxes [B,N,4], scores [B,C,N], max per class?, IoU threshold?, score threshold?) -> i64[count,3].
struct NonMaxSuppression : OpDef<NonMaxSuppression> {
  static constexpr std::string_view op_name = "NonMaxSuppression";
  bool center_point_box = false;
  void fields(FieldVisitor& v) override { v.visit("center_point_box", center_point_box); }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

}  // namespace tenon::core
