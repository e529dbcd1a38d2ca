#pragma once
#include <array>

#include "runtime/execution.h"

namespace tenon::core {

/// What one user of a control-flow node keeps: executions of its bodies, and the times of their steps.
class BodyStates : public State {
 public:
  explicit BodyStates(const std::vector<std::shared_ptr<const Program>>& programs) : programs_(programs), turns_(programs.size()) {}
  /// One of two executions of a body, made when first asked for: results of one are inputs of the other, uncopied.
  Execution& execution(size_t body, int turn = 0);
  /// Runs it, with its steps timed where that is asked for.
  void run(size_t body, int turn, uint64_t seed);
  int64_t memory_bytes() const;

  void start_timing();
  /// Per body, the time of each step over all runs since the start.
  std::vector<std::vector<StepTime>> stop_timing();

 private:
  bool timed_ = false;
  std::vector<std::vector<StepTime>> times_;
  const std::vector<std::shared_ptr<const Program>>& programs_;
  std::vector<std::array<std::unique_ptr<Execution>, 2>> turns_;
};

/// Runs an If, Loop or Scan whose bodies are programs, in the order of its GraphRef fields. Its state is a BodyStates.
std::shared_ptr<const Executable> make_bodies_executable(const Node&, std::vector<std::shared_ptr<const Program>>);

}  // namespace tenon::core
