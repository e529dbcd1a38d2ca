#pragma once
#include "NvInferRuntime.h"

namespace tenon::adapter {

/// Records the caller's event in the caller's stream: by the driver where work runs on a GPU, else by the CUDA runtime
/// that the caller's program has, which may be the stand-in of `tenon host-run`. Null events are left alone.
void record_event(cudaEvent_t event, cudaStream_t stream, bool on_gpu);
/// False when the driver knows that a GPU can't read from there.
bool readable_by_gpu(const void* data);

}  // namespace tenon::adapter
