#include "api/cuda_probe.h"

#include <dlfcn.h>
#include <fmt/core.h>

#include <initializer_list>
#include <memory>

namespace tenon::core {
namespace {

/// A shared library for the length of a scope.
class Library {
 public:
  explicit Library(std::initializer_list<const char*> names) {
    for (const char* name : names)
      if (!handle_) handle_.reset(dlopen(name, RTLD_LAZY | RTLD_LOCAL));
  }
  explicit operator bool() const { return handle_ != nullptr; }
  template <class Function>
  Function* get(const char* symbol) const {
    return handle_ ? reinterpret_cast<Function*>(dlsym(handle_.get(), symbol)) : nullptr;
  }

 private:
  struct Close {
    void operator()(void* handle) const { dlclose(handle); }
  };
  std::unique_ptr<void, Close> handle_;
};

Library driver() { return Library{"libcuda.so.1"}; }

/// 12040 is 12.4.
std::string cuda_version(int number) { return fmt::format("{}.{}", number / 1000, number % 1000 / 10); }

std::string driver_version() {
  Library cuda = driver();
  auto get = cuda.get<int(int*)>("cuDriverGetVersion");
  int number = 0;
  return get && get(&number) == 0 ? "CUDA " + cuda_version(number) : "";
}

std::string nvrtc_version() {
  Library nvrtc{"libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"};
  auto get = nvrtc.get<int(int*, int*)>("nvrtcVersion");
  int major = 0, minor = 0;
  return get && get(&major, &minor) == 0 ? fmt::format("{}.{}", major, minor) : "";
}

std::string cudnn_version() {
  Library cudnn{"libcudnn.so.9", "libcudnn.so"};
  auto get = cudnn.get<size_t()>("cudnnGetVersion");
  if (!get) return "";
  size_t number = get();
  return fmt::format("{}.{}.{}", number / 10000, number % 10000 / 100, number % 100);
}

std::string cublaslt_version() {
  Library cublas{"libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so"};
  auto get = cublas.get<size_t()>("cublasLtGetVersion");
  if (!get) return "";
  size_t number = get();
  return fmt::format("{}.{}.{}", number / 10000, number % 10000 / 100, number % 100);
}

LibraryInfo optional_library(const char* name, std::string version, const char* purpose, const char* install) {
  LibraryInfo info{name, version, purpose, !version.empty(), false, install};
  return info;
}

}  // namespace

void add_gpu_attributes(DeviceReport& report, int index) {
  Library cuda = driver();
  auto start = cuda.get<int(unsigned)>("cuInit");
  auto get = cuda.get<int(int*, int, int)>("cuDeviceGetAttribute");
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

std::vector<LibraryInfo> probe_cuda_libraries() {
  return {
      optional_library("libcuda", driver_version(), "NVIDIA's driver", "apt install nvidia-driver"),
      optional_library("libnvrtc", nvrtc_version(), "compiles GPU kernels", "pip install nvidia-cuda-nvrtc-cu12"),
      optional_library("libcudnn", cudnn_version(), "GPU convolutions", "pip install nvidia-cudnn-cu12"),
      optional_library("libcublasLt", cublaslt_version(), "GPU matrix products", "pip install nvidia-cublas-cu12"),
  };
}

}  // namespace tenon::core
