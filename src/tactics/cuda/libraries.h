#pragma once
#include "tactics/tactic.h"

namespace tenon::core::cuda {

const Tactic& cudnn_conv_tactic();
const Tactic& cudnn_attention_tactic();
const Tactic& cudnn_matmul_tactic();
const Tactic& cublaslt_conv_tactic();
const Tactic& cublaslt_matmul_tactic();

}  // namespace tenon::core::cuda
