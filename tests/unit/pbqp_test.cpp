#include "select/pbqp.h"

#include <gtest/gtest.h>

#include <random>

namespace tenon::core {
namespace {

constexpr int kStates = 4;

struct RandomProblem {
  Pbqp problem;
  int variables;
};

double random_cost(std::mt19937& rng) { return std::uniform_int_distribution(0, 1000)(rng); }

Pbqp::Matrix random_matrix(std::mt19937& rng) {
  Pbqp::Matrix m(kStates, std::vector<double>(kStates));
  for (auto& row : m)
    for (double& c : row) c = random_cost(rng);
  return m;
}

std::vector<double> random_costs(std::mt19937& rng) {
  std::vector<double> costs(kStates);
  for (double& c : costs) c = random_cost(rng);
  return costs;
}

double brute_force(const Pbqp& problem, int variables) {
  std::vector<int> picks(variables, 0);
  double best = 1e18;
  for (;;) {
    best = std::min(best, problem.cost(picks));
    int i = 0;
    while (i < variables && ++picks[i] == kStates) picks[i++] = 0;
    if (i == variables) return best;
  }
}

// Chains of diamonds: what residual networks look like.
TEST(Pbqp, IsExactOnSeriesParallelGraphs) {
  for (int seed = 0; seed < 300; ++seed) {
    std::mt19937 rng(seed);
    Pbqp p;
    for (int i = 0; i < 7; ++i) p.add_variable(random_costs(rng));
    for (const auto& [a, b] : {std::pair{0, 1}, {1, 2}, {0, 2}, {2, 3}, {3, 4}, {2, 4}, {4, 5}, {5, 6}, {4, 6}}) p.add_edge(a, b, random_matrix(rng));
    EXPECT_DOUBLE_EQ(p.cost(p.solve()), brute_force(p, 7)) << "seed " << seed;
  }
}

TEST(Pbqp, StaysCloseToTheBestOnDenseGraphs) {
  double sum = 0, best = 0;
  for (int seed = 0; seed < 100; ++seed) {
    std::mt19937 rng(seed);
    Pbqp p;
    for (int i = 0; i < 7; ++i) p.add_variable(random_costs(rng));
    for (int a = 0; a < 7; ++a)
      for (int b = a + 1; b < 7; ++b)
        if (rng() % 2) p.add_edge(a, b, random_matrix(rng));
    const double found = p.cost(p.solve()), least = brute_force(p, 7);
    EXPECT_GE(found, least);
    sum += found;
    best += least;
  }
  EXPECT_LT(sum, 1.05 * best);
}

TEST(Pbqp, TakesFiniteAlternativesOverInfiniteOnes) {
  Pbqp p;
  const double never = std::numeric_limits<double>::infinity();
  p.add_variable({0, 5});
  p.add_variable({0, 5});
  p.add_edge(0, 1, {{never, 1}, {1, never}});
  EXPECT_DOUBLE_EQ(p.cost(p.solve()), 6);
}

}  // namespace
}  // namespace tenon::core
