#include "api/cuda_probe.h"

#include <fmt/core.h>

#include "base/shared_library.h"

namespace tenon::core {
namespace {

std::string triple(size_t number) { return fmt::format("{}.{}.{}", number / 10000, number % 10000 / 100, number % 100); }

LibraryInfo describe(const SharedLibrary& library, const char* name, std::string version, const char* purpose, const char* needed, const char* install) {
  LibraryInfo info;
  info.name = name;
  info.purpose = purpose;
  info.found = static_cast<bool>(library);
  info.version = info.found && version.empty() ? "unknown" : std::move(version);
  info.install = install;
  info.path = library.path();
  info.needed = needed;
  return info;
}

void refuse_unless(bool right, LibraryInfo& info) {
  if (info.found && !right)
    info.problem = fmt::format("version {} was found at {}, {} is needed: {}", info.version, info.path, info.needed, info.install);
}

LibraryInfo probe_driver() {
  const SharedLibrary library{"libcuda.so.1"};
  const auto get = library.get<int(int*)>("cuDriverGetVersion");
  int number = 0;
  const bool known = get && get(&number) == 0;
  // Whether it is new enough for the CUDA part of this build, that part says itself.
  return describe(library, "libcuda", known ? "CUDA " + cuda_version(number) : "", "NVIDIA's driver", "", "apt install nvidia-driver-580");
}

LibraryInfo probe_compiler() {
  const SharedLibrary library{"libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so", "/usr/local/cuda/lib64/libnvrtc.so"};
  const auto get = library.get<int(int*, int*)>("nvrtcVersion");
  int major = 0, minor = 0;
  const bool known = get && get(&major, &minor) == 0;
  LibraryInfo info = describe(library, "libnvrtc", known ? fmt::format("{}.{}", major, minor) : "", "compiles GPU kernels", "12 or 13", "pip install nvidia-cuda-nvrtc");
  refuse_unless(known && (major == 12 || major == 13), info);
  return info;
}

LibraryInfo probe_cudnn() {
  // An older one is looked for only to say what was found.
  const SharedLibrary library{"libcudnn.so.9", "libcudnn.so", "libcudnn.so.8"};
  const auto get = library.get<size_t()>("cudnnGetVersion");
  const size_t number = get ? get() : 0;
  // Before version 9 a number had one digit less: 8907 is 8.9.7.
  const std::string version = number >= 90000 ? triple(number) : fmt::format("{}.{}.{}", number / 1000, number % 1000 / 100, number % 100);
  LibraryInfo info = describe(library, "libcudnn", get ? version : "", "GPU convolutions and attention", "9", "pip install nvidia-cudnn-cu13");
  refuse_unless(number >= 90000 && number < 100000, info);
  return info;
}

LibraryInfo probe_cublaslt() {
  const SharedLibrary library{"libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so", "libcublasLt.so.11"};
  const auto get = library.get<size_t()>("cublasLtGetVersion");
  const size_t number = get ? get() : 0;
  LibraryInfo info = describe(library, "libcublasLt", get ? triple(number) : "", "GPU matrix products", "12 or 13", "pip install nvidia-cublas");
  refuse_unless(number >= 120000 && number < 140000, info);
  return info;
}

}  // namespace

std::string cuda_version(int number) { return fmt::format("{}.{}", number / 1000, number % 1000 / 10); }

void add_gpu_attributes(DeviceReport& report, int index) {
  const SharedLibrary cuda{"libcuda.so.1"};
  const auto start = cuda.get<int(unsigned)>("cuInit");
  const auto get = cuda.get<int(int*, int, int)>("cuDeviceGetAttribute");
  if (!start || !get || start(0) != 0) return;
  // Numbers of CUdevice_attribute; the driver takes an index for a device.
  const auto attribute = [&](int number) {
    int value = 0;
    return get(&value, number, index) == 0 ? value : 0;
  };
  constexpr int kClock = 13, kEcc = 32, kMemoryClock = 36, kBusWidth = 37, kSharedBytes = 81;
  report.clock_ghz = attribute(kClock) / 1e6;
  report.ecc = attribute(kEcc) != 0;
  report.memory_clock_ghz = attribute(kMemoryClock) / 1e6;
  report.bus_bits = attribute(kBusWidth);
  report.shared_bytes = attribute(kSharedBytes);
}

std::vector<LibraryInfo> probe_cuda_libraries() { return {probe_driver(), probe_compiler(), probe_cudnn(), probe_cublaslt()}; }

}  // namespace tenon::core
