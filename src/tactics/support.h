#pragma once
#include "tactics/tactic.h"

namespace tenon::core {

/// False, with a sentence, when a value of the node is boxed or an output's dims are known only after it ran: only the
/// reference runs such nodes.
bool plain_tensors(const Problem&, std::string& why);
/// The symbols of the outputs' shapes that neither the shapes nor the contents of the inputs hold.
std::set<std::string> defined_symbols(const Problem&);
/// The dtype of every present input and output is `dtype`; false with a sentence.
bool all_of_dtype(const Problem&, DType dtype, std::string& why);

Format with_layout(Layout);
/// The user allows bf16 and the CPU computes in it.
bool allows_bf16(const Problem&);

}  // namespace tenon::core
