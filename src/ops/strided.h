#pragma once
#include <span>

#include "base/threads.h"
#include "ir/tensor.h"

namespace tenon::core {

/// Row-major strides, in elements.
Dims strides_of(const Dims& dims);

/// A block of `dims` elements, and where it starts and steps in two tensors. Strides may be 0 (repeat) or negative in
/// `from`; offsets and strides count elements.
struct StridedCopy {
  Dims dims;
  Dims from_strides, to_strides;
  int64_t from_offset = 0, to_offset = 0;
};

/// Both tensors have one dtype, any; every element of the block must lie inside both.
void copy_strided(const Tensor& from, Tensor& to, const StridedCopy& block, Threads& threads);

/// A new tensor of the block's dims.
Tensor gather_strided(const Tensor& from, Dims dims, Dims from_strides, int64_t from_offset, Threads& threads);

/// `t` with output axis i = input axis permutation[i].
Tensor transposed(const Tensor& t, const std::vector<int64_t>& permutation, Threads& threads);

/// The slices of `t` along `axis` at `indices`, which are in range, in that order.
Tensor taken(const Tensor& t, int64_t axis, std::span<const int64_t> indices, Threads& threads);

}  // namespace tenon::core
