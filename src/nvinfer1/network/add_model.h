#pragma once
#include "nvinfer1/network/network.h"

namespace tenon::adapter {

/// Adds an imported model to a network: an input for each of its inputs, a layer for each node, its outputs marked.
/// 64-bit inputs and outputs become kINT32, f64 ones kFLOAT. Layers of kinds the API has a class for are of that class;
/// others have type kPLUGIN, which has none. Fails when an input's name is taken, or the API can't say its type.
TENSORRTAPI void add_model(Network&, const core::Graph&);

}  // namespace tenon::adapter
