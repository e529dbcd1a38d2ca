#pragma once
#include "tactics/tactic.h"

namespace tenon::core {

/// How `check` and the coverage line count a node that runs by this offer: as its tactic says, but on the CPU a pointwise
/// body whose functions are all vectorised is "fast".
std::string_view tier_of(const Problem&, const Offer&);
/// Every function that the pointwise tactic runs for this node works on vectors.
bool is_vectorised_pointwise(const Problem&, const Offer&);

}  // namespace tenon::core
