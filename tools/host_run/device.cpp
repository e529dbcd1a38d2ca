#include <sched.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <vector>

#include "calls.h"

using namespace tenon::host_run;

namespace {

constexpr int kLastAttribute = 147;

size_t cores() {
  cpu_set_t mask;
  return sched_getaffinity(0, sizeof mask, &mask) == 0 ? static_cast<size_t>(CPU_COUNT(&mask)) : 1;
}

size_t positive(long value) { return value > 0 ? static_cast<size_t>(value) : 0; }

/// What programs commonly ask for; all else is 0. Sizes are those of compute capability 8.0 where a CPU has no such thing, so that
/// programs take their usual way.
std::vector<Fact> make_facts() {
  const size_t memory = positive(sysconf(_SC_PHYS_PAGES)) * positive(sysconf(_SC_PAGESIZE));
  return {
      {0, 288, 288, 8, memory},           // totalGlobalMem
      {1, 320, 320, 4, 1024},             // maxThreadsPerBlock
      {2, 324, 324, 4, 1024},             // maxThreadsDim
      {3, 328, 328, 4, 1024},
      {4, 332, 332, 4, 64},
      {5, 336, 336, 4, 2147483647},       // maxGridSize
      {6, 340, 340, 4, 65535},
      {7, 344, 344, 4, 65535},
      {8, 296, 296, 8, 49152},            // sharedMemPerBlock
      {9, 352, 352, 8, 65536},            // totalConstMem
      {10, 308, 308, 4, 32},              // warpSize
      {11, 312, 312, 8, 2147483647},      // memPitch
      {12, 304, 304, 4, 65536},           // regsPerBlock
      {14, 368, 368, 8, 512},             // textureAlignment
      {16, 388, 384, 4, cores()},         // multiProcessorCount
      {18, 396, 388, 4, 1},               // integrated
      {19, 400, 392, 4, 1},               // canMapHostMemory
      {31, 576, 560, 4, 1},               // concurrentKernels
      {38, 616, 596, 4, positive(sysconf(_SC_LEVEL2_CACHE_SIZE))},
      {39, 624, 604, 4, 2048},            // maxThreadsPerMultiProcessor
      {40, 600, 584, 4, 1},               // asyncEngineCount
      {41, 604, 588, 4, 1},               // unifiedAddressing
      {75, 360, 360, 4, 8},               // major
      {76, 364, 364, 4, 0},               // minor
      {81, 640, 624, 8, 167936},          // sharedMemPerMultiprocessor
      {82, 648, 632, 4, 65536},           // regsPerMultiprocessor
      {83, 652, 636, 4, 1},               // managedMemory
      {86, -1, -1, 4, 1},                 // hostNativeAtomicSupported
      {88, 672, 652, 4, 1},               // pageableMemoryAccess
      {89, 676, 656, 4, 1},               // concurrentManagedAccess
      {91, 684, 664, 4, 1},               // canUseHostPointerForRegisteredMem
      {97, 696, 672, 8, 49152},           // sharedMemPerBlockOptin
      {99, -1, -1, 4, 1},                 // hostRegisterSupported
  };
}

const std::vector<Fact>& facts() {
  static auto& list = *new std::vector<Fact>(make_facts());
  return list;
}

int check_device(int device) { return finish(device == 0 ? ok : invalid_device); }

int set_int(int* place, int value) {
  if (!place) return finish(invalid_value);
  *place = value;
  return ok;
}

}  // namespace

namespace tenon::host_run {

int describe_device(void* properties, size_t bytes, int device, bool new_layout) {
  if (!properties) return finish(invalid_value);
  if (device != 0) return finish(invalid_device);
  constexpr size_t kNameBytes = 256;
  auto* at = static_cast<char*>(properties);
  std::memset(at, 0, bytes);
  std::snprintf(at, kNameBytes, "CPU (tenon host-run)");
  for (const Fact& f : facts()) {
    const int offset = new_layout ? f.new_at : f.old_at;
    if (offset >= 0) std::memcpy(at + offset, &f.value, static_cast<size_t>(f.bytes));  // the low bytes come first
  }
  return ok;
}

}  // namespace tenon::host_run

extern "C" {

int cudaGetDeviceCount(int* count) { return set_int(count, 1); }
int cudaGetDevice(int* device) { return set_int(device, 0); }
int cudaChooseDevice(int* device, const void*) { return set_int(device, 0); }
int cudaSetDevice(int device) { return check_device(device); }
int cudaInitDevice(int device, unsigned, unsigned) { return check_device(device); }
int cudaSetValidDevices(int*, int) { return ok; }
int cudaSetDeviceFlags(unsigned) { return ok; }
int cudaGetDeviceFlags(unsigned* flags) { return set_int(reinterpret_cast<int*>(flags), 0); }
int cudaDeviceSynchronize() { return ok; }
int cudaThreadSynchronize() { return ok; }
int cudaDeviceReset() { return ok; }
int cudaThreadExit() { return ok; }
int cudaProfilerStart() { return ok; }
int cudaProfilerStop() { return ok; }
int cudaDeviceSetLimit(int, size_t) { return ok; }
int cudaDeviceGetLimit(size_t* value, int) {
  if (!value) return finish(invalid_value);
  *value = 0;
  return ok;
}
int cudaDeviceSetCacheConfig(int) { return ok; }
int cudaCtxResetPersistingL2Cache() { return ok; }
int cudaDeviceCanAccessPeer(int* can, int, int) { return set_int(can, 0); }
int cudaDriverGetVersion(int* version) { return set_int(version, release()); }
int cudaRuntimeGetVersion(int* version) { return set_int(version, release()); }

int cudaDeviceGetAttribute(int* value, int attribute, int device) {
  if (attribute < 1 || attribute > kLastAttribute) return finish(invalid_value);
  if (device != 0) return finish(invalid_device);
  for (const Fact& f : facts())
    if (f.attribute == attribute) return set_int(value, static_cast<int>(f.value));
  return set_int(value, 0);
}

int cudaDeviceGetPCIBusId(char* text, int bytes, int device) {
  if (!text || bytes < 1) return finish(invalid_value);
  if (device != 0) return finish(invalid_device);
  std::snprintf(text, static_cast<size_t>(bytes), "0000:00:00.0");
  return ok;
}

}  // extern "C"
