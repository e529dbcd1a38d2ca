#pragma once
#include <functional>
#include <memory>

#include "base/threads.h"
#include "engine/engine_data.h"
#include "select/select.h"

namespace tenon::core {

struct Retiming {
  Hash build;  // `build_hash` of the engine
  const std::vector<CloseCall>& calls;
  std::shared_ptr<Device> device;
  std::shared_ptr<Threads> threads;
  /// Asked before each run of the network; false ends with what there is.
  std::function<bool(int64_t done, int64_t total)> go_on;
};

/// Runs the whole network with the offers of close calls in turn, and takes into the choices what is clearly fastest
/// there, for equal calls alike. Takes a few seconds at most. Times go to the cache; what it holds is not
/// timed. Gives the number of new times.
int64_t retime(EngineData&, const Retiming&, TimingCache&, const Log&);

/// The cache's key for times of a close call's offers inside the network of a build; equal for equal problems that the
/// same offer was chosen for.
Hash key_in_network(const Hash& build, const CloseCall&);

}  // namespace tenon::core
