#include "nvinfer1/runtime/cuda_calls.h"

#include <dlfcn.h>

#include "nvinfer1/reporter.h"

namespace tenon::adapter {
namespace {

/// A function of the driver that the process has loaded; null without one.
template <class F>
F driver_function(const char* name) {
  static void* const driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
  return driver ? reinterpret_cast<F>(dlsym(driver, name)) : nullptr;
}

}  // namespace

void record_event(cudaEvent_t event, cudaStream_t stream, bool on_gpu) {
  if (!event) return;
  using Record = int (*)(cudaEvent_t, cudaStream_t);
  static const auto by_driver = driver_function<Record>("cuEventRecord");
  static const auto by_runtime = reinterpret_cast<Record>(dlsym(RTLD_DEFAULT, "cudaEventRecord"));
  const Record record = on_gpu ? by_driver : by_runtime;
  if (!record) refuse(nvinfer1::ErrorCode::kUNSUPPORTED_STATE, "an input-consumed event was given, but this process has no CUDA runtime that could record it");
  if (const int status = record(event, stream)) refuse(nvinfer1::ErrorCode::kFAILED_EXECUTION, "the input-consumed event can't be recorded: CUDA error {}", status);
}

bool readable_by_gpu(const void* data) {
  using Attribute = int (*)(void*, int, unsigned long long);
  static const auto attribute = driver_function<Attribute>("cuPointerGetAttribute");
  constexpr int kMemoryType = 2;
  unsigned int type = 0;
  return !attribute || attribute(&type, kMemoryType, reinterpret_cast<unsigned long long>(data)) == 0;
}

}  // namespace tenon::adapter
