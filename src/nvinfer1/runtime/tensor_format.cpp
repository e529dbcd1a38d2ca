#include "nvinfer1/runtime/tensor_format.h"

#include <cstring>
#include <map>
#include <mutex>
#include <string>

#include "base/checked.h"
#include "nvinfer1/plan.h"
#include "nvinfer1/reporter.h"

namespace tenon::adapter {

using nvinfer1::DataType;
using Format = nvinfer1::TensorFormat;

namespace {

/// The address of element (coordinates) of a format, in elements: sum of coordinate * stride, with the channel's split.
struct Map {
  std::vector<int64_t> strides;  // of whole vectors, in elements
  int axis = -1;                 // the vectorized one
  int64_t components = 1;
  int64_t total = 1;             // elements, padding included
};

Map make_map(Format format, const std::vector<int64_t>& dims) {
  const FormatTraits t = traits(format);
  const int rank = static_cast<int>(dims.size());
  if (rank < t.lowest_rank) refuse(nvinfer1::ErrorCode::kINVALID_ARGUMENT, "a tensor of {} dims can't have format {}; it needs {}", rank, static_cast<int>(format), t.lowest_rank);
  Map map;
  map.strides.assign(dims.size(), 0);
  map.axis = t.axis_from_end < 0 ? -1 : rank - t.axis_from_end;
  map.components = t.components;
  std::vector<int> order;
  for (int a = 0; a < rank; ++a)
    if (!t.channels_last || a != map.axis) order.push_back(a);
  if (t.channels_last) order.push_back(map.axis);
  map.total = t.components;
  for (auto a = order.rbegin(); a != order.rend(); ++a) {
    map.strides[*a] = map.total;
    const int64_t extent = *a == map.axis ? (dims[*a] + t.components - 1) / t.components : dims[*a];
    map.total = core::checked_mul(map.total, extent);
  }
  return map;
}

/// Calls f(linear element, packed element) for every element in row-major order.
template <class F>
void each_element(const Map& map, const std::vector<int64_t>& dims, F f) {
  const int64_t count = core::checked_product(dims);
  std::vector<int64_t> at(dims.size(), 0);
  for (int64_t linear = 0; linear < count; ++linear) {
    int64_t packed = 0;
    for (size_t a = 0; a < dims.size(); ++a)
      packed += static_cast<int>(a) == map.axis ? at[a] / map.components * map.strides[a] + at[a] % map.components : at[a] * map.strides[a];
    f(linear, packed);
    for (size_t a = dims.size(); a-- > 0;) {
      if (++at[a] < dims[a]) break;
      at[a] = 0;
    }
  }
}

std::string format_words(Format format) {
  switch (format) {
    case Format::kLINEAR: return "Row major linear {} format (kLINEAR)";
    case Format::kCHW2: return "Two wide channel vectorized row major {} format (kCHW2)";
    case Format::kHWC8: return "Channel major {} format where channel % 8 == 0 (kHWC8)";
    case Format::kCHW4: return "Four wide channel vectorized row major {} format (kCHW4)";
    case Format::kCHW16: return "Sixteen wide channel vectorized row major {} format (kCHW16)";
    case Format::kCHW32: return "Thirty-two wide channel vectorized row major {} format (kCHW32)";
    case Format::kDHWC8: return "Channel major {} format where channel % 8 == 0 (kDHWC8)";
    case Format::kCDHW32: return "Thirty-two wide channel vectorized row major {} format with 3 spatial dimensions (kCDHW32)";
    case Format::kHWC: return "Channel major {} format (kHWC)";
    case Format::kDLA_LINEAR: return "DLA planar {} format (kDLA_LINEAR)";
    case Format::kDLA_HWC4: return "DLA image {} format (kDLA_HWC4)";
    case Format::kHWC16: return "Channel major {} format where channel % 16 == 0 (kHWC16)";
    case Format::kDHWC: return "Channel major {} format with 3 spatial dimensions (kDHWC)";
  }
  return "Unknown {} format";
}

}  // namespace

FormatTraits traits(Format format) {
  switch (format) {
    case Format::kCHW2: return {2, 3, 3, false};
    case Format::kHWC8: return {8, 3, 3, true};
    case Format::kCHW4: return {4, 3, 3, false};
    case Format::kCHW16: return {16, 3, 3, false};
    case Format::kCHW32: return {32, 3, 3, false};
    case Format::kDHWC8: return {8, 4, 4, true};
    case Format::kCDHW32: return {32, 4, 4, false};
    case Format::kHWC: return {1, 3, 3, true};
    case Format::kHWC16: return {16, 3, 3, true};
    case Format::kDHWC: return {1, 4, 4, true};
    default: return {};
  }
}

Format choose_format(uint32_t mask) {
  if (mask == 0 || (mask & 1U) != 0) return Format::kLINEAR;
  for (int bit = 1; bit < nvinfer1::EnumMax<Format>(); ++bit)
    if ((mask >> bit) & 1U) return static_cast<Format>(bit);
  return Format::kLINEAR;
}

int32_t component_bytes(DataType type) { return static_cast<int32_t>(size_of(core_type(static_cast<int32_t>(type)))); }

const char* type_name(DataType type) {
  switch (type) {
    case DataType::kFLOAT: return "FP32";
    case DataType::kHALF: return "FP16";
    case DataType::kINT8: return "Int8";
    case DataType::kINT32: return "Int32";
    case DataType::kBOOL: return "Bool";
    case DataType::kUINT8: return "UInt8";
    case DataType::kFP8: return "FP8";
    case DataType::kBF16: return "BF16";
    case DataType::kINT64: return "Int64";
    case DataType::kINT4: return "Int4";
    case DataType::kFP4: return "FP4";
    case DataType::kE8M0: return "E8M0";
  }
  return "Unknown";
}

const char* describe_format(Format format, DataType type) {
  static std::mutex mutex;
  static auto* texts = new std::map<std::pair<Format, DataType>, std::string>();
  std::lock_guard lock(mutex);
  std::string& words = (*texts)[{format, type}];
  if (words.empty()) words = fmt::format(fmt::runtime(format_words(format)), type_name(type));
  return words.c_str();
}

int64_t format_bytes(Format format, const std::vector<int64_t>& dims, int64_t element) {
  return core::checked_mul(make_map(format, dims).total, element);
}

void pack(Format format, const std::vector<int64_t>& dims, int64_t element, const void* linear, void* packed) {
  const Map map = make_map(format, dims);
  std::memset(packed, 0, static_cast<size_t>(map.total * element));
  each_element(map, dims, [&](int64_t from, int64_t to) {
    std::memcpy(static_cast<std::byte*>(packed) + to * element, static_cast<const std::byte*>(linear) + from * element, static_cast<size_t>(element));
  });
}

void unpack(Format format, const std::vector<int64_t>& dims, int64_t element, const void* packed, void* linear) {
  each_element(make_map(format, dims), dims, [&](int64_t to, int64_t from) {
    std::memcpy(static_cast<std::byte*>(linear) + to * element, static_cast<const std::byte*>(packed) + from * element, static_cast<size_t>(element));
  });
}

std::vector<int64_t> format_strides(Format format, const std::vector<int64_t>& dims) {
  Map map = make_map(format, dims);
  for (int64_t& s : map.strides) s /= map.components;
  return map.strides;
}

}  // namespace tenon::adapter
