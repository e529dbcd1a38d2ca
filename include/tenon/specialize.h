#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tenon/engine.h"

namespace tenon {

/// Kernels of an engine with open dims are chosen for its optimal dims and right at all others. This chooses them again for
/// the dims that are really run, one set after the other, on a thread of its own. Thread-safe.
class TENON_API Specializer {
 public:
  /// Of `how` count threads, opt_level, time_limit, timing_cache, layer_types and the log. The device is the engine's, and so is
  /// what kernels may be: precisions, exact, deterministic, max_memory.
  explicit Specializer(Engine engine, BuildOptions how = {});
  /// Ends a measurement under way.
  ~Specializer();
  /// What to run at these dims of inputs, those left out at their optimal dims: the engine given at first, until one for the
  /// dims is ready. Fails for dims that the engine does not take.
  Engine for_dims(const std::map<std::string, std::vector<int64_t>>& dims);
  /// Returns when no dims wait to be measured.
  void wait();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tenon
