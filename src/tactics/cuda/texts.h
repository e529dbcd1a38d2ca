#pragma once
#include "cuda/compile.h"
#include "ops/reduce.h"
#include "tactics/cuda/row_shape.h"
#include "tenon/dtype.h"

/// The files of src/kernels/cuda.
extern const char* const kernel_text_rows;
extern const char* const kernel_text_softmax;
extern const char* const kernel_text_layer_norm;
extern const char* const kernel_text_reduce;
extern const char* const kernel_text_gather;

namespace tenon::core::cuda {

/// The texts that tactics compile, for tests that compile them without a GPU.
KernelText softmax_text(DType in, DType out, bool log, const RowShape&);
KernelText layer_norm_text(DType in, DType out, DType scale, DType bias, bool rms, const RowShape&);
/// `value`: the type of the node's values, whatever their storage.
KernelText reduce_text(ReduceKind, DType in, DType out, DType value);
KernelText gather_text(DType from, DType to);

}  // namespace tenon::core::cuda
