#pragma once
#include "ir/graph.h"

namespace tenon::core {

/// Of the elements that a step of Share::parts joins, the share that it will most likely copy, from 0 to 1: those of graph
/// inputs, constants, graph outputs, parts of other values, and of values that are joined elsewhere before. A guess, since
/// the plan decides when all choices are made.
double copied_share(const Graph&, NodeId, const std::vector<Dims>& inputs);

}  // namespace tenon::core
