#pragma once
#include "tactics/tactic.h"

namespace tenon::core {

/// Infers the node again with concrete dims: fails where the inputs contradict each other, or where the outputs would
/// not have the dims that memory was planned for. No kernel sees shapes that its op would refuse.
void check_shapes(const Graph&, NodeId, const NodeShapes&);

}  // namespace tenon::core
