#pragma once
#include "nvinfer1/builder/config.h"

namespace tenon::adapter {

/// Offers the candidates of each layer to the client's selector and reports what stays. `chosen` as in BuildHooks.
bool select_algorithms(nv::IAlgorithmSelector&, core::Built&, const core::TimingCache&, bool final, bool reject_empty);

/// Leaves out what asks for more workspace, for layers whose chosen algorithm does: true when there were any, so that
/// the choice is made again. Fails when a layer has none that asks for less.
bool limit_workspace(core::Built&, std::size_t limit);

}  // namespace tenon::adapter
