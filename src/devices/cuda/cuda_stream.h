#pragma once
#include <cuda_runtime_api.h>

#include "devices/device.h"

namespace tenon::core::cuda {

/// A stream of GPU `device`: our own (`own`), or the caller's.
std::unique_ptr<Stream> make_stream(int device, cudaStream_t handle, bool own);

std::unique_ptr<Event> make_event(int device, bool spin);

}  // namespace tenon::core::cuda
