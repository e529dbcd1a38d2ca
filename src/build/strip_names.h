#pragma once
#include "ir/graph.h"

namespace tenon::core {

/// The graph with the names of its inputs and outputs and no others: of no layer, inner tensor or weight.
Graph without_names(const Graph&);

}  // namespace tenon::core
