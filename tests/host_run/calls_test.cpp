// The stand-in for the CUDA runtime, called as programs call it: compiled against NVIDIA's header, run by `tenon host-run`.
#include <cuda_profiler_api.h>
#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <cstring>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

namespace {

TEST(HostRunDevice, IsOneCpu) {
  int count = 0, device = -1, cores = 0, major = 0, version = 0;
  EXPECT_EQ(cudaGetDeviceCount(&count), cudaSuccess);
  EXPECT_EQ(count, 1);
  EXPECT_EQ(cudaGetDevice(&device), cudaSuccess);
  EXPECT_EQ(device, 0);
  EXPECT_EQ(cudaSetDevice(0), cudaSuccess);
  EXPECT_EQ(cudaSetDevice(1), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaDeviceGetAttribute(&cores, cudaDevAttrMultiProcessorCount, 0), cudaSuccess);
  EXPECT_GT(cores, 0);
  EXPECT_EQ(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, 0), cudaSuccess);
  EXPECT_EQ(major, 8);
  EXPECT_EQ(cudaRuntimeGetVersion(&version), cudaSuccess);
  EXPECT_EQ(version / 1000, CUDART_VERSION / 1000);
  EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  EXPECT_EQ(cudaProfilerStart(), cudaSuccess);
}

/// The fields are where this release of CUDA has them.
TEST(HostRunDevice, FillsTheProperties) {
  struct {
    cudaDeviceProp properties;
    char behind[64];
  } memory;
  std::memset(&memory, 0x5a, sizeof memory);
  ASSERT_EQ(cudaGetDeviceProperties(&memory.properties, 0), cudaSuccess);
  const cudaDeviceProp& p = memory.properties;
  EXPECT_STREQ(p.name, "CPU (tenon host-run)");
  const auto attribute = [](cudaDeviceAttr which) {
    int value = -1;
    return cudaDeviceGetAttribute(&value, which, 0) == cudaSuccess ? value : -1;
  };
  EXPECT_GT(p.totalGlobalMem, size_t{1} << 20);
  EXPECT_EQ(p.multiProcessorCount, attribute(cudaDevAttrMultiProcessorCount));
  EXPECT_EQ(p.warpSize, 32);
  EXPECT_EQ(p.maxThreadsPerBlock, 1024);
  EXPECT_EQ(p.maxThreadsDim[2], 64);
  EXPECT_EQ(p.maxGridSize[0], 2147483647);
  EXPECT_EQ(p.sharedMemPerBlock, 49152U);
  EXPECT_EQ(p.sharedMemPerMultiprocessor, 167936U);
  EXPECT_EQ(p.sharedMemPerBlockOptin, 49152U);
  EXPECT_EQ(p.regsPerMultiprocessor, 65536);
  EXPECT_EQ(p.maxThreadsPerMultiProcessor, 2048);
  EXPECT_EQ(p.major, 8);
  EXPECT_EQ(p.integrated, 1);
  EXPECT_EQ(p.canMapHostMemory, 1);
  EXPECT_EQ(p.concurrentKernels, 1);
  EXPECT_EQ(p.asyncEngineCount, 1);
  EXPECT_EQ(p.unifiedAddressing, 1);
  EXPECT_EQ(p.managedMemory, 1);
  EXPECT_EQ(p.pageableMemoryAccess, 1);
  EXPECT_EQ(p.concurrentManagedAccess, 1);
  EXPECT_EQ(p.canUseHostPointerForRegisteredMem, 1);
  EXPECT_EQ(p.l2CacheSize, attribute(cudaDevAttrL2CacheSize));
  EXPECT_EQ(p.ECCEnabled, 0);
  EXPECT_EQ(memory.behind[0], 0x5a);
  EXPECT_EQ(cudaGetDeviceProperties(&memory.properties, 3), cudaErrorInvalidDevice);
}

