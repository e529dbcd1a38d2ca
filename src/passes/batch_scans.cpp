#include <algorithm>
#include <numeric>
#include <set>

#include "ops/matmul.h"
#include "ops/pointwise.h"
#include "ops/shape.h"
#include "passes/bodies.h"
#include "passes/control_flow.h"
#include "passes/match.h"

namespace tenon::core {
namespace {

int64_t at_or_zero(const std::vector<int64_t>& values, int64_t i) {
  return i < static_cast<int64_t>(values.size()) ? values[i] : 0;
}

/// What of a Scan's body depends on its elements and on values from outside alone, as far as an axis of all elements
/// can be put in front of it.
class Independent {
 public:
  Independent(const Graph& body, const Scan& scan) : body_(body) {
    for (size_t i = scan.states + scan.sequences; i < body.inputs().size(); ++i) fixed_.insert(body.inputs()[i]);
    for (int64_t k = 0; k < scan.sequences; ++k)
      if (const Value v = body.inputs()[scan.states + k]; ranked_tensor(body, v))
        direction_[v] = at_or_zero(scan.input_directions, k);
    for (NodeId id : body.order()) {
      if (body.node(id).as<ConstantOp>()) fixed_.insert({id, 0});
      else if (const auto direction = direction_of(id)) add(id, *direction);
    }
  }
  bool has_product() const { return has_product_; }
  const std::vector<NodeId>& nodes() const { return nodes_; }
  bool contains(Value v) const { return direction_.count(v) > 0; }
  bool is_fixed(Value v) const { return fixed_.count(v) > 0; }
  int64_t direction(Value v) const { return direction_.at(v); }

 private:
  void add(NodeId id, int64_t direction) {
    nodes_.push_back(id);
    direction_[{id, 0}] = direction;
    has_product_ |= body_.node(id).as<MatMul>() != nullptr;
  }

  /// The direction that the elements behind the node's result come in; nothing when the node must stay.
  std::optional<int64_t> direction_of(NodeId id) const {
    const Node& n = body_.node(id);
    if (n.outputs.size() != 1 || !ranked_tensor(body_, {id, 0})) return std::nullopt;
    const bool fits = n.as<MatMul>() ? product_fits(n) : (n.as<Unary>() || n.as<Binary>() || n.as<Cast>()) && pointwise_fits(n, id);
    if (!fits) return std::nullopt;
    std::optional<int64_t> direction;
    for (Value v : n.inputs) {
      if (!contains(v)) continue;
      if (direction && *direction != direction_.at(v)) return std::nullopt;
      direction = direction_.at(v);
    }
    return direction;
  }

  bool product_fits(const Node& n) const {
    const bool weights = is_fixed(n.inputs[1]) && ranked_tensor(body_, n.inputs[1]) && body_.type(n.inputs[1]).rank() == 2;
    const bool bias = n.inputs.size() < 3 || !n.inputs[2] || is_fixed(n.inputs[2]);
    const bool residual = n.inputs.size() > 3 && n.inputs[3];
    if (!contains(n.inputs[0]) || !weights || !bias || residual) return false;
    const int rank = body_.type(n.inputs[0]).rank();
    if (n.inputs.size() > 2 && n.inputs[2] && body_.type(n.inputs[2]).rank() > rank) return false;
    return rank >= 2 || (rank == 1 && !n.as<MatMul>()->transpose_a);
  }

  /// Elements have the rank of the result; values from outside at most that, so that the new axis stays in front.
  bool pointwise_fits(const Node& n, NodeId id) const {
    const int rank = body_.type({id, 0}).rank();
    return std::all_of(n.inputs.begin(), n.inputs.end(), [&](Value v) {
      if (!v || !ranked_tensor(body_, v)) return false;
      return contains(v) ? body_.type(v).rank() == rank : is_fixed(v) && body_.type(v).rank() <= rank;
    });
  }

