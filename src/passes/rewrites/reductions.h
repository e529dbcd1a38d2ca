#pragma once
#include "ir/graph.h"

namespace tenon::core {

/// The axes of a Reduce node, ascending; nothing when they or the rank are not known.
std::optional<std::vector<int64_t>> reduced_axes(const Graph&, Value reduce);
/// The first axis of a Reduce that keeps its dims and reduces all axes from there on.
std::optional<int64_t> trailing_axis(const Graph&, Value reduce);

}  // namespace tenon::core
