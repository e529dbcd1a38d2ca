#pragma once
#include <optional>

#include "engine/engine_data.h"
#include "runtime/program.h"
#include "select/scratch.h"
#include "select/timing_cache.h"

namespace tenon::core {

/// One offer of one node at concrete shapes: what is measured, and under which name it is remembered.
struct Measurement {
  NodeId node = -1;
  Offer offer;
  NodeShapes shapes;
  Hash problem;  // op, types, dims, constness, device, threads: equal problems cost the same
};

Hash problem_hash(const Problem&, const NodeShapes&);

/// A kernel that is ready to be timed, or why there is none.
struct Trial {
  std::shared_ptr<const Executable> executable;
  std::string rejection;
  bool no_memory = false;  // device memory ran out while it was prepared
};
/// Several threads may prepare at once.
Trial prepare_trial(const Graph&, const Measurement&, Device&, const TacticOptions&, WeightStore&, Threads&);
/// The median of several runs with cold caches, as in a network; or a rejection. Runs in the calling process.
CostRecord time_trial(const Graph&, const Measurement&, const Trial&, Device&, const TacticOptions&, Weights&, Scratch&, Threads&);
/// Microseconds of a change of format.
double measure_reorder(DType, const Dims&, const Format& from, const Format& to, Device&, Scratch&, Threads&);

}  // namespace tenon::core
