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
const Tactic& device_pick_tactic();
const Tactic& device_resample_tactic();
const Tactic& device_arg_reduce_tactic();
const Tactic& device_scan_tactic();
const Tactic& device_top_k_tactic();
const Tactic& device_group_norm_tactic();
const Tactic& device_lrn_tactic();
const Tactic& device_quantize_tactic();
const Tactic& device_position_tactic();
const Tactic& device_rotary_tactic();
const Tactic& device_recurrent_tactic();
const Tactic& device_sample_tactic();
const Tactic& device_scatter_tactic();

}  // namespace tenon::core::cuda
