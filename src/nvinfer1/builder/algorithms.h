#pragma once
#include "nvinfer1/builder/config.h"

namespace tenon::adapter {

/// Offers the candidates of each layer to the client's selector and reports what stays. `chosen` as in BuildHooks.
bool select_algorithms(nv::IAlgorithmSelector&, core::Built&, const core::TimingCache&, bool final, bool reject_empty);

}  // namespace tenon::adapter
