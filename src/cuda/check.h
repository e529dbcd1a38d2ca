#pragma once
#include <cuda_runtime_api.h>

#include "base/error.h"

namespace tenon::core::cuda {

/// Fails with a sentence when a call of the CUDA runtime did: `check(cudaMalloc(&p, n), "{} bytes of device memory", n)`.
template <class... Parts>
void check(cudaError_t error, fmt::format_string<Parts...> what, Parts&&... parts) {
  if (error == cudaSuccess) return;
  cudaGetLastError();  // an error that is not sticky must not show up in a later call
  const ErrorCode code = error == cudaErrorMemoryAllocation ? ErrorCode::out_of_memory : ErrorCode::device_failed;
  fail(code, "{}: {} ({})", fmt::format(what, std::forward<Parts>(parts)...), cudaGetErrorString(error), cudaGetErrorName(error));
}

inline int current_device() {
  int device = 0;
  check(cudaGetDevice(&device), "asking for the current device");
  return device;
}

/// Makes `device` current for a scope, and the one before current again.
class CurrentDevice {
 public:
  explicit CurrentDevice(int device) : before_(current_device()) {
    if (before_ != device) check(cudaSetDevice(device), "using GPU {}", device);
    changed_ = before_ != device;
  }
  ~CurrentDevice() {
    if (changed_) cudaSetDevice(before_);
  }
  CurrentDevice(const CurrentDevice&) = delete;
  CurrentDevice& operator=(const CurrentDevice&) = delete;

 private:
  int before_;
  bool changed_ = false;
};

}  // namespace tenon::core::cuda
