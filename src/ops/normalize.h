#pragma once
#include "ir/op.h"

namespace tenon::core {

/// exp(x - max) / sum(exp(x - max)) along `axis`; log of it when `log`.
struct Softmax : OpDef<Softmax> {
  static constexpr std::string_view op_name = "Softmax";
  int64_t axis = -1;
  bool log = false;
  void fields(FieldVisitor& v) override {
    v.visit("axis", axis);
    v.visit("log", log);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// 1 at the first largest element along `axis`, 0 elsewhere.
struct Hardmax : OpDef<Hardmax> {
  static constexpr std::string_view op_name = "Hardmax";
  int64_t axis = -1;
  void fields(FieldVisitor& v) override { v.visit("axis", axis); }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// y = (x - mean) / sqrt(variance + epsilon) * scale + bias over the axes from `axis` on; `rms`: without the mean.
/// Inputs x, scale?, bias?, which broadcast to x from the right. Outputs y, mean (0 for `rms`), inverse deviation (the
/// two in `stash` precision, dims 1 where reduced).
struct LayerNorm : OpDef<LayerNorm> {
  static constexpr std::string_view op_name = "LayerNorm";
  int64_t axis = -1;
  double epsilon = 1e-5;
  bool rms = false;
  DType stash = DType::f32;
  void fields(FieldVisitor& v) override {
    v.visit("axis", axis);
    v.visit("epsilon", epsilon);
    v.visit("rms", rms);
    v.visit("stash", stash);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// y = x / (bias + alpha / size * sum of squares of the `size` channels around it) ^ beta, x [N,C,...].
struct LRN : OpDef<LRN> {
  static constexpr std::string_view op_name = "LRN";
  int64_t size = 1;
  double alpha = 1e-4, beta = 0.75, bias = 1;
  void fields(FieldVisitor& v) override {
    v.visit("size", size);
    v.visit("alpha", alpha);
    v.visit("beta", beta);
    v.visit("bias", bias);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// Per group of channels over the spatial axes: x [N,C,...], scale? [C], bias? [C]. groups = C is InstanceNormalization.
struct GroupNorm : OpDef<GroupNorm> {
  static constexpr std::string_view op_name = "GroupNorm";
  int64_t groups = 0;  // 0: one group per channel
  double epsilon = 1e-5;
  bool per_group_scale = false;  // opset 18: scale and bias have one element per group
  void fields(FieldVisitor& v) override {
    v.visit("groups", groups);
    v.visit("epsilon", epsilon);
    v.visit("per_group_scale", per_group_scale);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// BatchNorm(x [N,C,...], scale, bias, mean, variance: [C]). `training`: statistics of the batch; outputs y, running
/// mean, running variance.
struct BatchNorm : OpDef<BatchNorm> {
  static constexpr std::string_view op_name = "BatchNorm";
  double epsilon = 1e-5, momentum = 0.9;
  bool training = false;
  void fields(FieldVisitor& v) override {
    v.visit("epsilon", epsilon);
    v.visit("momentum", momentum);
    v.visit("training", training);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// x / max(norm_p(x), epsilon) along `axis`, p = 1 or 2.
struct LpNorm : OpDef<LpNorm> {
  static constexpr std::string_view op_name = "LpNorm";
  int64_t axis = -1, p = 2;
  double epsilon = 0;
  void fields(FieldVisitor& v) override {
    v.visit("axis", axis);
    v.visit("p", p);
    v.visit("epsilon", epsilon);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

}  // namespace tenon::core
