#pragma once
#include "ops/conv.h"

namespace tenon::core {

/// DeformConv(x [N,C,spatial], w [M,C/group,kernel], offset [N,offset_group*taps*r,out], bias? [M],
/// mask? [N,offset_group*taps,out]): a convolution whose taps are moved by `offset`, sampled linearly and times `mask`.
struct DeformConv : OpDef<DeformConv> {
  static constexpr std::string_view op_name = "DeformConv";
  Window window;
  int64_t group = 1, offset_group = 1;
  void fields(FieldVisitor& v) override {
    window.fields(v);
    v.visit("group", group);
    v.visit("offset_group", offset_group);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

}  // namespace tenon::core
