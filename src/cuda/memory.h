#pragma once
#include <cstddef>
#include <memory>
#include <span>

#include "cuda/check.h"

namespace tenon::core::cuda {

/// Memory of the device that is current, counted in its Ledger. Fails with out_of_memory naming what is free and held.
void* allocate_device(int64_t bytes);
void release_device(void*) noexcept;

/// Memory of the device that was current when it was made.
class DeviceBuffer {
 public:
  explicit DeviceBuffer(int64_t bytes) : data_(allocate_device(bytes)), bytes_(bytes) {}
  /// A copy of host memory, complete when this returns: kernels of every stream may read it.
  static std::shared_ptr<const DeviceBuffer> of(std::span<const std::byte> host);
  ~DeviceBuffer() { release_device(data_); }
  DeviceBuffer(const DeviceBuffer&) = delete;
  DeviceBuffer& operator=(const DeviceBuffer&) = delete;

  void* data() const { return data_; }
  int64_t size() const { return bytes_; }

 private:
  void* data_;
  int64_t bytes_;
};

}  // namespace tenon::core::cuda
