#include "cuda/memory.h"

#include <algorithm>

#include "base/ledger.h"

namespace tenon::core::cuda {
namespace {

/// A stream for the length of one copy.
class CopyStream {
 public:
  CopyStream() { check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "making a stream for a copy"); }
  ~CopyStream() { cudaStreamDestroy(stream_); }
  CopyStream(const CopyStream&) = delete;
  CopyStream& operator=(const CopyStream&) = delete;
  cudaStream_t get() const { return stream_; }

 private:
  cudaStream_t stream_ = nullptr;
};

}  // namespace

std::shared_ptr<const DeviceBuffer> DeviceBuffer::of(std::span<const std::byte> host) {
  auto buffer = std::make_shared<DeviceBuffer>(static_cast<int64_t>(host.size()));
  if (host.empty()) return buffer;
  // cudaMemcpy may return before the last bytes of pageable memory have arrived, and our streams do not wait for the default one.
  const CopyStream stream;
  check(cudaMemcpyAsync(buffer->data_, host.data(), host.size(), cudaMemcpyHostToDevice, stream.get()), "copying {} bytes to the GPU", host.size());
  check(cudaStreamSynchronize(stream.get()), "waiting for a copy of {} bytes to the GPU", host.size());
  return buffer;
}

void* allocate_device(int64_t bytes) {
  const int device = current_device();
  Ledger& ledger = Ledger::of(device);
  const int64_t size = std::max<int64_t>(bytes, 1);
  ledger.check(size, "a buffer");
  void* memory = nullptr;
  const cudaError_t error = cudaMalloc(&memory, static_cast<size_t>(size));
  if (error == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    size_t free = 0, total = 0;
    check(cudaMemGetInfo(&free, &total), "asking GPU {} for its free memory", device);
    fail(ErrorCode::out_of_memory, "GPU {} has no memory for a buffer of {}: {} of {} are free; {}", device, memory_text(size),
         memory_text(static_cast<int64_t>(free)), memory_text(static_cast<int64_t>(total)), ledger.text());
  }
  check(error, "{} bytes of memory of GPU {}", size, device);
  ledger.took(memory, size);
  return memory;
}

void release_device(void* memory) noexcept {
  int device = 0;
  if (!memory) return;
  // Memory may be given back while another device is current.
  cudaPointerAttributes found{};
  device = cudaPointerGetAttributes(&found, memory) == cudaSuccess && found.type == cudaMemoryTypeDevice ? found.device : -1;
  if (device >= 0) Ledger::of(device).gave_back(memory);
  cudaFree(memory);
  cudaGetLastError();
}

}  // namespace tenon::core::cuda
