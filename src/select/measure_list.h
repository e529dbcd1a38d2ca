#pragma once
#include <functional>

#include "select/measure.h"
#include "select/throttle.h"

namespace tenon::core {

/// What is told while a list is measured; `prepared` comes from several threads.
struct MeasureEvents {
  std::function<void(size_t index)> prepared = [](size_t) {};
  std::function<void(size_t index)> begins = [](size_t) {};
  /// Other processes that time kernels on the same device wait meanwhile, and this one for them.
  bool in_turn = true;
  HeldDown held_down = [] { return false; };
  /// False ends the measuring.
  std::function<bool(size_t index, const CostRecord&)> done;
};

/// How many kernels of a GPU are prepared before they are timed.
inline constexpr size_t kTogether = 128;

/// Measures list[first, last) in this process: prepares up to `together` kernels side by side, as many as their weights
/// allow, then times them one after the other while nothing else runs.
void measure_list(const Graph&, const std::vector<Measurement>& list, size_t first, size_t last, size_t together, Device&,
                  const TacticOptions&, Threads&, const MeasureEvents&);

}  // namespace tenon::core
