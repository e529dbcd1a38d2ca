#pragma once
#include "ir/op.h"

namespace tenon::core {

enum class Direction { forward, reverse, bidirectional };
std::span<const std::string_view> enum_names(Direction);

/// What LSTM, GRU and RNN share. With I inputs, H hidden units, G gates and D directions (2 when bidirectional):
/// inputs x [T,B,I], w [D,G*H,I], r [D,G*H,H], bias? [D,2*G*H] (of w, then of r), lengths?: i32[B], initial_h? [D,B,H];
/// outputs y [T,D,B,H], last_h [D,B,H]. Past a sample's length y is 0 and its state stays; the reverse direction
/// starts at its last step.
struct Recurrent {
  Direction direction = Direction::forward;
  /// Per direction, in the order of the operator's f, g, h. Names: relu, tanh, sigmoid, affine, leaky_relu,
  /// thresholded_relu, scaled_tanh, hard_sigmoid, elu, softsign, softplus; `alpha` and `beta` hold one element for
  /// each.
  std::vector<std::string> activations;
  std::vector<double> alpha, beta;
  double clip = 0;  // bounds the inputs of f and g, not of the h of LSTM; 0: none
  void fields(FieldVisitor& v) {
    visit_enum(v, "direction", direction);
    v.visit("activations", activations);
    v.visit("alpha", alpha);
    v.visit("beta", beta);
    v.visit("clip", clip);
  }
  int64_t directions() const { return direction == Direction::bidirectional ? 2 : 1; }
};
/// Whether an activation has a parameter alpha, beta; and their defaults. Nothing for an unknown name.
struct RecurrentActivation {
  std::string_view name;
  bool has_alpha, has_beta;
  double alpha, beta;
};
const RecurrentActivation* find_recurrent_activation(std::string_view name);

/// Gates i, o, f, c. Further inputs initial_c? [D,B,H], peepholes? [D,3*H] (of i, o, f); third output last_c [D,B,H].
///   i = f(x wi + h ri + pi c + bi)   fg = f(x wf + h rf + pf c + bf), or 1 - i when input_forget   g = g(x wc + h rc +
///   bc) c' = fg c + i g   o = f(x wo + h ro + po c' + bo)   h' = o h(c')
struct LSTM : OpDef<LSTM> {
  static constexpr std::string_view op_name = "LSTM";
  Recurrent common;
  bool input_forget = false;
  void fields(FieldVisitor& v) override {
    common.fields(v);
    v.visit("input_forget", input_forget);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// Gates z, r, h.  z = f(x wz + h rz + bz)   r = f(x wr + h rr + br)   h' = (1 - z) n + z h
///   n = g(x wh + (r h) rh + bh), or with linear_before_reset g(x wh + r (h rh + bias of rh) + bias of wh)
struct GRU : OpDef<GRU> {
  static constexpr std::string_view op_name = "GRU";
  Recurrent common;
  bool linear_before_reset = false;
  void fields(FieldVisitor& v) override {
    common.fields(v);
    v.visit("linear_before_reset", linear_before_reset);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// h' = f(x w + h r + b).
struct RNN : OpDef<RNN> {
  static constexpr std::string_view op_name = "RNN";
  Recurrent common;
  void fields(FieldVisitor& v) override { common.fields(v); }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

}  // namespace tenon::core
