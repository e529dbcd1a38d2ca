#pragma once
#include <string>
#include <vector>

#include "tenon/system.h"

namespace tenon::core {

/// NVIDIA's libraries, looked for by name as a run would, and held against the versions that the CUDA part works with.
std::vector<LibraryInfo> probe_cuda_libraries();
/// 12040 is 12.4.
std::string cuda_version(int number);

/// Clocks, memory bus and shared memory of GPU `index`, as far as the driver tells.
void add_gpu_attributes(DeviceReport&, int index);

}  // namespace tenon::core
