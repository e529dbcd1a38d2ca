#pragma once
#include "tactics/tactic.h"

namespace tenon::core {

/// The offer with its first result in the first input of the same shape, type and format that is no constant; unchanged where
/// there is none. For kernels that read an element before they write it.
Offer in_place_of_an_input(Offer, const Problem&);

}  // namespace tenon::core
