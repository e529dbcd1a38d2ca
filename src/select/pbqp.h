#pragma once
#include <map>
#include <vector>

namespace tenon::core {

/// Partitioned boolean quadratic problem: pick one alternative per variable so that the sum of the variables' own costs
/// and of the costs of each pair of neighbours is least. Costs may be infinite.
class Pbqp {
 public:
  using Matrix = std::vector<std::vector<double>>;  // [alternative of the lower variable][of the higher one]

  int add_variable(std::vector<double> costs);
  /// Adds to what is there already; rows are the alternatives of `a`.
  void add_edge(int a, int b, const Matrix& costs);
  /// Exact where the graph reduces by degrees 0, 1 and 2 (trees, series-parallel graphs); elsewhere the variable of the
  /// highest degree is fixed at its locally best alternative. Ties go to the lowest index, so the result is stable.
  std::vector<int> solve() const;
  double cost(const std::vector<int>& picks) const;

 private:
  std::vector<std::vector<double>> costs_;
  std::map<std::pair<int, int>, Matrix> edges_;  // first < second
};

}  // namespace tenon::core
