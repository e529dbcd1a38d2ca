#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::core {

/// The processor this process runs on.
struct CpuInfo {
  std::string brand;                  // "AMD EPYC 9575F 64-Core Processor"
  std::vector<std::string> features;  // of those that kernels use, and the system lets us use: "avx2", "fma", ...
  int64_t l1_bytes = 0, l2_bytes = 0, l3_bytes = 0;  // data caches as one core sees them; 0: unknown
  int logical_cores = 0;                             // of the machine
  int physical_cores = 0;                            // among those this process may run on; 0: unknown
  bool has(std::string_view feature) const;
};
CpuInfo read_cpu_info();

}  // namespace tenon::core