TEST(HostRunMemory, CopiesThereAndBack) {
  std::vector<int> in(1000), out(1000);
  std::iota(in.begin(), in.end(), 0);
  const size_t bytes = in.size() * sizeof(int);
  void *device = nullptr, *managed = nullptr, *pinned = nullptr;
  ASSERT_EQ(cudaMalloc(&device, bytes), cudaSuccess);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(device) % 256, 0U);
  ASSERT_EQ(cudaMallocManaged(&managed, bytes, cudaMemAttachGlobal), cudaSuccess);
  ASSERT_EQ(cudaMallocHost(&pinned, bytes), cudaSuccess);
  EXPECT_EQ(cudaMemcpy(device, in.data(), bytes, cudaMemcpyHostToDevice), cudaSuccess);
  EXPECT_EQ(cudaMemcpyAsync(managed, device, bytes, cudaMemcpyDeviceToDevice, nullptr), cudaSuccess);
  EXPECT_EQ(cudaMemcpyAsync(pinned, managed, bytes, cudaMemcpyDefault, cudaStreamPerThread), cudaSuccess);
  EXPECT_EQ(cudaMemcpy(out.data(), pinned, bytes, cudaMemcpyDeviceToHost), cudaSuccess);
  EXPECT_EQ(in, out);
  EXPECT_EQ(cudaMemset(device, 1, bytes), cudaSuccess);
  EXPECT_EQ(static_cast<int*>(device)[999], 0x01010101);
  EXPECT_EQ(cudaFree(device), cudaSuccess);
  EXPECT_EQ(cudaFree(managed), cudaSuccess);
  EXPECT_EQ(cudaFreeHost(pinned), cudaSuccess);
}

TEST(HostRunMemory, CopiesRows) {
  const std::vector<char> in{'a', 'b', '-', 'c', 'd', '-'};
  void* device = nullptr;
  size_t pitch = 0;
  char out[4] = {};
  ASSERT_EQ(cudaMallocPitch(&device, &pitch, 2, 2), cudaSuccess);
  EXPECT_GE(pitch, 2U);
  EXPECT_EQ(cudaMemcpy2D(device, pitch, in.data(), 3, 2, 2, cudaMemcpyHostToDevice), cudaSuccess);
  EXPECT_EQ(cudaMemcpy2DAsync(out, 2, device, pitch, 2, 2, cudaMemcpyDeviceToHost, nullptr), cudaSuccess);
  EXPECT_EQ(std::string(out, 4), "abcd");
  EXPECT_EQ(cudaMemcpy2D(out, 1, device, pitch, 2, 2, cudaMemcpyDeviceToHost), cudaErrorInvalidPitchValue);
  EXPECT_EQ(cudaMemset2D(device, pitch, 'x', 2, 2), cudaSuccess);
  EXPECT_EQ(static_cast<char*>(device)[pitch + 1], 'x');
  EXPECT_EQ(cudaFree(device), cudaSuccess);
}

