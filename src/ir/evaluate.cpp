#include "ir/evaluate.h"

#include "base/error.h"
#include "ir/concrete_infer.h"
#include "ir/subgraphs.h"

namespace tenon::core {
namespace {

void bind_dims(const Type& type, const Tensor& value, const Ranges& ranges, Bindings& bindings, const std::string& what) {
  if (value.dtype() != type.dtype)
    fail(ErrorCode::bad_input, "{}: expected type {}, found {}", what, to_string(type.dtype), to_string(value.dtype()));
  if (!type.ranked) return;
  const auto mismatch = [&](std::string_view why) {
    fail(ErrorCode::bad_input, "{}: expected shape {}, found {}{}", what, to_string(type.shape), dims_to_string(value.dims()), why);
  };
  if (type.rank() != value.rank()) mismatch("");
  for (int i = 0; i < type.rank(); ++i) {
    const Dim& d = type.shape[i];
    const int64_t n = value.dim(i);
    if (const auto symbol = d.as_symbol()) {
      const auto [it, is_new] = bindings.emplace(*symbol, n);
      if (!is_new && it->second != n) mismatch(fmt::format(" ('{}' is {} elsewhere)", *symbol, it->second));
      const auto range = ranges.find(*symbol);
      if (range != ranges.end() && (n < range->second.low || n > range->second.high))
        mismatch(fmt::format(" ('{}' must be in [{}, {}])", *symbol, range->second.low, range->second.high));
    } else if (d.is_const() && d.value() != n) {
      mismatch("");
    }
  }
}

/// Frees each value after its last reader.
class Evaluation {
 public:
  Evaluation(const Graph& g, Threads& threads, const EvalOptions& options) : g_(g), threads_(threads), options_(options), values_(g.capacity()), readers_(g.capacity()) {
    for (NodeId id = 0; id < g.capacity(); ++id) {
      if (!g.alive(id)) continue;
      values_[id].resize(g.node(id).outputs.size());
      for (Value v : g.node(id).inputs) if (v) ++readers_[v.node];
    }
    for (Value v : g.outputs()) ++readers_[v.node];
  }

  std::vector<HostValue> run(std::span<const HostValue> inputs) {
    const int expected = static_cast<int>(g_.inputs().size());
    if (static_cast<int>(inputs.size()) != expected)
      fail(ErrorCode::bad_input, "graph '{}' takes {} inputs, {} were given", g_.name, expected, inputs.size());
    Bindings bindings;
    for (int i = 0; i < expected; ++i) {
      bind_symbols(g_.type(g_.inputs()[i]), inputs[i], g_.ranges, bindings, "input '" + g_.input_name(i) + "'");
      set(g_.inputs()[i], inputs[i]);
    }
    for (NodeId id : g_.order()) if (!g_.node(id).as<InputOp>()) step(id);
    std::vector<HostValue> results;
    for (Value v : g_.outputs()) results.push_back(values_[v.node][v.output]);
    return results;
  }

 private:
  void set(Value v, HostValue value) {
    if (options_.observe) options_.observe(v, value);
    values_[v.node][v.output] = std::move(value);
  }
  void step(NodeId id) {
    const Node& n = g_.node(id);
    std::vector<HostValue> inputs;
    for (Value v : n.inputs) inputs.push_back(v ? values_[v.node][v.output] : HostValue());
    auto outputs = with_context(g_.describe_node(id), [&] {
      check_dims(n, inputs);
      return n.op->evaluate(EvalContext(inputs, threads_, options_.seed));
    });
    assume(outputs.size() == n.outputs.size(), "evaluate gives as many values as infer gives facts");
    for (int i = 0; i < static_cast<int>(outputs.size()); ++i) set({id, i}, std::move(outputs[i]));
    for (Value v : n.inputs) release(v);
    if (readers_[id] == 0) values_[id].clear();
  }
  /// No op computes on dims that it would refuse. Graphs inside a node are checked as they run.
  void check_dims(const Node& n, std::span<const HostValue> values) const {
    if (!subgraphs(*n.op).empty()) return;
    std::vector<Fact> facts;
    for (size_t i = 0; i < values.size(); ++i) {
      facts.push_back(g_.fact(n.inputs[i]));
      const Tensor* t = std::get_if<Tensor>(&values[i]);
      if (t && facts[i].type.is_tensor() && !facts[i].constant) facts[i].type = Type::tensor(t->dtype(), {t->dims().begin(), t->dims().end()});
    }
    ConcreteInfer context(facts);
    n.op->infer(context);
  }
  void release(Value v) {
    if (v && --readers_[v.node] == 0) values_[v.node].assign(values_[v.node].size(), {});
  }

  const Graph& g_;
  Threads& threads_;
  const EvalOptions& options_;
  std::vector<std::vector<HostValue>> values_;
  std::vector<int> readers_;
};

}  // namespace

void bind_symbols(const Type& type, const HostValue& value, const Ranges& ranges, Bindings& bindings, const std::string& what) {
  switch (type.kind) {
    case Type::Kind::absent:
    case Type::Kind::optional: return;
    case Type::Kind::tensor:
      if (const Tensor* t = std::get_if<Tensor>(&value)) return bind_dims(type, *t, ranges, bindings, what);
      fail(ErrorCode::bad_input, "{}: expected a tensor {}", what, type.str());
    case Type::Kind::sequence:
      if (!std::holds_alternative<std::vector<Tensor>>(value)) fail(ErrorCode::bad_input, "{}: expected {}", what, type.str());
  }
}

std::vector<HostValue> evaluate(const Graph& graph, std::span<const HostValue> inputs, Threads& threads, const EvalOptions& options) {
  return Evaluation(graph, threads, options).run(inputs);
}

}  // namespace tenon::core
