#include "devices/cuda/cuda_device.h"

#include "base/ledger.h"
#include "cuda/memory.h"
#include "cuda/versions.h"
#include "devices/cuda/cuda_stream.h"
#include "devices/cuda/place_reorder.h"
#include "devices/cuda/ranges.h"
#include "devices/nvml.h"

#include "cuda/check.h"

namespace tenon::core::cuda {
namespace {

DeviceInfo describe(int index) {
  cudaDeviceProp p{};
  check(cudaGetDeviceProperties(&p, index), "reading the properties of GPU {}", index);
  DeviceInfo info;
  info.kind = "cuda";
  info.name = p.name;
  info.compute = 10 * p.major + p.minor;
  info.features = fmt::format("sm_{}", info.compute);
  info.libraries = library_versions();
  info.index = index;
  info.multiprocessors = p.multiProcessorCount;
  info.memory_bytes = static_cast<int64_t>(p.totalGlobalMem);
  info.l2_bytes = p.l2CacheSize;
  return info;
}

class CudaDevice : public Device {
 public:
  explicit CudaDevice(DeviceInfo info) : info_(std::move(info)) {}
  const DeviceInfo& info() const override { return info_; }
  bool is_host() const override { return false; }
  std::shared_ptr<void> use() const override { return std::make_shared<CurrentDevice>(info_.index); }
  std::string address() const override {
    char text[32] = "";
    check(cudaDeviceGetPCIBusId(text, sizeof text, info_.index), "asking where GPU {} is", info_.index);
    return bus_address(text);
  }

  std::byte* allocate(int64_t bytes, Place place) override {
    const CurrentDevice current(info_.index);
    const size_t size = static_cast<size_t>(std::max<int64_t>(bytes, 256));
    void* p = nullptr;
    if (place == Place::host) {
      check(cudaHostAlloc(&p, size, cudaHostAllocPortable), "{} bytes of page-locked host memory", bytes);
    } else {
      p = allocate_device(static_cast<int64_t>(size));
    }
    return static_cast<std::byte*>(p);
  }
  void release(std::byte* p, Place place) noexcept override {
    int before = 0;
    if (cudaGetDevice(&before) != cudaSuccess) return;
    cudaSetDevice(info_.index);
    if (place == Place::host) cudaFreeHost(p);
    else release_device(p);
    cudaSetDevice(before);
  }
  Memory memory() const override {
    const CurrentDevice current(info_.index);
    size_t free = 0, total = 0;
    check(cudaMemGetInfo(&free, &total), "asking GPU {} for its free memory", info_.index);
    return {Ledger::of(info_.index).usable(static_cast<int64_t>(free)), static_cast<int64_t>(total)};
  }

  std::unique_ptr<Stream> make_stream() override { return cuda::make_stream(info_.index); }
  std::unique_ptr<Event> make_event(bool spin) override { return cuda::make_event(info_.index, spin); }
  std::unique_ptr<Stream> borrow_stream(void* handle) override {
    check_stream(static_cast<cudaStream_t>(handle));
    return view_stream(info_.index, static_cast<cudaStream_t>(handle));
  }

  ProfilerRanges* ranges() const override { return profiler_ranges(); }

  void check_memory(const void* memory, const std::string& what) const override {
    cudaPointerAttributes found{};
    if (!memory) return;
    if (cudaPointerGetAttributes(&found, memory) != cudaSuccess) {
      cudaGetLastError();
      return;
    }
    int reads_host_memory = 0;
    cudaDeviceGetAttribute(&reads_host_memory, cudaDevAttrPageableMemoryAccess, info_.index);
    if (found.type == cudaMemoryTypeUnregistered && !reads_host_memory)
      fail(ErrorCode::bad_input, "{}: {} is ordinary host memory; the engine runs on GPU {}, which reads only its own and page-locked memory", what, memory, info_.index);
    if (found.type == cudaMemoryTypeDevice && found.device != info_.index)
      fail(ErrorCode::bad_input, "{}: {} is memory of GPU {}, the engine runs on GPU {}; allocate it while GPU {} is current", what, memory, found.device, info_.index,
           info_.index);
  }

  std::string fault() const override {
    size_t free = 0, total = 0;
    const cudaError_t error = cudaMemGetInfo(&free, &total);
    if (error == cudaSuccess || cudaGetLastError() == cudaErrorStreamCaptureUnsupported) return {};
    return cudaGetErrorString(error);
  }

  std::shared_ptr<const Executable> prepare_reorder(DType dtype, const Dims& dims, const Format& from, const Format& to) override {
    const CurrentDevice current(info_.index);
    return place_reorder(dtype, dims, from, to);
  }

 private:
  void check_stream(cudaStream_t stream) const {
#if CUDART_VERSION >= 12080
    int device = info_.index;
    // A driver older than 12.8 does not tell; the default streams are of whatever device is current.
    if (!stream || stream == cudaStreamLegacy || stream == cudaStreamPerThread || cudaStreamGetDevice(stream, &device) != cudaSuccess) {
      cudaGetLastError();
      return;
    }
    if (device != info_.index)
      fail(ErrorCode::bad_input, "the stream is of GPU {}, the engine runs on GPU {}; make the stream while GPU {} is current", device, info_.index, info_.index);
#endif
  }
  DeviceInfo info_;
};

}  // namespace

std::string why_no_devices(int driver, const std::string& error) {
  if (driver == 0) return fmt::format("NVIDIA's driver is not installed (libcuda.so.1 was not found); CUDA {} needs one", runtime_version());
  // A driver runs every CUDA version of its own major number and of those before.
  if (driver / 1000 < CUDART_VERSION / 1000)
    return fmt::format("NVIDIA's driver is of CUDA {}.{}; this build needs one of CUDA {}.0 or newer: install a newer driver", driver / 1000,
                       driver % 1000 / 10, CUDART_VERSION / 1000);
  return fmt::format("NVIDIA's driver of CUDA {}.{} shows no GPU: {}", driver / 1000, driver % 1000 / 10, error);
}

std::vector<DeviceInfo> list_devices(std::string& why) {
  int count = 0;
  if (const cudaError_t error = cudaGetDeviceCount(&count); error != cudaSuccess) {
    cudaGetLastError();
    int driver = 0;
    cudaDriverGetVersion(&driver);
    why = why_no_devices(driver, cudaGetErrorString(error));
    return {};
  }
  std::vector<DeviceInfo> found;
  for (int i = 0; i < count; ++i) {
    DeviceInfo info = describe(i);
    if (info.compute >= kOldestCompute) found.push_back(std::move(info));
    else why += fmt::format("GPU {} ({}) is {}; {}. ", i, info.name, info.features, kSupportedGpus);
  }
  if (found.empty() && why.empty()) why = "NVIDIA's driver shows no GPU";
  return found;
}

std::shared_ptr<Device> open_device(DeviceInfo info, int threads) {
  info.threads = threads > 0 ? threads : usable_cores();
  return std::make_shared<CudaDevice>(std::move(info));
}

}  // namespace tenon::core::cuda