TEST(HostRunMemory, RefusesWhatIsWrong) {
  void *device = nullptr, *pinned = nullptr;
  int local = 0;
  EXPECT_EQ(cudaMalloc(&device, SIZE_MAX), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaMalloc(&device, 0), cudaSuccess);
  EXPECT_EQ(device, nullptr);
  EXPECT_EQ(cudaMalloc(nullptr, 4), cudaErrorInvalidValue);
  ASSERT_EQ(cudaMalloc(&device, 16), cudaSuccess);
  ASSERT_EQ(cudaMallocHost(&pinned, 16), cudaSuccess);
  char bytes[64] = {};
  EXPECT_EQ(cudaMemcpy(device, bytes, 17, cudaMemcpyHostToDevice), cudaErrorInvalidValue) << "one byte too many";
  EXPECT_EQ(cudaMemcpy(static_cast<char*>(device) + 8, bytes, 9, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemcpy(nullptr, bytes, 4, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemcpy(device, bytes, 4, static_cast<cudaMemcpyKind>(9)), cudaErrorInvalidMemcpyDirection);
  EXPECT_EQ(cudaMemset(device, 0, 17), cudaErrorInvalidValue);
  EXPECT_EQ(cudaFree(&local), cudaErrorInvalidValue);
  EXPECT_EQ(cudaFree(pinned), cudaErrorInvalidValue);
  EXPECT_EQ(cudaFreeHost(device), cudaErrorInvalidValue);
  EXPECT_EQ(cudaFree(device), cudaSuccess);
  EXPECT_EQ(cudaFree(device), cudaErrorInvalidValue) << "twice";
  EXPECT_EQ(cudaFree(nullptr), cudaSuccess);
  EXPECT_EQ(cudaFreeHost(pinned), cudaSuccess);
}

TEST(HostRunMemory, KnowsWhereAPointerIsFrom) {
  cudaPointerAttributes attributes{};
  void *device = nullptr, *managed = nullptr;
  std::vector<char> own(100);
  ASSERT_EQ(cudaMalloc(&device, 16), cudaSuccess);
  ASSERT_EQ(cudaMallocManaged(&managed, 16, cudaMemAttachGlobal), cudaSuccess);
  EXPECT_EQ(cudaPointerGetAttributes(&attributes, static_cast<char*>(device) + 15), cudaSuccess);
  EXPECT_EQ(attributes.type, cudaMemoryTypeDevice);
  EXPECT_EQ(cudaPointerGetAttributes(&attributes, managed), cudaSuccess);
  EXPECT_EQ(attributes.type, cudaMemoryTypeManaged);
  EXPECT_EQ(attributes.hostPointer, managed);
  EXPECT_EQ(cudaPointerGetAttributes(&attributes, own.data()), cudaSuccess);
  EXPECT_EQ(attributes.type, cudaMemoryTypeUnregistered);
  EXPECT_EQ(cudaHostRegister(own.data(), own.size(), cudaHostRegisterDefault), cudaSuccess);
  EXPECT_EQ(cudaHostRegister(own.data() + 50, 10, cudaHostRegisterDefault), cudaErrorHostMemoryAlreadyRegistered);
  EXPECT_EQ(cudaPointerGetAttributes(&attributes, own.data() + 99), cudaSuccess);
  EXPECT_EQ(attributes.type, cudaMemoryTypeHost);
  void* seen = nullptr;
  EXPECT_EQ(cudaHostGetDevicePointer(&seen, own.data(), 0), cudaSuccess);
  EXPECT_EQ(seen, own.data());
  EXPECT_EQ(cudaHostUnregister(own.data()), cudaSuccess);
  EXPECT_EQ(cudaHostUnregister(own.data()), cudaErrorHostMemoryNotRegistered);
  EXPECT_EQ(cudaFree(device), cudaSuccess);
  EXPECT_EQ(cudaFree(managed), cudaSuccess);
  size_t unused = 0, all = 0;
  EXPECT_EQ(cudaMemGetInfo(&unused, &all), cudaSuccess);
  EXPECT_GT(unused, 0U);
  EXPECT_GE(all, unused);
}

TEST(HostRunStreams, RunWorkAsItComes) {
  cudaStream_t stream = nullptr;
  cudaEvent_t begin = nullptr, end = nullptr, untimed = nullptr;
  ASSERT_EQ(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
  unsigned flags = 0;
  EXPECT_EQ(cudaStreamGetFlags(stream, &flags), cudaSuccess);
  EXPECT_EQ(flags, static_cast<unsigned>(cudaStreamNonBlocking));
  ASSERT_EQ(cudaEventCreate(&begin), cudaSuccess);
  ASSERT_EQ(cudaEventCreate(&end), cudaSuccess);
  ASSERT_EQ(cudaEventCreateWithFlags(&untimed, cudaEventDisableTiming), cudaSuccess);
  float ms = 0;
  EXPECT_EQ(cudaEventElapsedTime(&ms, begin, end), cudaErrorInvalidResourceHandle) << "not recorded yet";
  EXPECT_EQ(cudaEventRecord(begin, stream), cudaSuccess);
  int done = 0;
  const auto work = [](void* data) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    *static_cast<int*>(data) += 1;
  };
  EXPECT_EQ(cudaLaunchHostFunc(stream, work, &done), cudaSuccess);
  EXPECT_EQ(cudaStreamAddCallback(stream, [](cudaStream_t, cudaError_t status, void* data) { *static_cast<int*>(data) += status == cudaSuccess ? 10 : 0; }, &done, 0), cudaSuccess);
  EXPECT_EQ(done, 11);
  EXPECT_EQ(cudaEventRecord(end, stream), cudaSuccess);
  EXPECT_EQ(cudaEventRecord(untimed, nullptr), cudaSuccess);
  EXPECT_EQ(cudaStreamWaitEvent(stream, end, 0), cudaSuccess);
  EXPECT_EQ(cudaEventElapsedTime(&ms, begin, end), cudaSuccess);
  EXPECT_GE(ms, 5.0F);
  EXPECT_EQ(cudaEventElapsedTime(&ms, begin, untimed), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaEventQuery(end), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  EXPECT_EQ(cudaStreamDestroy(stream), cudaSuccess);
  EXPECT_EQ(cudaStreamDestroy(stream), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaMemcpyAsync(&ms, &done, 4, cudaMemcpyDefault, stream), cudaErrorInvalidResourceHandle);
  for (cudaEvent_t event : {begin, end, untimed}) EXPECT_EQ(cudaEventDestroy(event), cudaSuccess);
  EXPECT_EQ(cudaEventSynchronize(end), cudaErrorInvalidResourceHandle);
}

TEST(HostRunErrors, AreKeptForEachThread) {
  EXPECT_EQ(cudaSetDevice(7), cudaErrorInvalidDevice);
  std::thread([] { EXPECT_EQ(cudaGetLastError(), cudaSuccess); }).join();
  EXPECT_EQ(cudaPeekAtLastError(), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  EXPECT_STREQ(cudaGetErrorName(cudaErrorMemoryAllocation), "cudaErrorMemoryAllocation");
  EXPECT_STREQ(cudaGetErrorString(cudaErrorMemoryAllocation), "out of memory");
}

TEST(HostRunRefusals, SayWhyOnce) {
  testing::internal::CaptureStderr();
  cudaGraph_t graph = nullptr;
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusActive;
  EXPECT_EQ(cudaStreamBeginCapture(cudaStreamPerThread, cudaStreamCaptureModeGlobal), cudaErrorNotSupported);
  EXPECT_EQ(cudaStreamBeginCapture(cudaStreamPerThread, cudaStreamCaptureModeGlobal), cudaErrorNotSupported);
  EXPECT_EQ(cudaStreamIsCapturing(cudaStreamPerThread, &status), cudaSuccess);
  EXPECT_EQ(status, cudaStreamCaptureStatusNone);
  EXPECT_EQ(cudaGraphCreate(&graph, 0), cudaErrorNotSupported);
  EXPECT_EQ(cudaLaunchKernel(nullptr, dim3(), dim3(), nullptr, 0, nullptr), cudaErrorNotSupported);
  EXPECT_EQ(cudaGetLastError(), cudaErrorNotSupported);
  const std::string said = testing::internal::GetCapturedStderr();
  const std::string capture = "tenon host-run: cudaStreamBeginCapture: work can't be captured on the CPU";
  EXPECT_NE(said.find(capture), std::string::npos) << said;
  EXPECT_EQ(said.find(capture), said.rfind(capture)) << said;
  EXPECT_NE(said.find("cudaGraphCreate: the stand-in for the CUDA runtime does not have this call"), std::string::npos) << said;
  EXPECT_NE(said.find("cudaLaunchKernel: the program launches a kernel of its own"), std::string::npos) << said;
}

}  // namespace
