#pragma once
#include "build/build.h"

namespace tenon::core {

/// What VERBOSE says besides the passes and the times: the type of every value of the model,
void tell_types(const Graph&, const Log&);
/// and for each step the kernel that was taken with its workspace, the tactics that were not with their sentences, and the
/// reorders with their reasons.
void tell_steps(const Built&, const Log&);

}  // namespace tenon::core
