#include "ops/fused.h"

#include "ir/evaluate.h"
#include "ops/all.h"

namespace tenon::core {

std::vector<Fact> Fused::infer(InferContext& context) const {
  if (!body) fail(ErrorCode::invalid_model, "a Fused node needs a body");
  if (context.size() != static_cast<int>(body->inputs().size()))
    fail(ErrorCode::invalid_model, "a Fused node has {} inputs, its body {}", context.size(), body->inputs().size());
  Graph typed = *body;
  for (int i = 0; i < context.size(); ++i) typed.set_input_type(i, context.input(i).type);
  typed.reinfer();
  for (const Check& c : typed.checks) context.require_equal(c.a, c.b, c.what);
  std::vector<Fact> facts;
  for (Value v : typed.outputs()) facts.emplace_back(typed.type(v));
  return facts;
}

std::vector<HostValue> Fused::evaluate(const EvalContext& context) const {
  return core::evaluate(*body, context.inputs(), context.threads());
}

void register_fused_ops(OpRegistry& registry) { registry.add<Fused>(); }

}  // namespace tenon::core
