#pragma once
#include "cuda/compile.h"
#include "ops/index.h"
#include "ops/reduce.h"
#include "ops/sample.h"
#include "tactics/cuda/row_shape.h"
#include "tenon/dtype.h"

/// The files of src/kernels/cuda.
extern const char* const kernel_text_rows;
extern const char* const kernel_text_softmax;
extern const char* const kernel_text_layer_norm;
extern const char* const kernel_text_reduce;
extern const char* const kernel_text_gather;
extern const char* const kernel_text_pick;
extern const char* const kernel_text_resample;
extern const char* const kernel_text_arg_reduce;
extern const char* const kernel_text_scan;
extern const char* const kernel_text_top_k;
extern const char* const kernel_text_group_norm;
extern const char* const kernel_text_neighbours;
extern const char* const kernel_text_quantize;
extern const char* const kernel_text_position;
extern const char* const kernel_text_one_hot;
extern const char* const kernel_text_rotary;
extern const char* const kernel_text_recurrent;
extern const char* const kernel_text_sample;
extern const char* const kernel_text_scatter_fold;

namespace tenon::core::cuda {

/// The texts that tactics compile, for tests that compile them without a GPU.
KernelText softmax_text(DType in, DType out, bool log, const RowShape&);
KernelText layer_norm_text(DType in, DType out, DType scale, DType bias, bool rms, const RowShape&, bool constant_parameters);
/// `value`: the type of the node's values, whatever their storage.
KernelText reduce_text(ReduceKind, DType in, DType out, DType value);
KernelText gather_text(DType from, DType to);
/// `unit`: bytes of what is moved at a time.
KernelText pick_text(int64_t unit);
KernelText resample_text(DType in, DType out);
KernelText arg_reduce_text(DType in, DType out, bool smallest, bool last, bool hard);
KernelText scan_text(DType in, DType out, bool product, bool exclusive, bool reverse);
KernelText top_k_text(DType in, DType out, bool largest);
KernelText quantize_text(DType in, DType out, DType scale, DType zero, DType precision, bool quantize, bool blocks);
KernelText group_norm_text(DType in, DType out, DType scale, DType bias, bool channels_last);
KernelText neighbours_text(DType in, DType out);
KernelText position_text(int64_t unit);
KernelText one_hot_text(int64_t unit, DType index);
KernelText rotary_text(DType in, DType out, DType angle);
/// `cell`: 0 RNN, 1 GRU, 2 LSTM.
KernelText recurrent_text(DType in, DType weight, DType out, int cell);
KernelText sample_text(DType in, DType out, DType position, SampleMode, SamplePadding, bool corners, bool largest);
KernelText scatter_fold_text(DType from, DType to, ScatterReduction);

}  // namespace tenon::core::cuda
