#pragma once
#include "ir/graph.h"

namespace tenon::core {

/// The graphs in an op's fields, in the order of the fields; null ones left out.
std::vector<GraphRef> subgraphs(const Op&);
/// The same op with other graphs in their places, as many as `subgraphs` gives.
OpRef with_subgraphs(const Op&, const std::vector<GraphRef>&);

}  // namespace tenon::core
