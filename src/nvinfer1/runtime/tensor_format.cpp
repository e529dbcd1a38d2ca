#include "nvinfer1/runtime/tensor_format.h"

#include <map>
#include <mutex>
#include <string>

#include "nvinfer1/reporter.h"

namespace tenon::adapter {

using nvinfer1::DataType;
using Format = nvinfer1::TensorFormat;

namespace {

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

Format format_of(const PlanTensor& t) {
  for (int number = 1; number < core::kMemoryFormats; ++number)
    if ((t.formats >> number) & 1U) return static_cast<Format>(number);
  return Format::kLINEAR;
}

core::IoFormat io_format(const core::EngineData& data, const std::string& tensor) {
  const auto found = data.io_formats.find(tensor);
  return found == data.io_formats.end() ? core::IoFormat{} : found->second;
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

}  // namespace tenon::adapter
