#pragma once
#include "ir/graph.h"

namespace tenon::core {

/// A subgraph that one generated kernel computes: pointwise ops, broadcasts, reductions. Inputs and outputs are the
/// body's. Facts and `evaluate` are the body's own, so a fusion can't change the result.
struct Fused : OpDef<Fused> {
  static constexpr std::string_view op_name = "Fused";
  GraphRef body;
  void fields(FieldVisitor& v) override { v.visit("body", body); }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

}  // namespace tenon::core
