#pragma once
#include <array>

#include "ir/op.h"

namespace tenon::core {

enum class UnaryKind {
  abs, neg, sign, floor, ceil, round, sqrt, rsqrt, reciprocal, square, exp, log, sin, cos, tan, asin, acos, atan, sinh,
  cosh, tanh, asinh, acosh, atanh, erf, sigmoid, relu, softplus, softsign, logical_not, bitwise_not, is_nan,
  is_inf,            // alpha != 0: detect -inf; beta != 0: detect +inf
  leaky_relu,        // x < 0 ? alpha * x : x
  elu,               // x < 0 ? alpha * (exp(x) - 1) : x
  selu,              // beta * (x > 0 ? x : alpha * (exp(x) - 1))
  celu,              // max(0, x) + min(0, alpha * (exp(x / alpha) - 1))
  hard_sigmoid,      // max(0, min(1, alpha * x + beta))
  hard_swish,        // x * max(0, min(1, x / 6 + 0.5))
  thresholded_relu,  // x > alpha ? x : 0
  shrink,            // x < -alpha ? x + beta : x > alpha ? x - beta : 0
  gelu_erf,          // x / 2 * (1 + erf(x / sqrt 2))
  gelu_tanh,         // x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))
  mish,              // x * tanh(softplus(x))
  swish,             // x * sigmoid(alpha * x): SiLU with alpha = 1, quick GELU with alpha = 1.702
};
std::span<const std::string_view> enum_names(UnaryKind);

/// One function on each element. Output dtype is the input's, bool for is_nan and is_inf.
struct Unary : OpDef<Unary> {
  static constexpr std::string_view op_name = "Unary";
  UnaryKind kind = UnaryKind::relu;
  double alpha = 0, beta = 0;
  Unary() = default;
  explicit Unary(UnaryKind k, double a = 0, double b = 0) : kind(k), alpha(a), beta(b) {}
  void fields(FieldVisitor& v) override {
    visit_enum(v, "kind", kind);
    v.visit("alpha", alpha);
    v.visit("beta", beta);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

enum class BinaryKind {
  add, sub, mul, div, pow,
  mod,   // sign of the divisor (ONNX fmod=0)
  fmod,  // sign of the dividend (ONNX fmod=1)
  min, max,  // NaN if either is NaN
  prelu,     // x < 0 ? slope * x : x
  equal, less, greater, less_equal, greater_equal,
  logical_and, logical_or, logical_xor, bitwise_and, bitwise_or, bitwise_xor, shift_left, shift_right,
};
std::span<const std::string_view> enum_names(BinaryKind);
bool is_comparison(BinaryKind);

/// NumPy broadcasting. Both inputs have one dtype (pow: the exponent may differ; the result is the base's dtype).
/// Comparisons give bool. Carries contents of shape arithmetic (add, sub, mul, div, mod, min, max).
struct Binary : OpDef<Binary> {
  static constexpr std::string_view op_name = "Binary";
  BinaryKind kind = BinaryKind::add;
  Binary() = default;
  explicit Binary(BinaryKind k) : kind(k) {}
  void fields(FieldVisitor& v) override { visit_enum(v, "kind", kind); }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// Where(condition, x, y), NumPy broadcasting.
struct Where : OpDef<Where> {
  static constexpr std::string_view op_name = "Where";
  void fields(FieldVisitor&) override {}
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// Clip(x, low?, high?); the bounds are scalars.
struct Clip : OpDef<Clip> {
  static constexpr std::string_view op_name = "Clip";
  void fields(FieldVisitor&) override {}
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

struct Cast : OpDef<Cast> {
  static constexpr std::string_view op_name = "Cast";
  DType to = DType::f32;
  bool saturate = true;           // for float 8 targets
  std::string round_mode = "up";  // for f8e8m0: up, down, nearest
  Cast() = default;
  explicit Cast(DType t) : to(t) {}
  void fields(FieldVisitor& v) override {
    v.visit("to", to);
    v.visit("saturate", saturate);
    v.visit("round_mode", round_mode);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// The same bits as another dtype; the last dim changes when the element size does.
struct BitCast : OpDef<BitCast> {
  static constexpr std::string_view op_name = "BitCast";
  DType to = DType::f32;
  void fields(FieldVisitor& v) override { v.visit("to", to); }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// Dropout(x, ratio?, training_mode?) -> y, mask. While training, elements are dropped at random and the others divided
/// by 1 - ratio; else y is x. Without a seed, EvalContext's.
struct Dropout : OpDef<Dropout> {
  static constexpr std::string_view op_name = "Dropout";
  std::optional<int64_t> seed;
  void fields(FieldVisitor& v) override { v.visit("seed", seed); }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
  bool pure() const override { return false; }
};

struct Identity : OpDef<Identity> {
  static constexpr std::string_view op_name = "Identity";
  void fields(FieldVisitor&) override {}
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

}  // namespace tenon::core
