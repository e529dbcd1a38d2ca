#include "passes/fold.h"
#include "passes/fuse_pointwise.h"

#include <algorithm>
#include <set>

#include "base/checked.h"
#include "ops/fused.h"
#include "passes/fused_body.h"
#include "passes/match.h"

namespace tenon::core {
namespace {

constexpr std::string_view kPointwiseEquation = "pointwise nodes of one shape => Fused";

bool is_fusible_dtype(DType d) {
  switch (d) {
    case DType::f32:
    case DType::f64:
    case DType::f16:
    case DType::bf16:
    case DType::i8:
    case DType::u8:
    case DType::i32:
    case DType::i64:
    case DType::boolean:
      return true;
    default:
      return false;
  }
}

bool is_fusible_value(const Graph& g, Value v) {
  return !v || (ranked_tensor(g, v) && is_fusible_dtype(g.type(v).dtype));
}

bool is_fusible(const Graph& g, NodeId id) {
  const Node& node = g.node(id);
  if (!node.as<Unary>() && !node.as<Binary>() && !node.as<Where>() && !node.as<Clip>() && !node.as<Cast>())
    return false;
  const Value v{id, 0};
  // What is known of a small integer tensor's contents would not survive in a Fused node.
  if (g.constant(v) || g.fact(v).content || !is_fusible_value(g, v)) return false;
  return std::all_of(node.inputs.begin(), node.inputs.end(), [&](Value in) { return is_fusible_value(g, in); });
}

bool is_scalar_constant(const Graph& g, Value v) {
  const ConstRef c = g.constant(v);
  return c && checked_product(c->dims()) == 1 && !is_refittable(c);
}

using Group = std::set<NodeId>;
using Members = std::vector<NodeId>;  // producers first

class Grouping {
 public:
  explicit Grouping(const Graph& g) : g_(g), group_of_(g.capacity(), -1), position_(g.capacity(), -1) {
    order_ = g.order();
    for (size_t i = 0; i < order_.size(); ++i) position_[order_[i]] = static_cast<int>(i);
  }

  /// The groups of two and more nodes; `full` gets the nodes at which a limit split a chain.
  std::vector<Members> run(std::vector<NodeId>& full) {
    for (NodeId id : order_)
      if (is_fusible(g_, id)) place(id, full);
    std::vector<Members> out;
    for (const auto& group : groups_) {
      if (group.size() < 2) continue;
      out.emplace_back(group.begin(), group.end());
      std::sort(out.back().begin(), out.back().end(), [&](NodeId a, NodeId b) { return position_[a] < position_[b]; });
      if (outputs(group, INT32_MAX) <= kMaxBodyOutputs) continue;
      full.push_back(out.back().back());
      out.pop_back();
    }
    return out;
  }

 private:
  void place(NodeId id, std::vector<NodeId>& full) {
    groups_.push_back({id});
    group_of_[id] = static_cast<int>(groups_.size()) - 1;
    for (Value in : g_.node(id).inputs) {
      if (!in || group_of_[in.node] < 0 || group_of_[in.node] == group_of_[id]) continue;
      if (!same_shape(g_, in, {id, 0})) continue;
      join(id, group_of_[in.node], full);
    }
  }

  void join(NodeId id, int other, std::vector<NodeId>& full) {
    Group both = groups_[group_of_[id]];
    both.insert(groups_[other].begin(), groups_[other].end());
    if (!fits(both, id)) {
      full.push_back(id);
      return;
    }
    if (!is_convex(both)) return;
    groups_[group_of_[id]].clear();
    for (NodeId member : both) group_of_[member] = other;
    groups_[other] = std::move(both);
  }

  /// `now`: the node being placed. Readers that come after it may still join.
  bool fits(const Group& group, NodeId now) const {
    std::set<Value> inputs;
    for (NodeId id : group)
      for (Value in : g_.node(id).inputs)
        if (in && !group.count(in.node) && !is_scalar_constant(g_, in)) inputs.insert(in);
    return static_cast<int>(group.size()) <= kMaxBodyNodes && static_cast<int>(inputs.size()) <= kMaxBodyInputs &&
           outputs(group, position_[now]) <= kMaxBodyOutputs;
  }

