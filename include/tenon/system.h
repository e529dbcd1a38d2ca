#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "tenon/export.h"

namespace tenon {

/// A library Tenon uses or could use.
struct LibraryInfo {
  std::string name, version;  // the version that is loaded now; empty when missing
  std::string purpose;
  bool found = false, required = false;
  std::string install;        // the command that installs it
  std::string path;           // the file that was loaded; empty when missing or linked in
  std::string needed;         // the versions that work: "12 or 13"; empty when any does
  std::string problem;        // why the one found can't be used; empty when it can
};

/// A device as `--device` names it.
struct DeviceReport {
  std::string name;           // "cpu", "cuda:0"
  std::string description;    // the processor's own name
  bool usable = false;
  std::string why_not;
  // Of a GPU, as its driver says.
  std::string processor;         // "NVIDIA H200"
  int compute = 0;               // 90 for compute capability 9.0
  int multiprocessors = 0;
  int64_t memory_bytes = 0, shared_bytes = 0;  // shared: of one multiprocessor
  int bus_bits = 0;
  bool ecc = false;
  double clock_ghz = 0, memory_clock_ghz = 0;  // of applications
};

/// The oldest compute capability that the CUDA part runs on, and the sentence that lists what it supports.
inline constexpr int kOldestCompute = 75;
inline constexpr const char* kSupportedGpus =
    "supported are sm_75 (Turing), sm_80 to sm_87 (Ampere), sm_89 (Ada), sm_90 (Hopper), sm_100 and newer (Blackwell)";

/// A GPU as its driver describes it through NVML. Numbers that it does not tell are -1, texts empty.
struct GpuInfo {
  std::string name, driver;
  std::string address;             // on the bus: "0000:17:00.0"
  int compute = -1;                // 90 for sm_90
  double power_limit_w = -1, default_power_limit_w = -1;
  int max_sm_mhz = -1, max_memory_mhz = -1;
  int slowdown_c = -1;             // the temperature at which clocks are taken down
  int pcie_generation = -1, pcie_lanes = -1;          // now; an idle GPU lowers its generation
  int max_pcie_generation = -1, max_pcie_lanes = -1;  // of this GPU in this slot
  int numa_node = -1;
  std::string near_cores;          // "0-15,32-47"
};

/// What a GPU does at one moment.
struct GpuState {
  bool known = false;              // false: no driver, or no such GPU
  int sm_mhz = -1, memory_mhz = -1, temperature_c = -1, busy_percent = -1;
  double power_w = -1;
  int64_t used_bytes = -1;
  std::vector<std::string> limits; // what holds its clocks down: "power cap", "temperature", "clock setting", "idle", ...
  int processes = -1;              // with work on it, this one included once it has some
  bool own_process_listed = false; // false in a container, where processes have other numbers
};

/// All GPUs that the driver shows, Tenon's and others; why there are none, otherwise. Makes no CUDA context.
TENON_API std::vector<GpuInfo> list_gpus(std::string& why);
/// Of the GPU at `address`. Takes about a millisecond.
TENON_API GpuState gpu_state(const std::string& address);
/// The most device memory that Tenon takes from this GPU ("cuda", "cuda:1") in this process, for programs that share it; 0: no
/// limit. What NVIDIA's libraries and driver take for themselves is not counted.
TENON_API void set_device_memory_limit(const std::string& device, int64_t bytes);
/// Bytes of memory that Tenon holds in this process on the GPU at `address`, for all engines and contexts; 0 for no GPU.
TENON_API int64_t held_device_memory(const std::string& address);
/// "0000:17:00.0" of "cuda", "cuda:1" or "auto"; empty where that is the CPU.
TENON_API std::string gpu_address(const std::string& device);
/// The NUMA node of the core that this thread runs on; -1 where the system does not tell.
TENON_API int numa_node_here();

/// The machine as this process may use it.
struct SystemInfo {
  std::string os, cpu;
  std::vector<std::string> cpu_features;  // of those that kernels use
  int64_t l1_bytes = 0, l2_bytes = 0, l3_bytes = 0, ram_bytes = 0;
  int logical_cores = 0, physical_cores = 0;
  int usable_cores = 0;                   // affinity and container limits counted in: the default number of threads
  std::vector<DeviceReport> devices;
  std::vector<LibraryInfo> libraries;
};
TENON_API SystemInfo system_info();
/// The same without devices and libraries: nothing is opened.
TENON_API SystemInfo host_info();

}  // namespace tenon
