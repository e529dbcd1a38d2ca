#pragma once
#include <vector>

#include "NvInferRuntime.h"

namespace tenon::adapter {

/// How the elements of a tensor format lie in memory. Counts from the last axis, so that it holds for any rank.
struct FormatTraits {
  int components = 1;       // elements of `axis` that lie together
  int axis_from_end = -1;   // of the axis that is vectorized; -1: none
  int lowest_rank = 0;
  bool channels_last = false;
};
/// DLA formats have the traits of kLINEAR.
FormatTraits traits(nvinfer1::TensorFormat);
/// The format of a tensor with this mask of allowed ones: linear where it is allowed, else the lowest.
nvinfer1::TensorFormat choose_format(uint32_t mask);
int32_t component_bytes(nvinfer1::DataType);
const char* type_name(nvinfer1::DataType);
/// TensorRT's words: "Row major linear FP32 format (kLINEAR)". Lives as long as the process.
const char* describe_format(nvinfer1::TensorFormat, nvinfer1::DataType);

/// Bytes of a tensor in a format; the vectorized axis is padded to whole vectors.
int64_t format_bytes(nvinfer1::TensorFormat, const std::vector<int64_t>& dims, int64_t element);
/// Between row-major and a format; padding is written as zero.
void pack(nvinfer1::TensorFormat, const std::vector<int64_t>& dims, int64_t element, const void* linear, void* packed);
void unpack(nvinfer1::TensorFormat, const std::vector<int64_t>& dims, int64_t element, const void* packed, void* linear);
/// In vectors of `components`, as getTensorStrides gives them.
std::vector<int64_t> format_strides(nvinfer1::TensorFormat, const std::vector<int64_t>& dims);

}  // namespace tenon::adapter
