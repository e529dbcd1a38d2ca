#pragma once
#include "base/log.h"
#include "engine/engine_data.h"
#include "runtime/program.h"
#include "select/candidates.h"
#include "select/throttle.h"
#include "select/timing_cache.h"

namespace tenon::core {

class OfferMemory;

struct SelectOptions {
  int opt_level = 3;
  double time_limit = 0;          // seconds; 0: none
  const Hash* build = nullptr;    // the `build_hash` of the engine, where the caller has it
  bool constrained = false;  // offers were left out: final choices are neither taken from the cache nor kept in it
  int64_t chaos_seed = -1;
  double memory_price = 0;               // microseconds that a byte of an offer's memory counts as
  OfferMemory* offer_memory = nullptr;   // asked when bytes have a price
  HeldDown held_down;             // null: as NVML tells
  bool in_turn = true;            // other builds on the same GPU wait while this one times kernels
  /// Called between measurements; throws to end the build, returns false to end measuring with what there is.
  std::function<bool(int64_t done, int64_t total)> go_on;
};

/// A node that another offer of the same formats runs in nearly the same time as the chosen one.
struct CloseCall {
  NodeId node = -1;
  Hash problem;
  std::vector<Offer> offers;  // the chosen one first, then the others, fastest first
};

struct Selection {
  Choices choices;
  std::vector<CloseCall> close_calls;  // outside of bodies, when the choice was measured
  /// Offers that could not be measured, by node: "cudnn_conv f16", why.
  std::vector<std::vector<Candidates::Rejection>> rejections;
  int64_t timed = 0, cache_hits = 0;
  /// Kernels that were timed while power or heat held the GPU's clocks down, and therefore again; of these, still so.
  int64_t timed_again = 0, throttled = 0;
  bool from_cache = false, stopped_early = false;
};

/// Measures the candidates at the profile's tuned dims, in a worker process, and picks the best combination of offers.
/// What the cache holds is not measured; a final choice in it is replayed, unless bytes have a price. New measurements are added to the cache, also
/// when `go_on` throws; the choice is not.
Selection select(const EngineData&, const Candidates&, Device&, Threads&, TimingCache&, const SelectOptions&, const Log&);

/// Identifies a build: graph, weights, options, device and tuned dims. Keys final choices and verdicts.
Hash build_hash(const EngineData&);

}  // namespace tenon::core
