#pragma once
#include "base/log.h"
#include "select/candidates.h"
#include "select/measure.h"
#include "select/throttle.h"

namespace tenon::core {

struct WorkerEvents {
  bool in_turn = true;  // see MeasureEvents
  HeldDown held_down = [] { return false; };  // of measuring in this process
  /// Each result as it comes, in the order of the list; false stops early.
  std::function<bool(size_t index, const CostRecord&)> done;
  /// While kernels are prepared; false stops early.
  std::function<bool()> waits;
};

/// Measures a list in a child process, so that a kernel that crashes or hangs costs one rejection: its death, or more than
/// `limit_s` without an answer, is the sentence. The child is a fork on the CPU. A GPU's driver does not survive one: there it
/// is the program tenon-measure beside the library, which is given the engine. Where that one can't run, kernels are
/// measured in this process, and the log says so. `graph` is the engine's or a body in it; `tuned` binds its symbols.
void measure_in_worker(const EngineData&, const Graph& graph, const Bindings& tuned, const std::vector<Measurement>& list, Device&, double limit_s, const Log&,
                       const WorkerEvents&);

}  // namespace tenon::core

/// What the program tenon-measure does: argv[1] to argv[7] say what, descriptors 3 to 5 hold graph, list and pipe.
extern "C" int tenon_measuring_program(int argc, char** argv);
