#pragma once
#include "ir/graph.h"

namespace tenon::core {

/// Makes named tensors outputs too; "all": every named one. Fails naming a tensor that is not there, with near names.
void mark_outputs(Graph&, const std::vector<std::string>& names);

}  // namespace tenon::core
