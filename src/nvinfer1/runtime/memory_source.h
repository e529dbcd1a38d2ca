#pragma once
#include "NvInferRuntime.h"
#include "runtime/program.h"
#include "runtime/run_memory.h"

namespace tenon::adapter {

/// Device memory from the client's allocator; page-locked host memory still comes from the device.
std::shared_ptr<core::MemorySource> make_memory_source(nvinfer1::IGpuAllocator& allocator, std::shared_ptr<const core::Program> program);

}  // namespace tenon::adapter
