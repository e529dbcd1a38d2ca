#include "cuda/memory.h"

#include <algorithm>

#include "base/ledger.h"

namespace tenon::core::cuda {
namespace {

int current_device() {
  int device = 0;
  check(cudaGetDevice(&device), "asking for the current device");
  return device;
}

}  // namespace

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
