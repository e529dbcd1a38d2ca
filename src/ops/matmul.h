#pragma once
#include "ops/conv.h"

namespace tenon::core {

/// NumPy matmul of a (last two axes transposed if `transpose_a`) and b, times alpha, plus bias and residual:
/// y = activation(alpha * a @ b + bias + residual). bias? broadcasts to the output; residual? has the output's shape.
/// ONNX Gemm, MatMul, FusedMatMul and fully connected layers all become this.
struct MatMul : OpDef<MatMul> {
  static constexpr std::string_view op_name = "MatMul";
  bool transpose_a = false, transpose_b = false;
  double alpha = 1;
  Activation activation;
  void fields(FieldVisitor& v) override {
    v.visit("transpose_a", transpose_a);
    v.visit("transpose_b", transpose_b);
    v.visit("alpha", alpha);
    activation.fields(v);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

struct Einsum : OpDef<Einsum> {
  static constexpr std::string_view op_name = "Einsum";
  std::string equation;
  void fields(FieldVisitor& v) override { v.visit("equation", equation); }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

}  // namespace tenon::core
