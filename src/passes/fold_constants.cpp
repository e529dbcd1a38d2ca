#include "passes/fold_constants.h"

#include <algorithm>

#include "base/checked.h"
#include "ir/subgraphs.h"
#include "ops/fused.h"
#include "passes/fold.h"

namespace tenon::core {
namespace {

// A fold whose result size depends on data is computed at once; its inputs must be small for that.
constexpr int64_t kMaxUnsizedFold = 1 << 20;

ConstRef known_contents(const Fact& fact) {
  if (fact.constant) return fact.constant;
  const auto dims = fact.type.is_tensor() && fact.type.ranked ? const_dims(fact.shape()) : std::nullopt;
  const auto numbers = dims ? fact.numbers() : std::nullopt;
  if (!numbers || checked_product(*dims) != static_cast<int64_t>(numbers->size())) return nullptr;
  return Constant::make(from_int64s(fact.dtype(), *dims, *numbers));
}

bool has_constant_size(const Fact& fact) {
  return fact.type.is_tensor() && fact.type.ranked && all_const(fact.shape()) && fact.dtype() != DType::string;
}

std::vector<ConstRef> evaluate_now(const Node& node, const std::vector<ConstRef>& inputs) {
  std::vector<HostValue> values;
  for (const auto& c : inputs) values.push_back(c ? HostValue(c->value()) : HostValue());
  Threads alone(1);
  std::vector<ConstRef> out;
  for (auto& v : node.op->evaluate(EvalContext(values, alone))) {
    if (!std::holds_alternative<Tensor>(v)) return {};
    out.push_back(Constant::make(std::get<Tensor>(std::move(v))));
  }
  return out;
}

/// A loop over constants may never end.
bool may_not_end(const Op& op) { return !subgraphs(op).empty() && !as<Fused>(op); }

/// The constants of the node's outputs; empty when it can't be folded.
std::vector<ConstRef> fold_node(const Graph& g, const Node& node) {
  std::vector<ConstRef> inputs, out;
  if (may_not_end(*node.op)) return {};
  int64_t bytes = 0;
  for (Value v : node.inputs) {
    if (v && !g.constant(v)) return {};
    inputs.push_back(g.constant(v));
    if (v) bytes = checked_add(bytes, inputs.back()->byte_size());
  }
  if (!std::all_of(node.outputs.begin(), node.outputs.end(), has_constant_size))
    return bytes <= kMaxUnsizedFold ? evaluate_now(node, inputs) : out;
  for (size_t i = 0; i < node.outputs.size(); ++i)
    out.push_back(Constant::expression(node.op, inputs, static_cast<int>(i), node.outputs[i].type));
  const bool small =
      std::all_of(out.begin(), out.end(), [](const ConstRef& c) { return c->byte_size() <= kMaxEagerFold && !is_refittable(c); });
  return small ? evaluate_now(node, inputs) : out;
}

/// What each output of the node is; null where unknown.
std::vector<ConstRef> constants_of(const Graph& g, const Node& node) {
  std::vector<ConstRef> out;
  for (const Fact& fact : node.outputs) out.push_back(known_contents(fact));
  if (std::all_of(out.begin(), out.end(), [](const ConstRef& c) { return c != nullptr; })) return out;
  try {
    const auto folded = fold_node(g, node);
    return folded.size() == out.size() ? folded : out;
  } catch (const Error& e) {
    if (e.code() == ErrorCode::internal || e.code() == ErrorCode::out_of_memory) throw;
    return out;
  }
}

}  // namespace

void fold_constants(Graph& g, PassContext& context) {
  for (NodeId id : g.order()) {
    if (!context.may_change()) break;
    if (!g.alive(id)) continue;
    const Node& node = g.node(id);
    if (!node.op->pure() || node.as<InputOp>() || node.as<ConstantOp>()) continue;
    const auto constants = constants_of(g, node);
    Patch patch;
    for (size_t i = 0; i < constants.size(); ++i) {
      const Value old{id, static_cast<int32_t>(i)};
      if (constants[i] && g.use_count(old) > 0) patch.replace.emplace_back(old, g.add_constant(constants[i]));
    }
    if (patch.replace.empty()) continue;
    context.apply_quietly(g, patch, "folded into a constant");
  }
}

}  // namespace tenon::core
