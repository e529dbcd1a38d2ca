#include <algorithm>
#include <set>

#include "passes/bodies.h"
#include "passes/control_flow.h"
#include "passes/loop_conditions.h"
#include "passes/match.h"

namespace tenon::core {
namespace {

/// A Loop or Scan in parts. Of a Loop's body the first inputs and the first output (trip, condition) are left out.
struct Parts {
  GraphRef body;
  size_t skip_in = 0, skip_out = 0;  // of the body
  size_t states = 0, sequences = 0;
  std::vector<Value> inputs;  // of the node, without trip count and condition

  size_t stacked() const { return body->outputs().size() - skip_out - states; }
  size_t captured() const { return inputs.size() - states - sequences; }
};

Parts parts_of(const Node& n) {
  if (const auto* loop = n.as<Loop>())
    return {loop->body, 2, 1, static_cast<size_t>(loop->carried), 0, {n.inputs.begin() + 2, n.inputs.end()}};
  const auto* scan = n.as<Scan>();
  return {scan->body, 0, 0, static_cast<size_t>(scan->states), static_cast<size_t>(scan->sequences), n.inputs};
}

/// Types of a body's inputs with new names for the symbols that mean nothing outside: another body may use them too.
class OwnSymbols {
 public:
  OwnSymbols(Graph& g, const Parts& parts) : g_(g) {
    for (Value v : parts.inputs)
      for (const Dim& d : g.type(v).shape) d.collect_symbols(outside_);
  }
  Type operator()(Type type) {
    for (Dim& d : type.shape) {
      std::set<std::string> symbols;
      d.collect_symbols(symbols);
      for (const auto& s : symbols)
        if (!outside_.count(s) && !renamed_.count(s)) renamed_.emplace(s, Dim::symbol(g_.fresh_symbol(s)));
      d = d.substitute(renamed_);
    }
    return type;
  }

