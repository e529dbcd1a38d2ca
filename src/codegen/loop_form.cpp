#include "codegen/loop_form.h"

#include <map>

#include "base/checked.h"
#include "ops/fused.h"
#include "ops/pointwise.h"

namespace tenon::core {
namespace {

template <class E>
std::string_view name_of(E kind) {
  return enum_names(kind)[static_cast<size_t>(kind)];
}

class Lowering {
 public:
  explicit Lowering(std::string& why) : why_(why) {}
  LoopForm form;

  /// All operands are added before the first op, so that numbers do not move.
  int add_operand(int input, ConstRef constant, Fact fact) {
    form.operands.push_back({input, std::move(constant), std::move(fact)});
    return static_cast<int>(form.operands.size()) - 1;
  }

  /// The value of one pointwise node; -1 when it is not one.
  int lower(const Node& n, const std::vector<int>& args) {
    const DType dtype = n.outputs[0].dtype();
    if (const auto* op = n.as<Unary>()) return emit(name_of(op->kind), dtype, args, op->alpha, op->beta);
    if (const auto* op = n.as<Binary>()) return lower_binary(*op, dtype, args);
    if (n.as<Where>()) return emit("where", dtype, args);
    if (n.as<Clip>()) return lower_clip(dtype, args);
    if (const auto* op = n.as<Cast>()) return lower_cast(*op, dtype, args);
    if (n.as<Identity>()) return args[0];
    why_ = fmt::format("{} is not pointwise", n.op->name());
    return -1;
  }

 private:
  int emit(std::string_view op, DType dtype, std::vector<int> args, double alpha = 0, double beta = 0) {
    form.body.push_back({op, dtype, std::move(args), alpha, beta});
    return form.values() - 1;
  }

  int lower_binary(const Binary& op, DType dtype, const std::vector<int>& args) {
    if (op.kind != BinaryKind::pow) return emit(name_of(op.kind), dtype, args);
    if (const auto exponent = number(args[1])) {
      const bool real = is_float(dtype);
      if (*exponent == 1) return args[0];
      if (*exponent == 2) return emit("square", dtype, {args[0]});
      if (*exponent == 3) return emit("mul", dtype, {emit("square", dtype, {args[0]}), args[0]});
      if (real && *exponent == 0.5) return emit("sqrt", dtype, {args[0]});
      if (real && *exponent == -0.5) return emit("rsqrt", dtype, {args[0]});
      if (real && *exponent == -1) return emit("reciprocal", dtype, {args[0]});
    }
    if (form.dtype(args[0]) == form.dtype(args[1])) return emit("pow", dtype, args);
    why_ = "a power whose exponent is of another type";
    return -1;
  }

  std::optional<double> number(int value) const {
    const auto v = static_cast<size_t>(value);
    if (v >= form.operands.size() || !form.operands[v].constant) return {};
    return to_doubles(form.operands[v].constant->value())[0];
  }

  int lower_clip(DType dtype, const std::vector<int>& args) {
    int value = args[0];
    if (args.size() > 1 && args[1] >= 0) value = emit("max", dtype, {value, args[1]});
    if (args.size() > 2 && args[2] >= 0) value = emit("min", dtype, {value, args[2]});
    return value;
  }

  int lower_cast(const Cast& op, DType dtype, const std::vector<int>& args) {
    if (form.dtype(args[0]) == op.to) return args[0];
    return emit("cast", dtype, args);
  }

  std::string& why_;
};

bool is_one_element(const ConstRef& c) { return c && checked_product(c->dims()) == 1; }

std::optional<LoopForm> lower_node(const Graph& g, const Node& n, std::string& why) {
  Lowering lowering(why);
  std::vector<int> args;
  for (size_t i = 0; i < n.inputs.size(); ++i) {
    const Value v = n.inputs[i];
    const bool number = v && is_one_element(g.constant(v));
    args.push_back(
        v ? lowering.add_operand(number ? -1 : static_cast<int>(i), number ? g.constant(v) : nullptr, g.fact(v)) : -1);
  }
  const int result = lowering.lower(n, args);
  if (result < 0) return {};
  lowering.form.shape = n.outputs[0].shape();
  lowering.form.results = {result};
  return std::move(lowering.form);
}

std::optional<LoopForm> lower_fused(const Graph& outer, const Node& n, const Graph& body, std::string& why) {
  Lowering lowering(why);
  std::map<Value, int> values;
  for (size_t i = 0; i < body.inputs().size(); ++i)
    values[body.inputs()[i]] = lowering.add_operand(static_cast<int>(i), nullptr, outer.fact(n.inputs[i]));
  const std::vector<NodeId> order = body.order();
  for (NodeId id : order) {
    if (!body.node(id).as<ConstantOp>()) continue;
    const ConstRef c = body.constant({id, 0});
    if (!is_one_element(c)) {
      why = "the body holds a constant of several elements";
      return {};
    }
    values[{id, 0}] = lowering.add_operand(-1, c, body.fact({id, 0}));
  }
  for (NodeId id : order) {
    const Node& inner = body.node(id);
    if (inner.as<InputOp>() || inner.as<ConstantOp>()) continue;
    std::vector<int> args;
    for (Value v : inner.inputs) args.push_back(v ? values.at(v) : -1);
    const int value = lowering.lower(inner, args);
    if (value < 0) return {};
    values[{id, 0}] = value;
  }
  for (Value v : body.outputs()) lowering.form.results.push_back(values.at(v));
  lowering.form.shape = n.outputs[0].shape();
  for (const Fact& y : n.outputs)
    if (y.rank() != n.outputs[0].rank() ||
        !std::equal(y.shape().begin(), y.shape().end(), lowering.form.shape.begin(), known_equal)) {
      why = "the results have different shapes";
      return {};
    }
  return std::move(lowering.form);
}

}  // namespace

std::optional<LoopForm> lower(const Graph& g, NodeId id, std::string& why) {
  const Node& n = g.node(id);
  if (const Fused* fused = n.as<Fused>()) return lower_fused(g, n, *fused->body, why);
  return lower_node(g, n, why);
}

}  // namespace tenon::core
