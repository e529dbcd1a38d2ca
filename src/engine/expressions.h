#pragma once
#include "engine/graph_codec.h"

namespace tenon::core {

/// How the constants of a refittable engine follow from its weights. Adds those weights to the table.
void write_expressions(ByteWriter&, ConstantTable&);
/// The constants with the expressions in place of their values. Fails with corrupt_engine.
std::vector<ConstRef> read_expressions(std::span<const std::byte>, const std::vector<ConstRef>& plain);

/// The named weights that the constants of the graph and its subgraphs are made of.
std::map<std::string, ConstRef> named_weights(const Graph&);
/// The graph with other values for some named weights; dims and types must be the old ones.
Graph with_weights(const Graph&, const std::map<std::string, Tensor>& weights);

}  // namespace tenon::core
