#pragma once
#include "ir/op.h"

namespace tenon::core {

enum class LossReduction { none, mean, sum };
std::span<const std::string_view> enum_names(LossReduction);

/// NegativeLogLikelihood(x [N,C,d...] of log probabilities, target: i32/i64 [N,d...], weight? [C]): the loss of a
/// sample is -x[target] * weight[target], 0 where the target is `ignore`. The mean divides by the sum of the weights
/// used.
struct NegativeLogLikelihood : OpDef<NegativeLogLikelihood> {
  static constexpr std::string_view op_name = "NegativeLogLikelihood";
  LossReduction reduction = LossReduction::mean;
  std::optional<int64_t> ignore;
  void fields(FieldVisitor& v) override {
    visit_enum(v, "reduction", reduction);
    v.visit("ignore", ignore);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

}  // namespace tenon::core
