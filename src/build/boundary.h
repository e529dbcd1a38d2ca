#pragma once
#include <map>
#include <string>

#include "ir/graph.h"
#include "plan/io_format.h"

namespace tenon::core {

/// What inputs and outputs are in place of what the model says.
struct Boundary {
  std::map<std::string, DType> types;
  std::map<std::string, MemoryFormat> formats;
  bool empty() const { return types.empty() && formats.empty(); }
};

/// The same graph, converted behind the inputs and in front of the outputs; `made` tells the formats other than dense. Fails
/// naming an entry that is no input or output, that is not a tensor of numbers, or that can't have its format.
Graph with_boundary(const Graph&, const Boundary&, IoFormats& made);

}  // namespace tenon::core
