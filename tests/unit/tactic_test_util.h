#pragma once
#include <mutex>
#include <random>

#include "tactics/tactic.h"

namespace tenon::core {

/// Random contents: floats in [-2, 2], integers in [-9, 9] (unsigned: [0, 9]), booleans.
Tensor random_tensor(DType, Dims, std::mt19937&);
Tensor random_tensor(DType, Dims, std::mt19937&, double low, double high);

/// What to allow between a tactic and `evaluate`.
struct Tolerance {
  double absolute = 1e-5, relative = 1e-5;
};

/// One node under test: `inputs` are given at run time, except those listed in `constants`, which are constants of the
/// graph. A default HostValue is an input left out.
struct TacticCase {
  OpRef op;
  std::vector<HostValue> inputs;
  std::vector<int> constants;
  TacticOptions options;
};

/// Runs every offer of every tactic of the CPU on the node and compares with `evaluate`. Returns for each offer that
/// ran "tactic kernel", with " in bf16" behind it where values are stored so; offers whose preparation is refused are
/// left out. Failures are reported through GoogleTest.
std::vector<std::string> check_tactics(const TacticCase&, Tolerance = {});
/// The same, and fails unless an offer of `tactic` ran.
void expect_tactic(const TacticCase&, std::string_view tactic, Tolerance = {});

/// A weight store without an engine behind it. Thread-safe.
class TestWeights : public WeightStore {
 public:
  Tensor plain(const ConstRef& constant) override { return constant->value(); }
  std::shared_ptr<const void> packed(const ConstRef&, const std::string& key, int64_t,
                                     FunctionRef<std::shared_ptr<const void>(const Tensor&)> make) override;

 private:
  std::recursive_mutex mutex_;
  std::map<std::pair<const Constant*, std::string>, std::shared_ptr<const void>> packed_;
};

/// The node of a case in a graph of its own, and what `evaluate` gives for it.
struct TestNode {
  TestNode(const TacticCase&, Threads&);

  Graph graph;
  NodeId node = -1;
  std::vector<HostValue> expected;
  NodeShapes shapes;  // a value that is no tensor, or left out, has no dims

 private:
  Value add_input(const TacticCase&, int i);
};

/// The elements of a tensor in the storage and order of a format.
Tensor stored_in(const Format&, const Tensor&, Threads&);
/// Fails unless `bytes`, which are in this format, are what was expected of output `i`.
void expect_output(size_t i, const Tensor& expected, const void* bytes, const Format&, Tolerance, Threads&);
/// Fails unless one of `ran` begins with the name of the tactic.
void expect_ran(const std::vector<std::string>& ran, std::string_view tactic, const TacticCase&);

}  // namespace tenon::core
