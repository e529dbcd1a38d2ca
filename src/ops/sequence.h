#pragma once
#include "ir/op.h"

namespace tenon::core {

// Positions count from the end when negative. The symbols in an element type stand for each element alone.

/// A sequence of the inputs, which have one dtype. No inputs: an empty sequence of `dtype`.
struct SequenceConstruct : OpDef<SequenceConstruct> {
  static constexpr std::string_view op_name = "SequenceConstruct";
  DType dtype = DType::f32;
  void fields(FieldVisitor& v) override { v.visit("dtype", dtype); }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// SequenceAt(sequence, position).
struct SequenceAt : OpDef<SequenceAt> {
  static constexpr std::string_view op_name = "SequenceAt";
  void fields(FieldVisitor&) override {}
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// SequenceInsert(sequence, tensor, position?): before that position; at the end by default.
struct SequenceInsert : OpDef<SequenceInsert> {
  static constexpr std::string_view op_name = "SequenceInsert";
  void fields(FieldVisitor&) override {}
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// SequenceErase(sequence, position?): the last one by default.
struct SequenceErase : OpDef<SequenceErase> {
  static constexpr std::string_view op_name = "SequenceErase";
  void fields(FieldVisitor&) override {}
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// The number of elements, i64[].
struct SequenceLength : OpDef<SequenceLength> {
  static constexpr std::string_view op_name = "SequenceLength";
  void fields(FieldVisitor&) override {}
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// The elements joined along `axis`, which is a new one of the result when `new_axis`.
struct ConcatFromSequence : OpDef<ConcatFromSequence> {
  static constexpr std::string_view op_name = "ConcatFromSequence";
  int64_t axis = 0;
  bool new_axis = false;
  void fields(FieldVisitor& v) override {
    v.visit("axis", axis);
    v.visit("new_axis", new_axis);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// SplitToSequence(x, split?): a scalar is the size of every part but the last, a list gives all sizes. Without it the
/// parts have size 1, and no such axis unless `keepdims`.
struct SplitToSequence : OpDef<SplitToSequence> {
  static constexpr std::string_view op_name = "SplitToSequence";
  int64_t axis = 0;
  bool keepdims = true;
  void fields(FieldVisitor& v) override {
    v.visit("axis", axis);
    v.visit("keepdims", keepdims);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// The input as an optional. No input: an empty optional of a tensor, or of a sequence of tensors, of `dtype`.
struct OptionalOf : OpDef<OptionalOf> {
  static constexpr std::string_view op_name = "Optional";
  DType dtype = DType::f32;
  bool sequence = false;
  void fields(FieldVisitor& v) override {
    v.visit("dtype", dtype);
    v.visit("sequence", sequence);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// What an optional holds; a value that is no optional is given back.
struct OptionalGetElement : OpDef<OptionalGetElement> {
  static constexpr std::string_view op_name = "OptionalGetElement";
  void fields(FieldVisitor&) override {}
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// Whether an optional holds something, bool[]. No input: false.
struct OptionalHasElement : OpDef<OptionalHasElement> {
  static constexpr std::string_view op_name = "OptionalHasElement";
  void fields(FieldVisitor&) override {}
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

void register_sequence_ops(OpRegistry&);

}  // namespace tenon::core
