#pragma once
#include "ir/op.h"

namespace tenon::core {

enum class ReduceKind { sum, mean, max, min, prod, sum_square, l1, l2, log_sum, log_sum_exp };
std::span<const std::string_view> enum_names(ReduceKind);

/// Reduce(x, axes?: i64[k]). No axes: all of them, or none when `noop_with_empty_axes`.
struct Reduce : OpDef<Reduce> {
  static constexpr std::string_view op_name = "Reduce";
  ReduceKind kind = ReduceKind::sum;
  bool keepdims = true;
  bool noop_with_empty_axes = false;
  void fields(FieldVisitor& v) override {
    visit_enum(v, "kind", kind);
    v.visit("keepdims", keepdims);
    v.visit("noop_with_empty_axes", noop_with_empty_axes);
  }
  /// The reduced axes in ascending order; nothing when the axes input is not known.
  std::optional<std::vector<int64_t>> axes(int rank, const Fact& axes_input) const;
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// Index of the largest (smallest) element along an axis; the first, or the last when `select_last_index`.
struct ArgReduce : OpDef<ArgReduce> {
  static constexpr std::string_view op_name = "ArgReduce";
  bool minimum = false;
  int64_t axis = 0;
  bool keepdims = true, select_last_index = false;
  void fields(FieldVisitor& v) override {
    v.visit("minimum", minimum);
    v.visit("axis", axis);
    v.visit("keepdims", keepdims);
    v.visit("select_last_index", select_last_index);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// TopK(x, k: i64[1]) -> values, indices.
struct TopK : OpDef<TopK> {
  static constexpr std::string_view op_name = "TopK";
  int64_t axis = -1;
  bool largest = true, sorted = true;
  void fields(FieldVisitor& v) override {
    v.visit("axis", axis);
    v.visit("largest", largest);
    v.visit("sorted", sorted);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// Running sum (or product) along axis: Cumulative(x, axis: i32/i64[]).
struct Cumulative : OpDef<Cumulative> {
  static constexpr std::string_view op_name = "Cumulative";
  bool product = false, exclusive = false, reverse = false;
  void fields(FieldVisitor& v) override {
    v.visit("product", product);
    v.visit("exclusive", exclusive);
    v.visit("reverse", reverse);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

}  // namespace tenon::core
