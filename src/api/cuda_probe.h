#pragma once
#include <string>
#include <vector>

#include "tenon/system.h"

namespace tenon::core {

/// NVIDIA's libraries, looked for by name as a run would; nothing stays loaded.
std::vector<LibraryInfo> probe_cuda_libraries();

/// Clocks, memory bus and shared memory of GPU `index`, as far as the driver tells.
void add_gpu_attributes(DeviceReport&, int index);

}  // namespace tenon::core
