#pragma once
#include <cstddef>
#include <vector>

#include "NvInferRuntime.h"

namespace tenon::adapter {

/// Bytes for the client, who deletes them.
nvinfer1::IHostMemory* make_host_memory(std::vector<std::byte> bytes);

}  // namespace tenon::adapter
