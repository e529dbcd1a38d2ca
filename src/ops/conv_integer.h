#pragma once
#include "ops/conv.h"

namespace tenon::core {

/// ConvInteger(x: i8/u8 [N,C,spatial], w: i8/u8 [M,C/group,kernel], x_zero?: scalar, w_zero?: scalar or [M]) -> i32.
struct ConvInteger : OpDef<ConvInteger> {
  static constexpr std::string_view op_name = "ConvInteger";
  Window window;
  int64_t group = 1;
  void fields(FieldVisitor& v) override {
    window.fields(v);
    v.visit("group", group);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

}  // namespace tenon::core
