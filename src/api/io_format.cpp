#include "tenon/io_format.h"

#include "api/convert.h"
#include "base/error.h"
#include "plan/io_format.h"

namespace tenon {
namespace {

core::IoFormat format_of(const TensorInfo& info) {
  if (info.format.empty()) return {};
  const auto format = core::parse_memory_format(info.format);
  if (!format) core::fail(ErrorCode::usage, "'{}': there is no memory format '{}'", info.name, info.format);
  return {*format, info.channels};
}

}  // namespace

std::vector<std::string> memory_formats() {
  std::vector<std::string> names;
  for (int i = 0; i < core::kMemoryFormats; ++i)
    if (!core::is_of_dla(static_cast<core::MemoryFormat>(i))) names.emplace_back(core::to_string(static_cast<core::MemoryFormat>(i)));
  return names;
}

std::vector<int64_t> stored_dims(const TensorInfo& info, const std::vector<int64_t>& dense) { return core::stored_dims(format_of(info).format, dense); }
std::vector<int64_t> dense_dims(const TensorInfo& info, const std::vector<int64_t>& stored) { return core::dense_dims(format_of(info), stored); }
Tensor pack(const TensorInfo& info, const Tensor& dense) { return core::to_public(core::packed(format_of(info).format, core::to_core(dense))); }
Tensor unpack(const TensorInfo& info, const Tensor& stored) { return core::to_public(core::unpacked(format_of(info), core::to_core(stored))); }

}  // namespace tenon
