#pragma once
#include "ir/graph.h"
#include "plan/io_format.h"

namespace tenon::core {

/// What the origins of the nodes that these add say they are.
inline constexpr std::string_view kReformat = "Reformat";

/// The dense tensor that `stored` holds, and the other way round, by nodes of this origin.
Value dense_from(Graph&, Value stored, const IoFormat&, OriginId);
Value stored_from(Graph&, Value dense, MemoryFormat, OriginId);

/// All origins of the node are reformats.
bool is_reformat(const Graph&, NodeId);

}  // namespace tenon::core
