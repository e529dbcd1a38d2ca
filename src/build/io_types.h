#pragma once
#include <map>
#include <string>

#include "ir/graph.h"

namespace tenon::core {

/// The same graph with inputs and outputs of other types, converted behind the inputs and in front of the outputs. Fails
/// naming an entry that is no input or output, or that is not a tensor of numbers.
Graph with_io_types(const Graph&, const std::map<std::string, DType>& types);

}  // namespace tenon::core