  const Graph& body_;
  std::set<Value> fixed_;                 // from outside, and constants
  std::map<Value, int64_t> direction_;    // elements and what is made of them
  std::vector<NodeId> nodes_;
  bool has_product_ = false;
};

/// The scanned axis in front.
Value axis_in_front(Graph& g, Value sequence, int64_t axis) {
  const int64_t rank = g.type(sequence).rank();
  if (axis < 0) axis += rank;
  if (axis == 0) return sequence;
  Transpose move;
  move.permutation.push_back(axis);
  for (int64_t i = 0; i < rank; ++i)
    if (i != axis) move.permutation.push_back(i);
  return g.add(std::move(move), {sequence});
}

/// The independent nodes outside of the loop, over all elements at once; by the value inside that each one is for.
std::map<Value, Value> add_outside(Graph& g, const Scan& scan, const std::vector<Value>& inputs, const Independent& part) {
  const Graph& body = *scan.body;
  std::map<Value, Value> outside;
  const auto value_of = [&](Value v) -> Value {
    if (!v) return v;
    const auto found = outside.find(v);
    if (found != outside.end()) return found->second;
    if (const ConstRef constant = body.constant(v)) return outside[v] = g.add_constant(constant);
    const auto at = std::find(body.inputs().begin(), body.inputs().end(), v) - body.inputs().begin();
    if (!part.contains(v)) return outside[v] = inputs[at];
    return outside[v] = axis_in_front(g, inputs[at], at_or_zero(scan.input_axes, at - scan.states));
  };
  for (NodeId id : part.nodes()) {
    std::vector<Value> operands;
    for (Value v : body.node(id).inputs) operands.push_back(value_of(v));
    std::vector<OriginId> origins;
    for (OriginId o : body.node(id).origins) origins.push_back(g.add_origin(body.origins()[o]));
    outside[{id, 0}] = g.add(body.node(id).op, std::move(operands), std::move(origins));
  }
  return outside;
}

/// `body` with `count` inputs, its last ones, moved to position `to`.
Graph with_inputs_moved(const Graph& body, size_t to, size_t count) {
  Graph out;
  out.name = body.name;
  out.ranges = body.ranges;
  const size_t all = body.inputs().size();
  std::vector<size_t> order(all);
  std::iota(order.begin(), order.end(), 0);
  std::rotate(order.begin() + to, order.end() - count, order.end());
  std::vector<Value> inputs(all);
  for (size_t i : order) inputs[i] = out.add_input(body.input_name(static_cast<int>(i)), body.type(body.inputs()[i]));
  const auto results = inline_body(out, body, inputs, true);
  for (size_t i = 0; i < results.size(); ++i) out.add_output(body.output_name(static_cast<int>(i)), results[i]);
  for (const auto& entry : body.dropped()) out.note_dropped(out.add_origin(body.origins()[entry.first]), entry.second);
  return out;
}

std::optional<Patch> batch_scan(Graph& g, NodeId id) {
  const auto* found = g.node(id).as<Scan>();
  if (!found) return std::nullopt;
  Scan scan = *found;
  const std::vector<Value> inputs = g.node(id).inputs;
  const Independent part(*scan.body, scan);
  const auto sequences = std::span(inputs).subspan(scan.states, scan.sequences);
  const bool ranked = std::all_of(sequences.begin(), sequences.end(), [&](Value v) { return ranked_tensor(g, v); });
  if (!part.has_product() || !ranked) return std::nullopt;
  const auto outside = add_outside(g, scan, inputs, part);

  Graph inner = *scan.body;
  Patch patch;
  std::vector<Value> added;
  const std::set<NodeId> moved(part.nodes().begin(), part.nodes().end());
  scan.input_axes.resize(scan.sequences);
  scan.input_directions.resize(scan.sequences);
  for (NodeId node : part.nodes()) {
    const Value v{node, 0};
    const auto& uses = scan.body->uses(v);
    const bool stays = std::all_of(uses.begin(), uses.end(), [&](const Use& u) { return moved.count(u.user) > 0; });
    if (stays && !scan.body->is_output(v)) continue;
    patch.replace.emplace_back(v, inner.add_input("batched_" + std::to_string(inner.inputs().size()), scan.body->type(v)));
    added.push_back(outside.at(v));
    scan.input_axes.push_back(0);
    scan.input_directions.push_back(part.direction(v));
  }
  inner.apply(patch);
  inner.remove_dead("computed for all elements in front of the loop");
  scan.body = std::make_shared<const Graph>(with_inputs_moved(inner, scan.states + scan.sequences, added.size()));
  std::vector<Value> now(inputs.begin(), inputs.begin() + scan.states + scan.sequences);
  now.insert(now.end(), added.begin(), added.end());
  now.insert(now.end(), inputs.begin() + scan.states + scan.sequences, inputs.end());
  scan.sequences += static_cast<int64_t>(added.size());
  const auto count = static_cast<int>(g.node(id).outputs.size());
  const Value result = g.add(std::move(scan), std::move(now));
  Patch outer;
  for (int i = 0; i < count; ++i) outer.replace.push_back({{id, i}, Graph::output(result, i)});
  return outer;
}

}  // namespace

void batch_scans(Graph& g, PassContext& context) {
  for (NodeId id : g.order()) {
    if (!context.may_change()) return;
    if (!g.alive(id)) continue;
    if (const auto patch = batch_scan(g, id))
      context.apply(g, *patch, "products of a loop's elements with one matrix => one product of all elements");
  }
}

}  // namespace tenon::core
