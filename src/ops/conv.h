#pragma once
#include "ir/op.h"

namespace tenon::core {

enum class AutoPad { notset, same_upper, same_lower, valid };
std::span<const std::string_view> enum_names(AutoPad);

/// Windows over the spatial axes (those after N and C). Empty vectors stand for 1 (strides, dilations) or 0 (pads).
struct Window {
  std::vector<int64_t> kernel, strides, dilations;
  std::vector<int64_t> pads;  // begins, then ends
  AutoPad auto_pad = AutoPad::notset;
  void fields(FieldVisitor& v) {
    v.visit("kernel", kernel);
    v.visit("strides", strides);
    v.visit("dilations", dilations);
    v.visit("pads", pads);
    visit_enum(v, "auto_pad", auto_pad);
  }
  /// The same with every vector filled in for `spatial` axes; auto_pad is kept.
  Window filled(int spatial) const;
};
/// Begin and end padding of each spatial axis for concrete input sizes, auto_pad resolved.
std::vector<std::pair<int64_t, int64_t>> resolve_pads(const Window& filled, std::span<const int64_t> spatial);

/// Epilogue that rewrites fold into a producer: y = activation(x + residual). `none` leaves x as it is.
/// An activation is a Unary kind by name with its two parameters, or "clip" with alpha = low and beta = high.
struct Activation {
  std::string kind;  // "" = none
  double alpha = 0, beta = 0;
  bool present() const { return !kind.empty(); }
  void fields(FieldVisitor& v) {
    v.visit("activation", kind);
    v.visit("activation_alpha", alpha);
    v.visit("activation_beta", beta);
  }
  bool operator==(const Activation&) const = default;
};
void apply_activation(const Activation&, std::span<float>);
void apply_activation(const Activation&, std::span<double>);

/// Conv(x [N,C,spatial], w [M,C/group,kernel], bias? [M], residual? [N,M,out]).
/// y = activation(conv + bias + residual).
struct Conv : OpDef<Conv> {
  static constexpr std::string_view op_name = "Conv";
  Window window;
  int64_t group = 1;
  Activation activation;
  void fields(FieldVisitor& v) override {
    window.fields(v);
    v.visit("group", group);
    activation.fields(v);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// ConvTranspose(x [N,C,spatial], w [C,M/group,kernel], bias? [M]). y = activation(deconvolution + bias).
struct ConvTranspose : OpDef<ConvTranspose> {
  static constexpr std::string_view op_name = "ConvTranspose";
  Window window;
  std::vector<int64_t> output_padding, output_shape;
  int64_t group = 1;
  Activation activation;
  void fields(FieldVisitor& v) override {
    window.fields(v);
    v.visit("output_padding", output_padding);
    v.visit("output_shape", output_shape);
    v.visit("group", group);
    activation.fields(v);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

enum class PoolKind { max, average, lp };
std::span<const std::string_view> enum_names(PoolKind);

/// Outputs: values, and for max with `with_indices` the flat indices (i64). Global pooling: `global`, window unused.
struct Pool : OpDef<Pool> {
  static constexpr std::string_view op_name = "Pool";
  PoolKind kind = PoolKind::max;
  bool global = false;
  Window window;
  bool ceil_mode = false;
  bool count_include_pad = false;
  int64_t p = 2;              // lp
  int64_t storage_order = 0;  // of the indices
  bool with_indices = false;
  void fields(FieldVisitor& v) override {
    visit_enum(v, "kind", kind);
    v.visit("global", global);
    window.fields(v);
    v.visit("ceil_mode", ceil_mode);
    v.visit("count_include_pad", count_include_pad);
    v.visit("p", p);
    v.visit("storage_order", storage_order);
    v.visit("with_indices", with_indices);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

}  // namespace tenon::core
