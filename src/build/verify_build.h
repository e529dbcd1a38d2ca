#pragma once
#include "build/build.h"

namespace tenon::core {

/// Runs the program at the profile's tuned dims and compares every output with the reference executor on `original`.
/// Sets the report's verdict; a failure is an Error (accuracy) naming the output, unless the log is the only audience.
void verify_build(Built&, const Graph& original, const BuildOptions&, const Log&);

}  // namespace tenon::core
