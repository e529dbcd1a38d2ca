#pragma once
#include "ir/graph.h"

namespace tenon::core {

// Bodies capture nothing: after their own inputs come the captured values, which this op takes as its last inputs.

/// If(condition: bool, captured of `then_branch`..., captured of `else_branch`...): the outputs of one of them.
struct If : OpDef<If> {
  static constexpr std::string_view op_name = "If";
  GraphRef then_branch, else_branch;
  void fields(FieldVisitor& v) override {
    v.visit("then_branch", then_branch);
    v.visit("else_branch", else_branch);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// Loop(trips?: i64, condition?: bool, carried..., captured...) -> carried..., scanned...
/// body(iteration: i64[], condition: bool[], carried..., captured...) -> condition, carried..., scanned...
/// Runs while the condition holds, at most `trips` times; scanned values are stacked along a new first axis.
struct Loop : OpDef<Loop> {
  static constexpr std::string_view op_name = "Loop";
  GraphRef body;
  int64_t carried = 0;
  void fields(FieldVisitor& v) override {
    v.visit("body", body);
    v.visit("carried", carried);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// Scan(state..., sequence..., captured...) -> state..., stacked...
/// body(state..., element..., captured...) -> state..., stacked element...
/// Runs once per index of the sequences' axes. Empty axes are 0, empty directions 0 (forward); 1 is backward.
struct Scan : OpDef<Scan> {
  static constexpr std::string_view op_name = "Scan";
  GraphRef body;
  int64_t states = 0, sequences = 1;
  std::vector<int64_t> input_axes, input_directions, output_axes, output_directions;
  void fields(FieldVisitor& v) override {
    v.visit("body", body);
    v.visit("states", states);
    v.visit("sequences", sequences);
    v.visit("input_axes", input_axes);
    v.visit("input_directions", input_directions);
    v.visit("output_axes", output_axes);
    v.visit("output_directions", output_directions);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// Scan of opset 8: Scan(lengths?: i64[batch], state..., sequence..., captured...), where states are [batch, ...] and
/// sequences [batch, time, ...]. Each item runs by itself over its first `length` elements; the rest of the stacked
/// outputs is zero.
struct BatchedScan : OpDef<BatchedScan> {
  static constexpr std::string_view op_name = "BatchedScan";
  GraphRef body;
  int64_t states = 0, sequences = 1;
  std::vector<int64_t> input_directions;
  void fields(FieldVisitor& v) override {
    v.visit("body", body);
    v.visit("states", states);
    v.visit("sequences", sequences);
    v.visit("input_directions", input_directions);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// SequenceMap(sequence, sequence or tensor..., captured...) -> sequences; body(element, element or tensor...,
/// captured...) runs once per element of the first input. `mapped` inputs come before the captured ones.
struct SequenceMap : OpDef<SequenceMap> {
  static constexpr std::string_view op_name = "SequenceMap";
  GraphRef body;
  int64_t mapped = 1;
  void fields(FieldVisitor& v) override {
    v.visit("body", body);
    v.visit("mapped", mapped);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

}  // namespace tenon::core