  /// Members that are graph outputs or have a reader outside, at a place before `end`.
  int outputs(const Group& group, int end) const {
    return static_cast<int>(std::count_if(group.begin(), group.end(), [&](NodeId id) {
      const auto& uses = g_.uses({id, 0});
      return g_.is_output({id, 0}) || std::any_of(uses.begin(), uses.end(), [&](const Use& u) {
               return !group.count(u.user) && position_[u.user] < end;
             });
    }));
  }

  /// No value that the group reads depends on the group.
  bool is_convex(const Group& group) const {
    int first = INT32_MAX;
    for (NodeId id : group) first = std::min(first, position_[id]);
    std::vector<NodeId> stack;
    std::set<NodeId> seen;
    const auto visit = [&](NodeId id) {
      if (position_[id] > first && seen.insert(id).second) stack.push_back(id);
    };
    for (NodeId id : group)
      for (Value in : g_.node(id).inputs)
        if (in && !group.count(in.node)) visit(in.node);
    while (!stack.empty()) {
      const NodeId id = stack.back();
      stack.pop_back();
      for (Value in : g_.node(id).inputs) {
        if (!in) continue;
        if (group.count(in.node)) return false;
        visit(in.node);
      }
    }
    return true;
  }

  const Graph& g_;
  std::vector<NodeId> order_;
  std::vector<int> group_of_, position_;
  std::vector<Group> groups_;
};

class Body {
 public:
  Body(Graph& g, const Members& members) : g_(g), members_(members) { body_.name = "fused"; }

  Patch build() {
    std::vector<Value> results;
    for (NodeId id : members_) {
      std::vector<Value> inputs;
      for (Value in : g_.node(id).inputs) inputs.push_back(operand(in));
      inner_[{id, 0}] = body_.add(g_.node(id).op, std::move(inputs));
      if (is_result(id)) results.push_back({id, 0});
    }
    for (size_t i = 0; i < results.size(); ++i) body_.add_output("y" + std::to_string(i), inner_[results[i]]);
    for (Value v : outer_) keep_ranges(g_, g_.type(v).shape, body_);
    Fused fused;
    fused.body = std::make_shared<const Graph>(std::move(body_));
    const Value v = g_.add(std::move(fused), outer_);
    Patch patch;
    for (size_t i = 0; i < results.size(); ++i)
      patch.replace.emplace_back(results[i], Graph::output(v, static_cast<int>(i)));
    return patch;
  }

 private:
  Value operand(Value v) {
    if (!v) return v;
    const auto it = inner_.find(v);
    if (it != inner_.end()) return it->second;
    if (is_scalar_constant(g_, v)) return inner_[v] = body_.add_constant(Constant::make(g_.constant(v)->value()));
    inner_[v] = body_.add_input("x" + std::to_string(outer_.size()), g_.type(v));
    outer_.push_back(v);
    return inner_[v];
  }

  bool is_member(NodeId id) const { return std::find(members_.begin(), members_.end(), id) != members_.end(); }

  bool is_result(NodeId id) const {
    if (g_.is_output({id, 0})) return true;
    const auto& uses = g_.uses({id, 0});
    return std::any_of(uses.begin(), uses.end(), [&](const Use& u) { return !is_member(u.user); });
  }

  Graph& g_;
  const Members& members_;
  Graph body_;
  std::vector<Value> outer_;
  std::map<Value, Value> inner_;
};

}  // namespace

void fuse_pointwise(Graph& g, PassContext& context) {
  std::vector<NodeId> full;
  const auto groups = Grouping(g).run(full);
  const auto note_split = [&](NodeId node) {
    context.near_miss(
        g, node, kPointwiseEquation,
        fmt::format("together with the node before it the body would exceed {} nodes, {} inputs or {} outputs",
                    kMaxBodyNodes, kMaxBodyInputs, kMaxBodyOutputs));
  };
  for (const Members& members : groups) {
    if (!context.may_change()) return;
    const bool split = std::any_of(full.begin(), full.end(), [&](NodeId id) {
      return std::find(members.begin(), members.end(), id) != members.end();
    });
    const Patch patch = Body(g, members).build();
    context.apply(g, patch, kPointwiseEquation);
    if (split) note_split(patch.replace[0].second.node);
  }
  for (NodeId id : full)
    if (g.alive(id)) note_split(id);
}

}  // namespace tenon::core
