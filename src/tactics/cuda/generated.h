#pragma once
#include "tactics/tactic.h"

namespace tenon::core::cuda {

/// Each tactic, defined in the file of its name; their order of preference is in list_generated.cpp.
const Tactic& generated_pointwise_tactic();
const Tactic& device_copy_tactic();
const Tactic& device_softmax_tactic();
const Tactic& device_layer_norm_tactic();
const Tactic& device_reduce_tactic();
const Tactic& device_gather_tactic();

}  // namespace tenon::core::cuda
