#pragma once
#include "build/build.h"
#include "runtime/check_shapes.h"

namespace tenon::core {

/// The dims of a node's inputs and outputs at these values of the input symbols; empty where they depend on data.
NodeShapes shapes_at(const Graph&, NodeId, const Bindings&);
/// What an offer asks for while it runs; 0 when that can't be told.
int64_t workspace_bytes(const Built&, NodeId, const Offer&, const NodeShapes&);
/// Leaves out what asks for more workspace, at the tuned or the largest dims, for nodes whose chosen offer does: true when
/// there were any, so that the choice is made again. Fails with no_kernel when a node has none that asks for less.
bool limit_workspace(Built&, int64_t limit);

}  // namespace tenon::core
