#include "ir/graph.h"

#include <algorithm>
#include <queue>
#include <set>

#include "base/error.h"
#include "ir/subgraphs.h"

namespace tenon::core {
namespace {

/// A Fused node that computes each element by itself, unlike the fused convolutions.
bool is_pointwise_chain(const Op& op) {
  static const std::set<std::string_view> kPointwise{"Input", "Constant", "Unary", "Binary", "Where", "Clip", "Cast"};
  if (op.name() != "Fused") return false;
  for (const GraphRef& body : subgraphs(op))
    for (NodeId id : body->order())
      if (!kPointwise.count(body->node(id).op->name())) return false;
  return true;
}

/// Gives `infer` fresh symbols and collects what it relies on.
class GraphInfer : public InferContext {
 public:
  GraphInfer(Graph& graph, std::span<const Fact> facts, std::string node) : InferContext(facts), graph_(graph), node_(std::move(node)) {}

  Dim unknown(std::string_view hint, std::optional<Dim> upper) override {
    const std::string name = graph_.fresh_symbol(hint);
    if (upper) graph_.ranges[name] = {0, upper->bounds(graph_.ranges).high};
    return Dim::symbol(name);
  }
  void require_equal(const Dim& a, const Dim& b, std::string_view what) override {
    switch (equal(a, b, graph_.ranges)) {
      case Tri::yes: return;
      case Tri::no: fail(ErrorCode::shape_mismatch, "{}: {} and {} must be equal", what, a.str(), b.str());
      case Tri::unknown: graph_.checks.push_back({a, b, node_ + ": " + std::string(what)});
    }
  }

