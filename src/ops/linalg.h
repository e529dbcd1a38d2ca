#pragma once
#include "ir/op.h"

namespace tenon::core {

/// Determinant of each matrix in the last two axes.
struct Det : OpDef<Det> {
  static constexpr std::string_view op_name = "Det";
  void fields(FieldVisitor&) override {}
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// Inverse of each matrix in the last two axes. A singular matrix is ErrorCode::runtime_value.
struct Inverse : OpDef<Inverse> {
  static constexpr std::string_view op_name = "Inverse";
  void fields(FieldVisitor&) override {}
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

}  // namespace tenon::core
