#include "nvinfer1/builder/io_formats.h"

#include "nvinfer1/reporter.h"
#include "nvinfer1/runtime/tensor_format.h"

namespace tenon::adapter {

using Code = nv::ErrorCode;

namespace {

constexpr uint32_t kAllFormats = (1u << nv::EnumMax<nv::TensorFormat>()) - 1;
constexpr uint32_t kFormatsOfDla = 1u << static_cast<int>(nv::TensorFormat::kDLA_LINEAR) | 1u << static_cast<int>(nv::TensorFormat::kDLA_HWC4);

}  // namespace

void check_formats(const NetTensor& t) {
  const uint32_t formats = t.getAllowedFormats();
  if (formats & ~kAllFormats) refuse(Code::kINVALID_ARGUMENT, "tensor '{}': the mask {:#x} of allowed formats has bits that are no TensorFormat", t.name(), formats);
  if (formats != 0 && (formats & ~kFormatsOfDla) == 0)
    refuse(Code::kUNSUPPORTED_STATE, "tensor '{}': kDLA_LINEAR and kDLA_HWC4 are formats of DLA cores, and there are none: allow another format", t.name());
}

void add_formats(BuildOptions& o, const std::vector<NetTensor*>& tensors) {
  for (const NetTensor* t : tensors) {
    const uint32_t formats = t->getAllowedFormats();
    if (formats == kAllFormats || formats == 0) continue;
    for (int number = 0; number < core::kMemoryFormats; ++number)
      if ((formats >> number) & 1u) o.io_formats[t->name()].emplace_back(core::to_string(static_cast<core::MemoryFormat>(number)));
  }
}

void keep_formats(BuildOptions& o, const core::EngineData& first) {
  for (auto& [name, formats] : o.io_formats) formats = {std::string(core::to_string(io_format(first, name).format))};
}

void note_formats(Plan& plan) {
  for (PlanTensor& t : plan.info.tensors) t.formats = 1u << static_cast<uint32_t>(io_format(plan.engines[0].data, t.name).format);
}

}  // namespace tenon::adapter
