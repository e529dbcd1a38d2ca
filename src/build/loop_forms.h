#pragma once
#include <functional>
#include <memory>

#include "engine/engine_data.h"
#include "passes/options.h"
#include "select/select.h"

namespace tenon::core {

/// What the two forms of a loop are compared with. All of it must outlive the answers.
struct LoopForms {
  PassOptions passes;
  const EngineData& engine;  // device, options and tuned dims
  std::shared_ptr<Device> device;
  std::shared_ptr<Threads> threads;
  SelectOptions select;
  TimingCache& cache;
  int64_t& timed;  // measurements are added
  const Log& log;
};

/// Answers PassOptions::unrolls: the loop alone, with the dims that the engine is tuned for, is optimized, given kernels and
/// run both ways, and is unrolled unless that is clearly slower. Both times are lines of the cache, and what is there is not
/// timed. A loop that can't be run alone, or not within the time limit, is unrolled.
std::function<bool(const Graph&, NodeId)> measured_unrolling(LoopForms);

}  // namespace tenon::core
