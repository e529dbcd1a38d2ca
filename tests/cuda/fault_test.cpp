// Takes the device away from its process, so scripts/gpu-check runs it alone: --gtest_also_run_disabled_tests --gtest_filter=DeviceFault.*
#include "base/error.h"
#include "cuda/compile.h"
#include "engine_on_gpu.h"
#include "fixture.h"

namespace tenon::core::cuda {
namespace {

class DeviceFault : public OnGpu {};

TEST_F(DeviceFault, DISABLED_AnIllegalAddressNamesEngineStepsAndTool) {
  const Built built = small_engine(0);
  Execution execution(built.program);
  execution.set_input(0, small_input());
  execution.run();
  const Kernel bad = compiled({"extern \"C\" __global__ void bad(volatile int* p) { *p = 1; }", {}}, gpu_info().compute).kernel("bad");
  bad(Launch{}, reinterpret_cast<int*>(uintptr_t{16}));
  std::string text;
  try {
    for (int i = 0; i < 3; ++i) execution.run();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::device_failed);
    text = e.what();
  }
  for (const char* part : {"illegal memory access", "engine 'small' on stream", "compute-sanitizer --tool memcheck", "start it anew"})
    EXPECT_NE(text.find(part), text.npos) << part << " is not in: " << text;
  EXPECT_NE(built.device->fault(), "");
  printf("%s\n", text.c_str());
  fflush(stdout);
  // What holds memory of a lost device can't give it back.
  std::_Exit(testing::Test::HasFailure());
}

}  // namespace
}  // namespace tenon::core::cuda
