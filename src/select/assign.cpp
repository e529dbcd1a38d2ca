#include "select/assign.h"

#include <algorithm>
#include <limits>
#include <set>

#include "select/pbqp.h"

namespace tenon::core {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

/// The format in which a value is produced: graph inputs are plain.
Format produced(const Candidates& c, const std::vector<int>& picks, Value v) {
  return c.offers[v.node].empty() ? Format{} : c.offers[v.node][picks[v.node]].out[v.output];
}

class Assignment {
 public:
  Assignment(const Graph& g, const Candidates& c, const Costs& costs) : g_(g), c_(c), costs_(costs) {}

  std::vector<int> solve() {
    std::vector<int> best = pbqp();
    double least = total(best);
    for (const bool last : {false, true}) {
      auto uniform = one_layout(last);
      const double cost = total(uniform);
      if (cost < least) std::tie(best, least) = std::pair{std::move(uniform), cost};
    }
    return improve(std::move(best), least);
  }

  double total(const std::vector<int>& picks) const {
    double sum = 0;
    for (NodeId id = 0; id < g_.capacity(); ++id) sum += c_.offers[id].empty() ? 0 : costs_.offers[id][picks[id]];
    for (NodeId id = 0; id < g_.capacity(); ++id)
      if (g_.alive(id) && !g_.node(id).as<ConstantOp>())
        for (int i = 0; i < static_cast<int>(g_.node(id).outputs.size()); ++i) sum += reorders(picks, {id, i});
    return sum;
  }

 private:
  double reorders(const std::vector<int>& picks, Value v) const {
    const Format from = produced(c_, picks, v);
    std::set<Format> wanted;
    for (const Use& u : g_.uses(v)) wanted.insert(c_.offers[u.user][picks[u.user]].in[u.input]);
    if (g_.is_output(v)) wanted.insert(Format{});
    double sum = 0;
    for (const Format& to : wanted)
      if (to != from) sum += costs_.reorder(v, from, to);
    return sum;
  }

  std::vector<int> pbqp() const {
    Pbqp problem;
    std::vector<int> variable(g_.capacity(), -1);
    for (NodeId id = 0; id < g_.capacity(); ++id) {
      if (c_.offers[id].empty()) continue;
      auto own = costs_.offers[id];
      for (size_t k = 0; k < own.size(); ++k) own[k] += border_cost(id, static_cast<int>(k));
      variable[id] = problem.add_variable(own);
    }
    for (NodeId id = 0; id < g_.capacity(); ++id) {
      if (variable[id] < 0) continue;
      const Node& n = g_.node(id);
      for (int i = 0; i < static_cast<int>(n.inputs.size()); ++i) {
        const Value v = n.inputs[i];
        if (!v || variable[v.node] < 0) continue;
        problem.add_edge(variable[v.node], variable[id], edge(v, id, i));
      }
    }
    std::vector<int> picks(g_.capacity(), 0);
    const auto solution = problem.solve();
    for (NodeId id = 0; id < g_.capacity(); ++id)
      if (variable[id] >= 0) picks[id] = solution[variable[id]];
    return picks;
  }

  // What an offer costs against the fixed formats around the graph: its inputs and outputs are plain.
  double border_cost(NodeId id, int k) const {
    const Offer& offer = c_.offers[id][k];
    double sum = 0;
    for (size_t i = 0; i < offer.in.size(); ++i) {
      const Value v = g_.node(id).inputs[i];
      if (v && g_.node(v.node).as<InputOp>() && offer.in[i] != Format{}) sum += costs_.reorder(v, {}, offer.in[i]);
    }
    for (int i = 0; i < static_cast<int>(offer.out.size()); ++i)
      if (g_.is_output({id, i}) && offer.out[i] != Format{}) sum += costs_.reorder({id, i}, offer.out[i], {});
    return sum;
  }

  Pbqp::Matrix edge(Value v, NodeId reader, int input) const {
    const auto &from = c_.offers[v.node], &to = c_.offers[reader];
    Pbqp::Matrix m(from.size(), std::vector<double>(to.size(), 0));
    for (size_t i = 0; i < from.size(); ++i)
      for (size_t j = 0; j < to.size(); ++j)
        if (const Format &a = from[i].out[v.output], &b = to[j].in[input]; a != b) m[i][j] = costs_.reorder(v, a, b);
    return m;
  }

  // Each node's cheapest offer among those that write the wanted kind of layout, or its cheapest at all.
  std::vector<int> one_layout(bool channels_last_wanted) const {
    std::vector<int> picks(g_.capacity(), 0);
    for (NodeId id = 0; id < g_.capacity(); ++id) {
      double best = kNever;
      for (int pass = 0; pass < 2 && best == kNever; ++pass)
        for (size_t k = 0; k < c_.offers[id].size(); ++k) {
          const Offer& o = c_.offers[id][k];
          const bool last = std::any_of(o.out.begin(), o.out.end(), [](const Format& f) { return !f.layout.row_major(); });
          if ((pass == 1 || last == channels_last_wanted) && costs_.offers[id][k] < best) {
            best = costs_.offers[id][k];
            picks[id] = static_cast<int>(k);
          }
        }
    }
    return picks;
  }

  // What changes when node `id` picks another offer: itself and the values around it.
  double local(const std::vector<int>& picks, NodeId id) const {
    double sum = costs_.offers[id][picks[id]];
    std::set<Value> around;
    for (Value v : g_.node(id).inputs)
      if (v && !g_.node(v.node).as<ConstantOp>()) around.insert(v);
    for (int i = 0; i < static_cast<int>(g_.node(id).outputs.size()); ++i) around.insert({id, i});
    for (Value v : around) sum += reorders(picks, v);
    return sum;
  }

  std::vector<int> improve(std::vector<int> picks, double) const {
    for (int round = 0; round < 2; ++round)
      for (NodeId id = 0; id < g_.capacity(); ++id) {
        int best = picks[id];
        if (c_.offers[id].size() < 2) continue;
        double least = local(picks, id);
        for (int k = 0; k < static_cast<int>(c_.offers[id].size()); ++k) {
          picks[id] = k;
          const double cost = local(picks, id);
          if (cost < least) std::tie(best, least) = std::pair{k, cost};
        }
        picks[id] = best;
      }
    return picks;
  }

  const Graph& g_;
  const Candidates& c_;
  const Costs& costs_;
};

}  // namespace

std::vector<int> assign_offers(const Graph& g, const Candidates& c, const Costs& costs) { return Assignment(g, c, costs).solve(); }
double total_cost(const Graph& g, const Candidates& c, const Costs& costs, const std::vector<int>& picks) { return Assignment(g, c, costs).total(picks); }

}  // namespace tenon::core
