#pragma once
#include "base/log.h"
#include "ir/graph.h"
#include "passes/options.h"

namespace tenon::core {

/// The whole pipeline; also inside the bodies of If, Loop and Scan. Fails only with ErrorCode::internal, or with what a
/// model's own contradiction gives.
void optimize(Graph&, const PassOptions&, const Log&, PassReport&);

}  // namespace tenon::core
