#include "tenon/system.h"

#include <dnnl.h>
#include <fmt/core.h>
#include <hwy/highway.h>
#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <xxhash.h>
#include <zlib.h>

#include <fstream>

#include "api/cuda_probe.h"
#include "base/cpu_info.h"
#include "base/error.h"
#include "base/ledger.h"
#include "base/threads.h"
#include "devices/device.h"
#include "devices/nvml.h"

namespace tenon {
namespace {

std::string os_name() {
  std::string name = "unknown system";
  std::ifstream release("/etc/os-release");
  constexpr std::string_view kKey = "PRETTY_NAME=\"";
  for (std::string line; std::getline(release, line);)
    if (line.rfind(kKey, 0) == 0) name = line.substr(kKey.size(), line.size() - kKey.size() - 1);
  utsname kernel{};
  return uname(&kernel) == 0 ? fmt::format("{}, Linux {}", name, kernel.release) : name;
}

std::string triple(unsigned number) {
  return fmt::format("{}.{}.{}", number / 10000, number / 100 % 100, number % 100);
}

std::vector<LibraryInfo> linked_libraries() {
  const dnnl_version_t* onednn = dnnl_version();
  return {
      {"oneDNN", fmt::format("{}.{}.{}", onednn->major, onednn->minor, onednn->patch),
       "convolutions, matrix products, pooling", true, true,
       "pip install onednn-cpu-gomp==2023.2.0 onednn-devel-cpu-gomp==2023.2.0"},
      {"Highway", fmt::format("{}.{}.{}", HWY_MAJOR, HWY_MINOR, HWY_PATCH), "vectorised kernels", true, true,
       "apt install libhwy-dev"},
      {"fmt", triple(FMT_VERSION), "messages", true, true, "apt install libfmt-dev"},
      {"xxHash", triple(XXH_versionNumber()), "check codes", true, true, "apt install libxxhash-dev"},
      {"zlib", zlibVersion(), "npz files", true, true, "apt install zlib1g-dev"},
  };
}

DeviceReport report_of(const core::DeviceInfo& gpu) {
  DeviceReport report;
  report.name = fmt::format("cuda:{}", gpu.index);
  report.description = fmt::format("{} ({}, {} multiprocessors, {:.0f} GiB)", gpu.name, gpu.features, gpu.multiprocessors, static_cast<double>(gpu.memory_bytes) / (1 << 30));
  report.usable = true;
  report.processor = gpu.name;
  report.compute = gpu.compute;
  report.multiprocessors = gpu.multiprocessors;
  report.memory_bytes = gpu.memory_bytes;
  core::add_gpu_attributes(report, gpu.index);
  return report;
}

std::vector<DeviceReport> find_devices(const core::CpuInfo& cpu) {
  std::vector<DeviceReport> devices;
  bool usable = cpu.has("avx2") && cpu.has("fma");
  DeviceReport processor;
  processor.name = "cpu";
  processor.description = cpu.brand;
  processor.usable = usable;
  if (!usable) processor.why_not = "fast kernels need AVX2 and FMA; the reference kernels run";
  devices.push_back(std::move(processor));
  for (const core::DeviceInfo& gpu : core::cuda_devices()) devices.push_back(report_of(gpu));
  if (const std::string why = core::why_no_cuda(); !why.empty()) {
    DeviceReport missing;
    missing.name = "cuda";
    missing.why_not = why;
    devices.push_back(std::move(missing));
  }
  return devices;
}

}  // namespace

SystemInfo host_info() {
  core::CpuInfo cpu = core::read_cpu_info();
  SystemInfo info;
  info.os = os_name();
  info.cpu = cpu.brand;
  info.cpu_features = cpu.features;
  info.l1_bytes = cpu.l1_bytes;
  info.l2_bytes = cpu.l2_bytes;
  info.l3_bytes = cpu.l3_bytes;
  info.ram_bytes = int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE);
  info.logical_cores = cpu.logical_cores;
  info.physical_cores = cpu.physical_cores;
  info.usable_cores = core::usable_cores();
  return info;
}

SystemInfo system_info() {
  SystemInfo info = host_info();
  info.devices = find_devices(core::read_cpu_info());
  info.libraries = linked_libraries();
  for (LibraryInfo& library : core::probe_cuda_libraries()) info.libraries.push_back(std::move(library));
  return info;
}

std::vector<GpuInfo> list_gpus(std::string& why) {
  why = core::nvml().why();
  std::vector<GpuInfo> gpus = core::nvml().gpus();
  if (why.empty() && gpus.empty()) why = "NVIDIA's driver shows no GPU";
  return gpus;
}

GpuState gpu_state(const std::string& address) { return core::nvml().state(address); }

void set_device_memory_limit(const std::string& device, int64_t bytes) {
  const auto found = core::find_device(device, 1);
  if (found->is_host()) core::fail(ErrorCode::usage, "a limit of device memory is for GPUs; '{}' is the processor", device);
  core::Ledger::of(found->info().index).set_limit(bytes);
}

int64_t held_device_memory(const std::string& address) {
  if (address.empty()) return 0;
  for (const core::DeviceInfo& info : core::cuda_devices())
    if (core::find_device(fmt::format("cuda:{}", info.index), 1)->address() == address) return core::Ledger::of(info.index).held();
  return 0;
}

std::string gpu_address(const std::string& device) { return core::find_device(device, 1)->address(); }

int numa_node_here() {
  unsigned core = 0, node = 0;
  return getcpu(&core, &node) == 0 ? static_cast<int>(node) : -1;
}

}  // namespace tenon
