#pragma once
#include "ir/graph.h"

namespace tenon::core {

/// Fails with ErrorCode::internal (or `code`) unless: every input is an earlier live value, facts are what `infer` gives
/// or refinements of it, the graph is acyclic, names are unique, outputs exist, each origin is behind a live node or in
/// `dropped`, and each subgraph verifies too. `code` is corrupt_engine when the graph comes from a file.
void verify(const Graph&, ErrorCode code = ErrorCode::internal);

}  // namespace tenon::core
