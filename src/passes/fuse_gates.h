#pragma once
#include "passes/driver.h"

namespace tenon::core {

/// x * a(conv(b(conv(mean of x)))) => Fused, where one kernel computes it (PassOptions::fuse_gates). See ops/squeeze.h.
void fuse_gates(Graph&, PassContext&);

}  // namespace tenon::core