 private:
  Graph& g_;
  std::set<std::string> outside_;
  std::map<std::string, Dim> renamed_;
};

/// One body that does what two do. Inputs: those in front, then by kind (states, sequences, captured), of `a` before
/// those of `b`; outputs likewise.
Graph merged_body(Graph& g, const Parts& a, const Parts& b) {
  Graph out;
  out.name = a.body->name;
  out.ranges = a.body->ranges;
  out.ranges.insert(b.body->ranges.begin(), b.body->ranges.end());
  std::set<std::string> names;
  OwnSymbols types_a(g, a), types_b(g, b);
  const auto add_input = [&](const Graph& body, OwnSymbols& types, size_t i) {
    std::string name = body.input_name(static_cast<int>(i));
    while (!names.insert(name).second) name += "_";
    return out.add_input(name, types(body.type(body.inputs()[i])));
  };
  std::vector<Value> in_a(a.body->inputs().size()), in_b(b.body->inputs().size());
  for (size_t i = 0; i < a.skip_in; ++i) in_a[i] = in_b[i] = add_input(*a.body, types_a, i);
  const size_t first_a[] = {0, a.states, a.states + a.sequences, a.inputs.size()};
  const size_t first_b[] = {0, b.states, b.states + b.sequences, b.inputs.size()};
  for (int kind = 0; kind < 3; ++kind) {
    for (size_t i = first_a[kind]; i < first_a[kind + 1]; ++i) in_a[a.skip_in + i] = add_input(*a.body, types_a, a.skip_in + i);
    for (size_t i = first_b[kind]; i < first_b[kind + 1]; ++i) in_b[b.skip_in + i] = add_input(*b.body, types_b, b.skip_in + i);
  }
  const auto of_a = inline_body(out, *a.body, in_a, true), of_b = inline_body(out, *b.body, in_b, true);
  std::vector<Value> results(of_a.begin(), of_a.begin() + a.skip_out);
  results.insert(results.end(), of_a.begin() + a.skip_out, of_a.begin() + a.skip_out + a.states);
  results.insert(results.end(), of_b.begin() + b.skip_out, of_b.begin() + b.skip_out + b.states);
  results.insert(results.end(), of_a.begin() + a.skip_out + a.states, of_a.end());
  results.insert(results.end(), of_b.begin() + b.skip_out + b.states, of_b.end());
  for (size_t i = 0; i < results.size(); ++i) out.add_output("out_" + std::to_string(i), results[i]);
  out.remove_dead("no output needs it");
  for (const Graph* body : {a.body.get(), b.body.get()})
    for (const auto& entry : body->dropped()) out.note_dropped(out.add_origin(body->origins()[entry.first]), entry.second);
  return out;
}

/// Two lists of equal meaning, with zeros where one was left empty.
std::vector<int64_t> joined(std::vector<int64_t> a, size_t count_a, std::vector<int64_t> b, size_t count_b) {
  a.resize(count_a);
  b.resize(count_b);
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Patch merge(Graph& g, NodeId first, NodeId second) {
  const Parts a = parts_of(g.node(first)), b = parts_of(g.node(second));
  const auto body = std::make_shared<const Graph>(merged_body(g, a, b));
  std::vector<Value> inputs(g.node(first).inputs.begin(), g.node(first).inputs.begin() + a.skip_in);
  const auto append = [&](const Parts& p, size_t begin, size_t end) { inputs.insert(inputs.end(), p.inputs.begin() + begin, p.inputs.begin() + end); };
  append(a, 0, a.states);
  append(b, 0, b.states);
  append(a, a.states, a.states + a.sequences);
  append(b, b.states, b.states + b.sequences);
  append(a, a.states + a.sequences, a.inputs.size());
  append(b, b.states + b.sequences, b.inputs.size());
  Value result;
  if (const auto* loop = g.node(first).as<Loop>()) {
    Loop both = *loop;
    both.body = body;
    both.carried = static_cast<int64_t>(a.states + b.states);
    result = g.add(std::move(both), std::move(inputs));
  } else {
    const Scan x = *g.node(first).as<Scan>(), y = *g.node(second).as<Scan>();
    Scan both;
    both.body = body;
    both.states = x.states + y.states;
    both.sequences = x.sequences + y.sequences;
    both.input_axes = joined(x.input_axes, a.sequences, y.input_axes, b.sequences);
    both.input_directions = joined(x.input_directions, a.sequences, y.input_directions, b.sequences);
    both.output_axes = joined(x.output_axes, a.stacked(), y.output_axes, b.stacked());
    both.output_directions = joined(x.output_directions, a.stacked(), y.output_directions, b.stacked());
    result = g.add(std::move(both), std::move(inputs));
  }
  Patch patch;
  const auto map = [&](NodeId node, const Parts& p, size_t states_at, size_t stacked_at) {
    for (size_t i = 0; i < p.states + p.stacked(); ++i) {
      const size_t to = i < p.states ? states_at + i : stacked_at + i - p.states;
      patch.replace.push_back({{node, static_cast<int32_t>(i)}, Graph::output(result, static_cast<int>(to))});
    }
  };
  map(first, a, 0, a.states + b.states);
  map(second, b, a.states, a.states + b.states + a.stacked());
  return patch;
}

bool pure_body(const Graph& body) {
  const auto order = body.order();
  return std::all_of(order.begin(), order.end(), [&](NodeId id) { return body.node(id).as<InputOp>() || body.node(id).op->pure(); });
}

std::optional<Dim> scanned_length(const Graph& g, const Node& n) {
  const auto* scan = n.as<Scan>();
  if (scan->sequences < 1 || !ranked_tensor(g, n.inputs[scan->states])) return std::nullopt;
  const Type& type = g.type(n.inputs[scan->states]);
  const int64_t axis = scan->input_axes.empty() ? 0 : scan->input_axes[0];
  return type.shape[axis < 0 ? axis + type.rank() : axis];
}

/// Both run the same number of trips, whatever happens inside.
bool same_range(const Graph& g, const Node& a, const Node& b) {
  const auto counted = [&](const Node& n) {
    const bool begins = !n.inputs[1] || is_true(g, n.inputs[1]);
    return n.inputs[0] && begins && stays_true(*n.as<Loop>()->body) && pure_body(*n.as<Loop>()->body);
  };
  if (a.as<Loop>() && b.as<Loop>()) return a.inputs[0] == b.inputs[0] && counted(a) && counted(b);
  if (!a.as<Scan>() || !b.as<Scan>()) return false;
  const auto x = scanned_length(g, a), y = scanned_length(g, b);
  return x && y && known_equal(*x, *y) && pure_body(*a.as<Scan>()->body) && pure_body(*b.as<Scan>()->body);
}

bool depends_on(const Graph& g, NodeId node, NodeId producer) {
  std::vector<NodeId> stack{node};
  std::set<NodeId> seen;
  while (!stack.empty()) {
    const NodeId id = stack.back();
    stack.pop_back();
    if (id == producer) return true;
    if (!seen.insert(id).second) continue;
    for (Value v : g.node(id).inputs)
      if (v) stack.push_back(v.node);
  }
  return false;
}

/// The first loop in the order that runs beside `id`.
std::optional<NodeId> neighbour(const Graph& g, NodeId id, const std::vector<NodeId>& order) {
  for (NodeId other : order)
    if (other != id && g.alive(other) && same_range(g, g.node(id), g.node(other)) && !depends_on(g, id, other) && !depends_on(g, other, id)) return other;
  return std::nullopt;
}

}  // namespace

void merge_loops(Graph& g, PassContext& context) {
  const auto is_loop = [&](NodeId id) { return g.alive(id) && (g.node(id).as<Loop>() || g.node(id).as<Scan>()); };
  for (bool changed = true; changed;) {
    changed = false;
    auto loops = g.order();
    std::erase_if(loops, [&](NodeId id) { return !is_loop(id); });
    for (NodeId id : loops) {
      if (!context.may_change()) return;
      const auto other = changed ? std::nullopt : neighbour(g, id, loops);
      if (!other) continue;
      context.apply(g, merge(g, id, *other), "two loops over one range => one loop that does both");
      changed = true;
    }
  }
}

}  // namespace tenon::core
