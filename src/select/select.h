#pragma once
#include "base/log.h"
#include "engine/engine_data.h"
#include "runtime/program.h"
#include "select/candidates.h"

namespace tenon::core {

struct SelectOptions {
  int opt_level = 3;
  double time_limit = 0;          // seconds; 0: none
  int64_t chaos_seed = -1;
  std::string timing_cache;       // path; empty: none
  int64_t max_memory = 0;
  /// Called between measurements; throws to end the build, returns false to end measuring with what there is.
  std::function<bool(int64_t done, int64_t total)> go_on;
};

struct Selection {
  Choices choices;
  std::shared_ptr<const Program> program;
  int64_t timed = 0, cache_hits = 0;
  bool from_cache = false, stopped_early = false;
};

/// Measures the candidates at the profile's tuned dims and picks the best combination of offers.
Selection select(const EngineData&, const Candidates&, std::shared_ptr<Threads>, const SelectOptions&, const Log&);

}  // namespace tenon::core
