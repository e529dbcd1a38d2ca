#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "ir/tensor.h"
#include "ir/type.h"

namespace tenon::core {

/// How the bytes of an input or output lie: the tensor formats of the nvinfer1 API, with its numbers.
enum class MemoryFormat : uint8_t { linear, chw2, hwc8, chw4, chw16, chw32, dhwc8, cdhw32, hwc, dla_linear, dla_hwc4, hwc16, dhwc };
inline constexpr int kMemoryFormats = 13;

struct FormatTraits {
  int components = 1;       // channels that lie together
  int axis_from_end = 0;    // of the channels, 1 for the last axis; 0: none is special. Tensors of fewer dims can't have the format
  bool channels_last = false;
};
/// Those of DLA have the traits of linear.
FormatTraits traits(MemoryFormat);
bool is_of_dla(MemoryFormat);
/// "chw4"; "chw" for linear.
std::string_view to_string(MemoryFormat);
/// The inverse; takes "linear" too. Nothing when unknown.
std::optional<MemoryFormat> parse_memory_format(std::string_view);

/// The format of one input or output, whose graph value has the dims that the bytes lie in: [N,C,H,W] as chw4 is the
/// value [N,C/4,H,W,4], as hwc8 [N,H,W,C], with the channels rounded up.
struct IoFormat {
  MemoryFormat format = MemoryFormat::linear;
  int64_t channels = -1;  // without padding; -1: as many as are stored
  bool operator==(const IoFormat&) const = default;
};
using IoFormats = std::map<std::string, IoFormat>;

/// Dims of the value for a tensor's own dims and back; -1 stays -1. Fails where the format needs more dims.
Dims stored_dims(MemoryFormat, const Dims& dims);
Dims dense_dims(const IoFormat&, const Dims& stored);
/// The same with symbols; more than one component needs channels that are a number.
Shape stored_shape(MemoryFormat, const Shape& shape);
Shape dense_shape(const IoFormat&, const Shape& stored);
/// Strides of the tensor's own axes in vectors of `components`, as the nvinfer1 API gives them.
Dims stored_strides(MemoryFormat, const Dims& dims);

/// A row-major tensor in a format, zeros as padding; and back.
Tensor packed(MemoryFormat, const Tensor& dense);
Tensor unpacked(const IoFormat&, const Tensor& stored);

}  // namespace tenon::core
