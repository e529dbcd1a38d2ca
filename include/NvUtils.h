#pragma once
#include "NvInfer.h"

namespace nvinfer1 {
namespace utils {

/// Writes `input`, whose dims are `shape`, to `data` with its axes in the order `shapeOrder`.
TRT_DEPRECATED_API bool reshapeWeights(Weights const& input, int32_t const* shape, int32_t const* shapeOrder,
                                       void* data, int32_t nbDims) noexcept;
/// Puts `num` blocks of `size` bytes in the order `order`, in place.
TRT_DEPRECATED_API bool reorderSubBuffers(void* input, int32_t const* order, int32_t num, int32_t size) noexcept;
/// Transposes each of `num` matrices of height x width, in place.
TRT_DEPRECATED_API bool transposeSubBuffers(void* input, DataType type, int32_t num, int32_t height,
                                            int32_t width) noexcept;

}  // namespace utils
}  // namespace nvinfer1
