#include <cstdlib>
#include <fstream>

#include "base/ledger.h"
#include "cuda/memory.h"
#include "devices/cuda/cuda_device.h"
#include "devices/cuda/ranges.h"
#include "devices/nvml.h"
#include "fixture.h"

namespace tenon::core::cuda {
namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(Driver, MissingOldAndWithoutGpu) {
  EXPECT_TRUE(contains(why_no_devices(0, "no CUDA-capable device is detected"), "not installed"));
  const std::string old = why_no_devices(11040, "CUDA driver version is insufficient");
  EXPECT_TRUE(contains(old, "of CUDA 11.4; this build needs one of CUDA")) << old;
  EXPECT_TRUE(contains(why_no_devices(CUDART_VERSION + 1000, "no CUDA-capable device is detected"), "shows no GPU: no CUDA-capable device"));
}

#ifdef TENON_FAKE_PROFILER
TEST(Ranges, GoToTheProfilerThatIsInjected) {
  if (std::getenv("NVTX_INJECTION64_PATH")) GTEST_SKIP() << "a profiler listens";
  if (!std::ifstream(TENON_FAKE_PROFILER)) GTEST_SKIP() << "no " << TENON_FAKE_PROFILER;
  EXPECT_EQ(profiler_ranges(), nullptr);
  const std::string file = testing::TempDir() + "/ranges.txt";
  std::remove(file.c_str());
  ::setenv("FAKE_NVTX", file.c_str(), 1);
  ::setenv("NVTX_INJECTION64_PATH", TENON_FAKE_PROFILER, 1);
  ProfilerRanges* ranges = profiler_ranges();
  ASSERT_NE(ranges, nullptr);
  ranges->begin("conv1 + relu1");
  ranges->end();
  ::unsetenv("NVTX_INJECTION64_PATH");
  EXPECT_EQ(profiler_ranges(), nullptr);
  std::ifstream in(file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  EXPECT_EQ(lines, (std::vector<std::string>{"Tenon", "conv1 + relu1", "end"}));
}
#endif

class DeviceChecks : public OnGpu {
 protected:
  void SetUp() override {
    OnGpu::SetUp();
    if (!IsSkipped()) device = open_device(gpu_info(), 1);
  }
  template <class F>
  std::string error_of(F&& f) {
    try {
      f();
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  }
  std::shared_ptr<Device> device;
};

TEST_F(DeviceChecks, HostMemoryIsNoDeviceMemory) {
  int reads_host_memory = 0;
  check(cudaDeviceGetAttribute(&reads_host_memory, cudaDevAttrPageableMemoryAccess, device->info().index), "asking");
  if (reads_host_memory) GTEST_SKIP() << "this GPU reads all host memory";
  const std::vector<float> host(64);
  EXPECT_TRUE(contains(error_of([&] { device->check_memory(host.data(), "input 'x'"); }), "input 'x'"));
  const DeviceBuffer own(256);
  EXPECT_EQ(error_of([&] { device->check_memory(own.data(), "input 'x'"); }), "");
}

TEST_F(DeviceChecks, OtherGpusAreNamed) {
  int count = 0;
  check(cudaGetDeviceCount(&count), "counting");
  if (count < 2) GTEST_SKIP() << "one GPU";
  const int here = device->info().index, there = here == 0 ? 1 : 0;
  const CurrentDevice current(there);
  const DeviceBuffer other(256);
  const std::string text = error_of([&] { device->check_memory(other.data(), "input 'x'"); });
  EXPECT_TRUE(contains(text, fmt::format("memory of GPU {}", there)) && contains(text, fmt::format("runs on GPU {}", here))) << text;
  cudaStream_t stream = nullptr;
  check(cudaStreamCreate(&stream), "a stream");
  const std::string stream_text = error_of([&] { device->borrow_stream(stream); });
  EXPECT_TRUE(contains(stream_text, fmt::format("stream is of GPU {}", there))) << stream_text;
  cudaStreamDestroy(stream);
}

TEST_F(DeviceChecks, MemoryIsCountedAndLimited) {
  Ledger& ledger = Ledger::of(device->info().index);
  const int64_t before = ledger.held();
  std::byte* memory = device->allocate(1 << 20, Place::device);
  EXPECT_EQ(ledger.held(), before + (1 << 20));
  ledger.set_limit(before + (2 << 20));
  EXPECT_LE(device->memory().free, 1 << 20);
  EXPECT_TRUE(contains(error_of([&] { device->allocate(3 << 20, Place::device); }), "--device-memory-limit"));
  ledger.set_limit(0);
  device->release(memory, Place::device);
  EXPECT_EQ(ledger.held(), before);
}

TEST_F(DeviceChecks, NvmlKnowsThisGpu) {
  const GpuState state = nvml().state(device->address());
  EXPECT_TRUE(state.known) << device->address() << ": " << nvml().why();
  EXPECT_GT(state.sm_mhz, 0);
  EXPECT_GT(state.power_w, 0);
  bool listed = false;
  for (const GpuInfo& gpu : nvml().gpus()) listed |= gpu.address == device->address() && gpu.compute == device->info().compute;
  EXPECT_TRUE(listed);
}

TEST_F(DeviceChecks, AWorkingGpuHasNoFault) { EXPECT_EQ(device->fault(), ""); }

}  // namespace
}  // namespace tenon::core::cuda
