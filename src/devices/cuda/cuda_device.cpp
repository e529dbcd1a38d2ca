#include "devices/cuda/cuda_device.h"

#include "cuda/versions.h"
#include "devices/cuda/cuda_stream.h"
#include "devices/cuda/place_reorder.h"

#include "cuda/check.h"

namespace tenon::core::cuda {
namespace {

constexpr int kOldestCompute = 75;

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

  std::byte* allocate(int64_t bytes, Place place) override {
    const CurrentDevice current(info_.index);
    const size_t size = static_cast<size_t>(std::max<int64_t>(bytes, 256));
    void* p = nullptr;
    if (place == Place::host) {
      check(cudaHostAlloc(&p, size, cudaHostAllocPortable), "{} bytes of page-locked host memory", bytes);
    } else {
      const cudaError_t error = cudaMalloc(&p, size);
      if (error == cudaErrorMemoryAllocation) {
        cudaGetLastError();
        const Memory m = memory();
        fail(ErrorCode::out_of_memory, "GPU {} has no memory for a buffer of {} bytes: {} of {} bytes are free", info_.index, bytes, m.free, m.total);
      }
      check(error, "{} bytes of memory of GPU {}", bytes, info_.index);
    }
    return static_cast<std::byte*>(p);
  }
  void release(std::byte* p, Place place) noexcept override {
    int before = 0;
    if (cudaGetDevice(&before) != cudaSuccess) return;
    cudaSetDevice(info_.index);
    if (place == Place::host) cudaFreeHost(p);
    else cudaFree(p);
    cudaSetDevice(before);
  }
  Memory memory() const override {
    const CurrentDevice current(info_.index);
    size_t free = 0, total = 0;
    check(cudaMemGetInfo(&free, &total), "asking GPU {} for its free memory", info_.index);
    return {static_cast<int64_t>(free), static_cast<int64_t>(total)};
  }

  std::unique_ptr<Stream> make_stream() override {
    const CurrentDevice current(info_.index);
    cudaStream_t handle = nullptr;
    check(cudaStreamCreateWithFlags(&handle, cudaStreamNonBlocking), "making a stream on GPU {}", info_.index);
    return cuda::make_stream(info_.index, handle, true);
  }
  std::unique_ptr<Event> make_event(bool spin) override { return cuda::make_event(info_.index, spin); }
  std::unique_ptr<Stream> borrow_stream(void* handle) override { return cuda::make_stream(info_.index, static_cast<cudaStream_t>(handle), false); }

  std::shared_ptr<const Executable> prepare_reorder(DType dtype, const Dims& dims, const Format& from, const Format& to) override {
    const CurrentDevice current(info_.index);
    return place_reorder(dtype, dims, from, to);
  }

 private:
  DeviceInfo info_;
};

}  // namespace

std::vector<DeviceInfo> list_devices(std::string& why) {
  int count = 0;
  if (const cudaError_t error = cudaGetDeviceCount(&count); error != cudaSuccess) {
    cudaGetLastError();
    why = error == cudaErrorInsufficientDriver ? fmt::format("NVIDIA's driver is missing or older than CUDA {} needs; install a newer driver", runtime_version())
                                               : fmt::format("NVIDIA's driver shows no GPU: {}", cudaGetErrorString(error));
    return {};
  }
  std::vector<DeviceInfo> found;
  for (int i = 0; i < count; ++i) {
    DeviceInfo info = describe(i);
    if (info.compute >= kOldestCompute) found.push_back(std::move(info));
    else why += fmt::format("GPU {} ({}) is {}; Tenon supports sm_75 (Turing) and newer. ", i, info.name, info.features);
  }
  if (found.empty() && why.empty()) why = "NVIDIA's driver shows no GPU";
  return found;
}

std::shared_ptr<Device> open_device(DeviceInfo info, int threads) {
  info.threads = threads > 0 ? threads : usable_cores();
  return std::make_shared<CudaDevice>(std::move(info));
}

}  // namespace tenon::core::cuda