 private:
  Graph& graph_;
  std::string node_;
};

void sort_unique(std::vector<OriginId>& v) {
  std::sort(v.begin(), v.end());
  v.erase(std::unique(v.begin(), v.end()), v.end());
}

}  // namespace

void Graph::note_symbols(const Type& type) {
  std::set<std::string> symbols;
  for (const Dim& d : type.shape) d.collect_symbols(symbols);
  for (const auto& s : symbols) symbols_.emplace(s, 0);
}

Value Graph::add_input(const std::string& name, Type type) {
  note_symbols(type);
  InputOp op;
  op.type = type;
  const NodeId id = append(std::make_shared<const InputOp>(std::move(op)), {}, {Fact(std::move(type))}, {});
  inputs_.push_back({id, 0});
  input_names_.push_back(name);
  nodes_[id].output_names[0] = name;
  return {id, 0};
}

Value Graph::add_constant(ConstRef constant) {
  ConstantOp op;
  op.value = constant;
  const std::string name = constant->name();
  Fact fact = Fact::of(std::move(constant));
  const NodeId id = append(std::make_shared<const ConstantOp>(std::move(op)), {}, {std::move(fact)}, {});
  nodes_[id].output_names[0] = name;
  return {id, 0};
}

Value Graph::add(OpRef op, std::vector<Value> inputs, std::vector<OriginId> origins) {
  auto facts = infer_node(*op, inputs, origins);
  return {append(std::move(op), std::move(inputs), std::move(facts), std::move(origins)), 0};
}

std::vector<Fact> Graph::infer_node(const Op& op, const std::vector<Value>& inputs, const std::vector<OriginId>& origins) {
  std::vector<Fact> facts;
  facts.reserve(inputs.size());
  for (Value v : inputs) facts.push_back(fact(v));
  std::string where = origins.empty() ? std::string(op.name())
                                      : fmt::format("node '{}' ({})", origins_[origins[0]].name, origins_[origins[0]].operation);
  GraphInfer context(*this, facts, where);
  if (origins.empty()) return op.infer(context);
  return with_context(where, [&] { return op.infer(context); });
}

NodeId Graph::append(OpRef op, std::vector<Value> inputs, std::vector<Fact> facts, std::vector<OriginId> origins) {
  const NodeId id = static_cast<NodeId>(nodes_.size());
  for (int i = 0; i < static_cast<int>(inputs.size()); ++i)
    if (inputs[i]) uses_[inputs[i].node][inputs[i].output].push_back({id, i});
  sort_unique(origins);
  Node n;
  n.op = std::move(op);
  n.inputs = std::move(inputs);
  n.output_names.resize(facts.size());
  uses_.emplace_back(facts.size());
  n.outputs = std::move(facts);
  n.origins = std::move(origins);
  nodes_.push_back(std::move(n));
  return id;
}

void Graph::add_output(const std::string& name, Value value) {
  outputs_.push_back(value);
  output_names_.push_back(name);
}

void Graph::set_name(Value value, const std::string& name) { nodes_[value.node].output_names[value.output] = name; }

OriginId Graph::add_origin(Origin origin) {
  origins_.push_back(std::move(origin));
  return static_cast<OriginId>(origins_.size()) - 1;
}

const Fact& Graph::fact(Value v) const {
  static const Fact absent;
  return v ? nodes_[v.node].outputs[v.output] : absent;
}

const std::vector<Use>& Graph::uses(Value v) const { return uses_[v.node][v.output]; }

int Graph::use_count(Value v) const {
  return static_cast<int>(uses(v).size() + std::count(outputs_.begin(), outputs_.end(), v));
}

bool Graph::is_output(Value v) const { return std::find(outputs_.begin(), outputs_.end(), v) != outputs_.end(); }

const std::string& Graph::name_of(Value v) const { return nodes_[v.node].output_names[v.output]; }

void Graph::note_dropped(OriginId origin, std::string_view reason) { dropped_.emplace(origin, reason); }

std::string Graph::fresh_symbol(std::string_view hint) {
  const std::string base(hint.empty() ? "dim" : hint);
  const auto [used, is_new] = symbols_.emplace(base, 0);
  if (is_new) return base;
  std::string name;
  do name = fmt::format("{}_{}", base, ++used->second);
  while (!symbols_.emplace(name, 0).second);
  return name;
}

std::vector<NodeId> Graph::order() const {
  std::vector<int> waiting(nodes_.size(), 0);
  std::priority_queue<NodeId, std::vector<NodeId>, std::greater<>> ready;
  for (NodeId id = 0; id < capacity(); ++id) {
    if (!alive(id)) continue;
    for (Value v : nodes_[id].inputs) waiting[id] += v ? 1 : 0;
    if (waiting[id] == 0) ready.push(id);
  }
  std::vector<NodeId> order;
  while (!ready.empty()) {
    const NodeId id = ready.top();
    ready.pop();
    order.push_back(id);
    for (const auto& uses : uses_[id])
      for (const Use& u : uses)
        if (--waiting[u.user] == 0) ready.push(u.user);
  }
  return order;
}

void Graph::kill(NodeId id) {
  for (int i = 0; i < static_cast<int>(nodes_[id].inputs.size()); ++i) {
    const Value v = nodes_[id].inputs[i];
    if (v) std::erase_if(uses_[v.node][v.output], [&](const Use& u) { return u.user == id && u.input == i; });
  }
  nodes_[id] = Node{};
  uses_[id].clear();
}

int Graph::remove_dead(std::string_view reason) {
  std::vector<bool> needed(nodes_.size(), false);
  std::vector<NodeId> stack;
  const auto need = [&](Value v) {
    if (v && !needed[v.node]) {
      needed[v.node] = true;
      stack.push_back(v.node);
    }
  };
  for (Value v : outputs_) need(v);
  for (Value v : inputs_) need(v);
  while (!stack.empty()) {
    const NodeId id = stack.back();
    stack.pop_back();
    for (Value v : nodes_[id].inputs) need(v);
  }
  std::set<OriginId> lost, kept;
  int removed = 0;
  for (NodeId id = capacity() - 1; id >= 0; --id) {
    if (!alive(id)) continue;
    (needed[id] ? kept : lost).insert(nodes_[id].origins.begin(), nodes_[id].origins.end());
    if (needed[id]) continue;
    kill(id);
    ++removed;
  }
  for (OriginId o : lost)
    if (!kept.count(o)) note_dropped(o, reason);
  return removed;
}

void Graph::apply(const Patch& patch) {
  // The new cone: what the new values reach without passing an old node that is used elsewhere is found by age:
  // a rewrite adds its nodes last, after every old value.
  NodeId oldest_new = 0;
  for (const auto& [old, fresh] : patch.replace) oldest_new = std::max(oldest_new, old.node + 1);
  for (const auto& [old, fresh] : patch.replace) {
    if (old == fresh) continue;
    if (!refines(type(fresh), type(old), ranges))
      fail(ErrorCode::internal, "a rewrite replaces {} of type {} by {} of type {}", describe_node(old.node), type(old).str(),
           describe_node(fresh.node), type(fresh).str());
    const auto uses = uses_[old.node][old.output];
    for (const Use& u : uses) {
      nodes_[u.user].inputs[u.input] = fresh;
      uses_[fresh.node][fresh.output].push_back(u);
    }
    uses_[old.node][old.output].clear();
    std::replace(outputs_.begin(), outputs_.end(), old, fresh);
    std::string& name = nodes_[fresh.node].output_names[fresh.output];
    std::string& before = nodes_[old.node].output_names[old.output];
    if (name.empty()) std::swap(name, before);
  }
  give_origins(patch, oldest_new);
}

void Graph::give_origins(const Patch& patch, NodeId oldest_new) {
  // Nodes that no one uses any more, from the old values upwards.
  std::vector<OriginId> freed;
  std::vector<NodeId> stack;
  for (const auto& [old, fresh] : patch.replace)
    if (old != fresh) stack.push_back(old.node);
  const auto unused = [&](NodeId id) {
    if (!alive(id) || nodes_[id].as<InputOp>()) return false;
    for (int i = 0; i < static_cast<int>(nodes_[id].outputs.size()); ++i)
      if (use_count({id, i}) > 0) return false;
    return true;
  };
  while (!stack.empty()) {
    const NodeId id = stack.back();
    stack.pop_back();
    if (!unused(id)) continue;
    freed.insert(freed.end(), nodes_[id].origins.begin(), nodes_[id].origins.end());
    std::vector<NodeId> producers;
    for (Value v : nodes_[id].inputs)
      if (v) producers.push_back(v.node);
    kill(id);
    stack.insert(stack.end(), producers.begin(), producers.end());
  }
  // New nodes without an origin take all of them; without a new node, the replacement does.
  bool taken = false;
  for (NodeId id = std::max(oldest_new, 0); id < capacity(); ++id) {
    if (!alive(id) || !nodes_[id].origins.empty() || nodes_[id].as<ConstantOp>()) continue;
    nodes_[id].origins = freed;
    sort_unique(nodes_[id].origins);
    taken = true;
  }
  for (const auto& [old, fresh] : patch.replace) {
    if (taken || old == fresh || !alive(fresh.node)) continue;
    auto& origins = nodes_[fresh.node].origins;
    if (nodes_[fresh.node].as<InputOp>() || nodes_[fresh.node].as<ConstantOp>()) {
      for (OriginId o : freed) note_dropped(o, "folded");
      continue;
    }
    origins.insert(origins.end(), freed.begin(), freed.end());
    sort_unique(origins);
  }
}

void Graph::set_input_type(int input, Type type) {
  note_symbols(type);
  const NodeId id = inputs_[input].node;
  InputOp op;
  op.type = type;
  nodes_[id].op = std::make_shared<const InputOp>(std::move(op));
  nodes_[id].outputs[0] = Fact(std::move(type));
}

void Graph::reinfer() {
  checks.clear();
  for (NodeId id : order()) {
    Node& n = nodes_[id];
    if (n.as<InputOp>() || n.as<ConstantOp>()) continue;
    auto facts = infer_node(*n.op, n.inputs, n.origins);
    assume(facts.size() == n.outputs.size(), "an op's number of outputs does not depend on its inputs' shapes");
    n.outputs = std::move(facts);
  }
}

std::string Graph::display_name(NodeId id) const {
  const Node& n = nodes_[id];
  if (n.origins.empty()) {
    for (const auto& name : n.output_names)
      if (!name.empty()) return name;
    return fmt::format("{}_{}", n.op ? n.op->name() : "dead", id);
  }
  const bool chain = n.origins.size() > 1 && n.op && is_pointwise_chain(*n.op);
  std::string s;
  for (OriginId o : n.origins) s += (s.empty() ? "" : chain ? ", " : " + ") + origins_[o].name;
  return chain ? "fusedPointwiseNode(" + s + ")" : s;
}

std::string Graph::describe_node(NodeId id) const {
  if (!alive(id)) return fmt::format("dead node {}", id);
  const auto& origins = nodes_[id].origins;
  return fmt::format("node '{}' ({})", display_name(id),
                     origins.size() == 1 ? std::string_view(origins_[origins[0]].operation) : nodes_[id].op->name());
}

Graph Graph::compacted() const {
  Graph g;
  g.name = name;
  g.ranges = ranges;
  g.checks = checks;
  g.origins_ = origins_;
  g.dropped_ = dropped_;
  g.symbols_ = symbols_;
  std::vector<NodeId> renamed(nodes_.size(), -1);
  const auto moved = [&](Value v) { return v ? Value{renamed[v.node], v.output} : v; };
  for (NodeId id : order()) {
    std::vector<Value> inputs;
    for (Value v : nodes_[id].inputs) inputs.push_back(moved(v));
    renamed[id] = g.append(nodes_[id].op, std::move(inputs), nodes_[id].outputs, nodes_[id].origins);
    g.nodes_.back().output_names = nodes_[id].output_names;
  }
  for (Value v : inputs_) g.inputs_.push_back(moved(v));
  for (Value v : outputs_) g.outputs_.push_back(moved(v));
  g.input_names_ = input_names_;
  g.output_names_ = output_names_;
  return g;
}

std::vector<HostValue> InputOp::evaluate(const EvalContext&) const {
  fail(ErrorCode::internal, "a graph input is given, not computed");
}

std::vector<Fact> ConstantOp::infer(InferContext&) const {
  assume(value != nullptr, "a Constant holds a value");
  return {Fact::of(value)};
}
std::vector<HostValue> ConstantOp::evaluate(const EvalContext&) const { return {value->value()}; }

bool is_constant(const Graph& g, Value v) { return g.constant(v) != nullptr; }

std::optional<double> uniform_constant(const Graph& g, Value v) {
  const ConstRef c = g.constant(v);
  if (!c || c->is_expression() || c->dtype() == DType::string || c->dtype() == DType::c64 || c->dtype() == DType::c128) return std::nullopt;
  const int64_t size = checked_product(c->dims());
  if (size < 1 || size > 65536) return std::nullopt;
  const auto values = to_doubles(c->value());
  if (!std::all_of(values.begin(), values.end(), [&](double d) { return d == values[0]; })) return std::nullopt;
  return values[0];
}

}  // namespace tenon::core
