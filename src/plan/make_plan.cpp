#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "plan/plan.h"
#include "plan/share_memory.h"

namespace tenon::core {
namespace {

/// Which symbols are bound at each point of the order.
class OpenShapes {
 public:
  explicit OpenShapes(const Graph& g) : g_(g) {
    for (Value in : g.inputs()) bind(g.type(in));
  }
  bool resolved(const Type& t) const {
    std::set<std::string> symbols;
    for (const Dim& d : t.shape) d.collect_symbols(symbols);
    return std::all_of(symbols.begin(), symbols.end(), [&](const auto& s) { return known_.count(s) > 0; });
  }
  /// Binds what can be read off a value's dims once it exists; the new names.
  std::vector<std::string> bind(const Type& t) {
    std::vector<std::string> fresh;
    if (!t.is_tensor()) return fresh;
    for (const Dim& d : t.shape)
      if (auto s = d.as_symbol(); s && known_.insert(*s).second) fresh.push_back(*s);
    return fresh;
  }
  bool open(NodeId id) const {
    const Node& n = g_.node(id);
    const auto closed = [&](const Type& t) { return !t.present() || (!t.boxed() && resolved(t)); };
    for (Value v : n.inputs)
      if (!closed(g_.type(v))) return true;
    return !std::all_of(n.outputs.begin(), n.outputs.end(), [&](const Fact& f) { return closed(f.type); });
  }

 private:
  const Graph& g_;
  std::set<std::string> known_;
};

class Planner {
 public:
  Planner(const Graph& g, const Choices& choices) : g_(g), choices_(choices), shapes_(g) {}

  Plan plan() {
    for (Value in : g_.inputs()) plan_.inputs.push_back(add_slot(Slot::Kind::input, in, {}));
    for (NodeId id : g_.order()) {
      const Node& n = g_.node(id);
      if (n.as<InputOp>()) continue;
      if (n.as<ConstantOp>()) continue;  // constants get slots where they are read
      add_node(id);
    }
    for (Value v : g_.outputs()) plan_.outputs.push_back(output_slot(v));
    find_segments();
    share_memory(g_, choices_, plan_);
    return std::move(plan_);
  }

 private:
  SlotId add_slot(Slot::Kind kind, Value value, const Format& format) {
    const SlotId id = static_cast<SlotId>(plan_.slots.size());
    if (g_.type(value).boxed()) kind = Slot::Kind::box;
    plan_.slots.push_back({kind, value, format, id, {}, -1});
    by_format_[{value, format}] = id;
    return id;
  }

  // The slot that holds `v` in `format`; adds a reorder (once per format) when no such slot exists.
  SlotId in_format(Value v, const Format& format, NodeId consumer) {
    if (!v) return -1;
    const auto found = by_format_.find({v, format});
    if (found != by_format_.end()) return found->second;
    if (g_.constant(v)) return add_slot(Slot::Kind::constant, v, format);
    const SlotId from = produced_.count(v) ? produced_.at(v) : by_format_.at({v, Format{}});
    if (g_.type(v).boxed()) return from;
    Step step;
    step.kind = Step::Kind::reorder;
    step.node = consumer;
    step.in = {from};
    step.out = {add_slot(Slot::Kind::arena, v, format)};
    step.reason = fmt::format("'{}' is {}, {} reads {}", g_.display_name(v.node), plan_.slots[from].format.str(),
                              consumer < 0 ? "the output" : "'" + g_.display_name(consumer) + "'", format.str());
    plan_.steps.push_back(std::move(step));
    return plan_.steps.back().out[0];
  }

  // In row-major order where the device's kernels write, or the box that holds it.
  SlotId output_slot(Value v) {
    const auto found = produced_.find(v);
    return found != produced_.end() && plan_.slots[found->second].kind == Slot::Kind::box ? found->second : in_format(v, {}, -1);
  }

  void add_node(NodeId id) {
    const Node& n = g_.node(id);
    const Offer& offer = choices_.offers[id];
    assume(offer.in.size() == n.inputs.size() && offer.out.size() == n.outputs.size(), "an offer has a format for each input and output");
    Step step;
    step.node = id;
    step.kind = offer.share == Share::view ? Step::Kind::view : Step::Kind::run;
    for (size_t i = 0; i < n.inputs.size(); ++i) step.in.push_back(in_format(n.inputs[i], offer.in[i], id));
    for (size_t i = 0; i < n.outputs.size(); ++i) {
      const Value v{id, static_cast<int32_t>(i)};
      const Type& t = n.outputs[i].type;
      const bool boxed = t.boxed() || !shapes_.resolved(t);
      step.out.push_back(add_slot(boxed ? Slot::Kind::box : Slot::Kind::arena, v, offer.out[i]));
      produced_[v] = step.out.back();
    }
    for (const Fact& f : n.outputs)
      for (auto& s : shapes_.bind(f.type)) step.defines.push_back(s);
    plan_.steps.push_back(std::move(step));
  }

  void find_segments() {
    int first = 0;
    for (int i = 0; i < static_cast<int>(plan_.steps.size()); ++i) {
      if (plan_.steps[i].defines.empty()) continue;
      plan_.segments.push_back({first, i + 1});
      first = i + 1;
    }
    plan_.segments.push_back({first, static_cast<int>(plan_.steps.size())});
  }

  const Graph& g_;
  const Choices& choices_;
  OpenShapes shapes_;
  Plan plan_;
  std::map<std::pair<Value, Format>, SlotId> by_format_;
  std::map<Value, SlotId> produced_;
};

}  // namespace

Plan make_plan(const Graph& graph, const Choices& choices) { return Planner(graph, choices).plan(); }

std::vector<bool> nodes_with_open_shapes(const Graph& g) {
  OpenShapes shapes(g);
  std::vector<bool> open(g.capacity(), false);
  for (NodeId id : g.order()) {
    if (g.node(id).as<InputOp>() || g.node(id).as<ConstantOp>()) continue;
    open[id] = shapes.open(id);
    for (const Fact& f : g.node(id).outputs) shapes.bind(f.type);
  }
  return open;
}

}  // namespace tenon::core
