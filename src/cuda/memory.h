#pragma once
#include <cstddef>
#include <memory>
#include <span>

#include "cuda/check.h"

namespace tenon::core::cuda {

/// Memory of the device that was current when it was made.
class DeviceBuffer {
 public:
  explicit DeviceBuffer(int64_t bytes) : bytes_(bytes) {
    check(cudaMalloc(&data_, static_cast<size_t>(bytes > 0 ? bytes : 1)), "allocating {} bytes of GPU memory", bytes);
  }
  /// A copy of host memory, complete when this returns.
  static std::shared_ptr<const DeviceBuffer> of(std::span<const std::byte> host) {
    auto buffer = std::make_shared<DeviceBuffer>(static_cast<int64_t>(host.size()));
    check(cudaMemcpy(buffer->data_, host.data(), host.size(), cudaMemcpyHostToDevice), "copying {} bytes to the GPU",
          host.size());
    return buffer;
  }
  ~DeviceBuffer() { cudaFree(data_); }
  DeviceBuffer(const DeviceBuffer&) = delete;
  DeviceBuffer& operator=(const DeviceBuffer&) = delete;

  void* data() const { return data_; }
  int64_t size() const { return bytes_; }

 private:
  void* data_ = nullptr;
  int64_t bytes_;
};

}  // namespace tenon::core::cuda
