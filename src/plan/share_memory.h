#pragma once
#include "plan/plan.h"

namespace tenon::core {

/// Finds the lives of the slots of a plan with its steps and segments, and lets slots share memory: views, results in place of
/// an input, parts of a joined result, and graph outputs. A step whose inputs all lie in its result becomes a view.
void share_memory(const Graph&, const Choices&, Plan&);

}  // namespace tenon::core
