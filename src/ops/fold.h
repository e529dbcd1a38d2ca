#pragma once
#include "ops/conv.h"

namespace tenon::core {

/// Col2Im(x [N,C*product(block),L], image: i64[r], block: i64[r]) -> [N,C,image]: blocks added up where they overlap.
/// `window` has no kernel.
struct Col2Im : OpDef<Col2Im> {
  static constexpr std::string_view op_name = "Col2Im";
  Window window;
  void fields(FieldVisitor& v) override { window.fields(v); }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// MaxUnpool(x [N,C,spatial], indices: i64 of x's shape, shape?: i64[rank]): each element goes to its flat index in a
/// zero tensor of the size that the window gives; with `shape`, that tensor is the first corner of the output.
struct MaxUnpool : OpDef<MaxUnpool> {
  static constexpr std::string_view op_name = "MaxUnpool";
  Window window;
  void fields(FieldVisitor& v) override { window.fields(v); }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

}  // namespace tenon::core
