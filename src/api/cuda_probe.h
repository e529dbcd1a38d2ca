#pragma once
#include <string>
#include <vector>

#include "tenon/system.h"

namespace tenon::core {

/// NVIDIA's libraries, looked for by name as a run would; nothing stays loaded.
std::vector<LibraryInfo> probe_cuda_libraries();
/// The GPUs the driver shows. None: `why` says what is missing.
std::vector<DeviceReport> probe_cuda_devices(std::string& why);

}  // namespace tenon::core
