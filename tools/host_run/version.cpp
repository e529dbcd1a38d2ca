// TENON_CUDART_MAJOR: the release of CUDA that this library stands in for.
#include "calls.h"

namespace {

constexpr size_t kProperties11 = 728, kProperties12 = 1032, kProperties13 = 1008;

}  // namespace

int tenon::host_run::release() { return TENON_CUDART_MAJOR * 1000; }

extern "C" {

// Programs of CUDA 12 call the second one; its struct is the old one with more at its end.
int cudaGetDeviceProperties(void* properties, int device) {
  const bool is_new = TENON_CUDART_MAJOR >= 13;
  return tenon::host_run::describe_device(properties, is_new ? kProperties13 : kProperties11, device, is_new);
}
int cudaGetDeviceProperties_v2(void* properties, int device) { return tenon::host_run::describe_device(properties, kProperties12, device, false); }

}  // extern "C"
