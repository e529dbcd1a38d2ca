#include "base/error.h"
#include "ops/pointwise.h"

namespace tenon::core {

std::vector<Fact> Identity::infer(InferContext& cx) const {
  if (!cx.has(0)) fail(ErrorCode::invalid_model, "the input is missing");
  return {cx.input(0)};
}

std::vector<HostValue> Identity::evaluate(const EvalContext& cx) const { return {cx.value(0)}; }

}  // namespace tenon::core
