#pragma once
#include "tactics/tactic.h"

namespace tenon::core {

/// Each tactic, defined in the file of its name; their order of preference is in list.cpp.
const Tactic& view_tactic();
const Tactic& parts_tactic();
const Tactic& copy_tactic();
const Tactic& onednn_conv_tactic();
const Tactic& onednn_matmul_tactic();
const Tactic& onednn_deconv_tactic();
const Tactic& onednn_pool_tactic();
const Tactic& pointwise_tactic();
const Tactic& softmax_tactic();
const Tactic& layer_norm_tactic();
const Tactic& group_norm_tactic();
const Tactic& reduce_tactic();
const Tactic& attention_tactic();
const Tactic& gather_tactic();
const Tactic& transposed_view_tactic();
const Tactic& recurrent_tactic();
const Tactic& winograd_tactic();
const Tactic& depthwise_tactic();
const Tactic& gather_nd_tactic();
const Tactic& scatter_tactic();
const Tactic& resize_tactic();
const Tactic& order_tactic();
const Tactic& scan_tactic();
const Tactic& lrn_tactic();
const Tactic& lp_norm_tactic();
const Tactic& rotary_tactic();
const Tactic& query_tactic();
const Tactic& bodies_tactic();
const Tactic& reference_tactic();

}  // namespace tenon::core
