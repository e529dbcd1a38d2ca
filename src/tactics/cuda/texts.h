#pragma once
#include "cuda/compile.h"
#include "tactics/cuda/row_shape.h"
#include "tenon/dtype.h"

/// The files of src/kernels/cuda.
extern const char* const kernel_text_rows;
extern const char* const kernel_text_softmax;
extern const char* const kernel_text_layer_norm;

namespace tenon::core::cuda {

/// The texts that tactics compile, for tests that compile them without a GPU.
KernelText softmax_text(DType in, DType out, bool log, const RowShape&);
KernelText layer_norm_text(DType in, DType out, DType scale, DType bias, bool rms, const RowShape&);

}  // namespace tenon::core::cuda
