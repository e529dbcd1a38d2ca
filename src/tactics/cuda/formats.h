#pragma once
#include "tactics/tactic.h"

namespace tenon::core::cuda {

/// The offer with its f32 values stored as `storage`; constants, which are small where kernels broadcast them, stay.
Offer stored_in(Offer, const Problem&, DType storage);
/// The offers as they are, then once more for each narrower storage that the user allows, if there are f32 values.
std::vector<Offer> in_precisions(const std::vector<Offer>&, const Problem&);
/// The same, and where an input or output of the graph meets the node, offers that convert there in passing.
std::vector<Offer> in_precisions_and_across(const std::vector<Offer>&, const Problem&);

}  // namespace tenon::core::cuda
