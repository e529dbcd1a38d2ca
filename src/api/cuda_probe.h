#pragma once
#include <string>
#include <vector>

#include "tenon/system.h"

namespace tenon::core {

/// NVIDIA's libraries, looked for by name as a run would; nothing stays loaded.
std::vector<LibraryInfo> probe_cuda_libraries();

}  // namespace tenon::core
