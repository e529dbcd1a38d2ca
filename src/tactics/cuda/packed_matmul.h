#pragma once
#include "cuda/compile.h"
#include "tactics/tactic.h"

extern const char* const kernel_text_packed_matmul;

namespace tenon::core::cuda {

/// Products with weights of a few bits.
KernelText packed_matmul_text(DType in, DType out, DType scale, DType zero, int64_t bits);
const Tactic& device_packed_matmul_tactic();

}  // namespace tenon::core::cuda
