#pragma once
#include <optional>

#include "tactics/tactic.h"

namespace tenon::core {

/// The node's dims at the tuned values; none where they depend on data.
std::optional<NodeShapes> tuned_shapes(const Graph&, NodeId, const Bindings& tuned);

}  // namespace tenon::core
