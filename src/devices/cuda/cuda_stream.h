#pragma once
#include <cuda_runtime_api.h>

#include "devices/device.h"

namespace tenon::core::cuda {

/// A stream of our own on GPU `device`, one that an earlier owner gave back where there is one.
std::unique_ptr<Stream> make_stream(int device);
std::unique_ptr<Stream> view_stream(int device, cudaStream_t callers);

std::unique_ptr<Event> make_event(int device, bool spin);

}  // namespace tenon::core::cuda
