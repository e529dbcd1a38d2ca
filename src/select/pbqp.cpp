#include "select/pbqp.h"

#include <algorithm>
#include <limits>

namespace tenon::core {
namespace {

using Vector = std::vector<double>;
using Matrix = Pbqp::Matrix;

int argmin(const Vector& v) { return static_cast<int>(std::min_element(v.begin(), v.end()) - v.begin()); }

Matrix transposed(const Matrix& m) {
  Matrix t(m.empty() ? 0 : m[0].size(), Vector(m.size()));
  for (size_t i = 0; i < m.size(); ++i)
    for (size_t j = 0; j < t.size(); ++j) t[j][i] = m[i][j];
  return t;
}

/// The reductions; each removes one variable and remembers how to pick its alternative once its neighbours have theirs.
class Solver {
 public:
  Solver(std::vector<Vector> costs, const std::map<std::pair<int, int>, Matrix>& edges) : costs_(std::move(costs)), neighbours_(costs_.size()) {
    for (const auto& [pair, m] : edges) {
      neighbours_[pair.first][pair.second] = m;
      neighbours_[pair.second][pair.first] = transposed(m);
    }
  }

  std::vector<int> solve() {
    std::vector<bool> removed(costs_.size(), false);
    for (size_t step = 0; step < costs_.size(); ++step) {
      const int v = next(removed);
      removed[v] = true;
      if (neighbours_[v].size() <= 2) reduce(v);
      else fix(v);
    }
    std::vector<int> picks(costs_.size(), -1);
    for (auto it = stack_.rbegin(); it != stack_.rend(); ++it) picks[it->variable] = it->pick(picks);
    return picks;
  }

 private:
  struct Removed {
    int variable;
    Vector costs;
    std::map<int, Matrix> neighbours;  // rows are the variable's alternatives
    int pick(const std::vector<int>& picks) const {
      Vector total = costs;
      for (const auto& [other, m] : neighbours)
        for (size_t i = 0; i < total.size(); ++i) total[i] += m[i][picks[other]];
      return argmin(total);
    }
  };

  int next(const std::vector<bool>& removed) const {
    int best = -1, widest = -1;
    for (int v = 0; v < static_cast<int>(costs_.size()); ++v) {
      if (removed[v]) continue;
      if (neighbours_[v].size() <= 2 && (best < 0 || neighbours_[v].size() < neighbours_[best].size())) best = v;
      if (widest < 0 || neighbours_[v].size() > neighbours_[widest].size()) widest = v;
    }
    return best >= 0 ? best : widest;
  }

  void detach(int v) {
    for (const auto& entry : neighbours_[v]) neighbours_[entry.first].erase(v);
  }

  // Degree 0, 1, 2: exact. What the best alternative of `v` costs goes to the neighbour, or to the edge between the two.
  void reduce(int v) {
    stack_.push_back({v, costs_[v], neighbours_[v]});
    const auto around = neighbours_[v];
    detach(v);
    if (around.size() == 1) {
      const auto& [other, m] = *around.begin();
      for (size_t j = 0; j < costs_[other].size(); ++j) costs_[other][j] += best(v, [&, &m = m](size_t i) { return m[i][j]; });
    } else if (around.size() == 2) {
      const auto first = around.begin(), second = std::next(around.begin());
      const int a = first->first, b = second->first;
      Matrix between(costs_[a].size(), Vector(costs_[b].size(), 0));
      for (size_t j = 0; j < between.size(); ++j)
        for (size_t k = 0; k < between[j].size(); ++k)
          between[j][k] = best(v, [&](size_t i) { return first->second[i][j] + second->second[i][k]; });
      add(a, b, between);
    }
  }

  // The heuristic step: the alternative that costs least with the cheapest answers of all neighbours.
  void fix(int v) {
    Vector total = costs_[v];
    for (const auto& [other, m] : neighbours_[v])
      for (size_t i = 0; i < total.size(); ++i) {
        double least = std::numeric_limits<double>::infinity();
        for (size_t j = 0; j < costs_[other].size(); ++j) least = std::min(least, m[i][j] + costs_[other][j]);
        total[i] += least;
      }
    const int pick = argmin(total);
    for (const auto& [other, m] : neighbours_[v])
      for (size_t j = 0; j < costs_[other].size(); ++j) costs_[other][j] += m[pick][j];
    detach(v);
    Vector only(costs_[v].size(), std::numeric_limits<double>::infinity());
    only[pick] = 0;
    stack_.push_back({v, only, {}});
  }

  template <class F>
  double best(int v, F extra) const {
    double least = std::numeric_limits<double>::infinity();
    for (size_t i = 0; i < costs_[v].size(); ++i) least = std::min(least, costs_[v][i] + extra(i));
    return least;
  }

  void add(int a, int b, const Matrix& m) {
    const auto sum = [](Matrix& into, const Matrix& more) {
      if (into.empty()) {
        into = more;
        return;
      }
      for (size_t i = 0; i < into.size(); ++i)
        for (size_t j = 0; j < into[i].size(); ++j) into[i][j] += more[i][j];
    };
    sum(neighbours_[a][b], m);
    sum(neighbours_[b][a], transposed(m));
  }

  std::vector<Vector> costs_;
  std::vector<std::map<int, Matrix>> neighbours_;
  std::vector<Removed> stack_;
};

}  // namespace

int Pbqp::add_variable(std::vector<double> costs) {
  costs_.push_back(std::move(costs));
  return static_cast<int>(costs_.size()) - 1;
}

void Pbqp::add_edge(int a, int b, const Matrix& costs) {
  if (a == b) {
    for (size_t i = 0; i < costs_[a].size(); ++i) costs_[a][i] += costs[i][i];
    return;
  }
  const Matrix m = a < b ? costs : transposed(costs);
  Matrix& edge = edges_[{std::min(a, b), std::max(a, b)}];
  if (edge.empty()) edge.assign(m.size(), Vector(m.empty() ? 0 : m[0].size(), 0));
  for (size_t i = 0; i < m.size(); ++i)
    for (size_t j = 0; j < m[i].size(); ++j) edge[i][j] += m[i][j];
}

std::vector<int> Pbqp::solve() const { return Solver(costs_, edges_).solve(); }

double Pbqp::cost(const std::vector<int>& picks) const {
  double sum = 0;
  for (size_t v = 0; v < costs_.size(); ++v) sum += costs_[v][picks[v]];
  for (const auto& [pair, m] : edges_) sum += m[picks[pair.first]][picks[pair.second]];
  return sum;
}

}  // namespace tenon::core
