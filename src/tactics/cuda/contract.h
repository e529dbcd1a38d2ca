#pragma once
#include "cuda/compile.h"
#include "tactics/tactic.h"

extern const char* const kernel_text_contract;

namespace tenon::core::cuda {

/// Sums of products over any loops.
KernelText contract_text(DType a, DType b, DType out);
const Tactic& device_contract_tactic();

}  // namespace tenon::core::cuda
