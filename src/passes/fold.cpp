#include "passes/fold.h"

#include <algorithm>

#include "base/checked.h"
#include "ops/pointwise.h"
#include "ops/shape.h"

namespace tenon::core {
namespace {

class ConstantContext : public InferContext {
 public:
  using InferContext::InferContext;
  Dim unknown(std::string_view hint, std::optional<Dim>) override { return Dim::symbol(std::string(hint)); }
  void require_equal(const Dim& a, const Dim& b, std::string_view what) override {
    if (equal(a, b) == Tri::no) fail(ErrorCode::shape_mismatch, "{}: {} and {} must be equal", what, a.str(), b.str());
  }
};

}  // namespace

ConstRef refittable_constant(Tensor value, const std::string& name) {
  const ConstRef leaf = Constant::make(std::move(value), name);
  return Constant::expression(std::make_shared<const Identity>(), {leaf}, 0, leaf->type());
}

bool is_refittable(const ConstRef& c) {
  if (!c || !c->is_expression()) return false;
  const auto& inputs = c->inputs();
  if (as<Identity>(c->op()) && !inputs[0]->is_expression() && !inputs[0]->name().empty()) return true;
  return std::any_of(inputs.begin(), inputs.end(), is_refittable);
}

ConstRef fold(OpRef op, std::vector<ConstRef> inputs, int output) {
  std::vector<Fact> facts;
  for (const auto& c : inputs) facts.push_back(c ? Fact::of(c) : Fact());
  ConstantContext context(facts);
  const Type type = op->infer(context).at(output).type;
  auto lazy = Constant::expression(std::move(op), std::move(inputs), output, type);
  return lazy->byte_size() > kMaxEagerFold || is_refittable(lazy) ? lazy : Constant::make(lazy->value());
}

Value fold(Graph& g, OpRef op, const std::vector<Value>& inputs) {
  std::vector<ConstRef> constants;
  for (Value v : inputs) constants.push_back(g.constant(v));
  return g.add_constant(fold(std::move(op), std::move(constants)));
}

Value constant_i64(Graph& g, const std::vector<int64_t>& values) {
  return g.add_constant(tensor_of<int64_t>({static_cast<int64_t>(values.size())}, values));
}

Value fold_reshape(Graph& g, Value constant, const Dims& dims) {
  const ConstRef c = g.constant(constant);
  if (c->dims() == dims) return constant;
  Reshape op;
  op.allowzero = true;
  return fold(g, std::move(op), {constant, constant_i64(g, dims)});
}

}  // namespace tenon::core
