#pragma once
#include "build/build.h"
#include "select/timing_cache.h"

namespace tenon::core {

/// Runs the program at the profile's tuned dims and compares every output with the reference executor on `original`.
/// Sets the report's verdict; a failure is an Error (accuracy) naming the output. A verdict that the cache holds for
/// this graph with these choices is reused.
void verify_build(Built&, const Graph& original, TimingCache&, const Log&);

}  // namespace tenon::core
