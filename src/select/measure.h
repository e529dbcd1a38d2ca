#pragma once
#include "engine/engine_data.h"
#include "runtime/program.h"
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
/// The median of several runs with cold caches, as in a network; or a rejection. Runs in the calling process.
CostRecord measure_here(const Graph&, const Measurement&, Device&, const TacticOptions&, Weights&, Threads&);
/// Microseconds of a change of format.
double measure_reorder(DType, const Dims&, const Format& from, const Format& to, Device&, Threads&);

/// Measures one after the other in a child process, so that a kernel that crashes or hangs costs one rejection: its
/// death, or more than `limit_s` without an answer, is the sentence. `done` gets each result as it comes and returns
/// false to stop early. On a GPU it measures in this process: a driver does not survive a fork.
void measure_in_worker(const Graph&, const std::vector<Measurement>&, Device&, const TacticOptions&, double limit_s,
                       const std::function<bool(size_t index, const CostRecord&)>& done);

}  // namespace tenon::core
