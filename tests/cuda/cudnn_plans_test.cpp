// Plans on a cuDNN that is none: its functions are stand-ins, so that no GPU is needed.
#include "cuda/cudnn_plans.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace tenon::core::cuda::cudnn {
namespace {

std::atomic<int> plans_running{0}, met{0}, runs{0};

cudnnStatus_t make_descriptor(cudnnBackendDescriptorType_t, cudnnBackendDescriptor_t* into) {
  *into = new int;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t destroy_descriptor(cudnnBackendDescriptor_t d) {
  delete static_cast<int*>(d);
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t set_attribute(cudnnBackendDescriptor_t, cudnnBackendAttributeName_t, cudnnBackendAttributeType_t, int64_t, const void*) { return CUDNN_STATUS_SUCCESS; }
cudnnStatus_t get_attribute(cudnnBackendDescriptor_t, cudnnBackendAttributeName_t, cudnnBackendAttributeType_t, int64_t, int64_t* count, void* into) {
  *count = 1;
  *static_cast<int64_t*>(into) = 0;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t finalize(cudnnBackendDescriptor_t) { return CUDNN_STATUS_SUCCESS; }
cudnnStatus_t set_stream(cudnnHandle_t, cudaStream_t) { return CUDNN_STATUS_SUCCESS; }
cudnnStatus_t execute(cudnnHandle_t, cudnnBackendDescriptor_t, cudnnBackendDescriptor_t) {
  met += ++plans_running > 1;
  std::this_thread::sleep_for(std::chrono::microseconds(100));
  --plans_running;
  ++runs;
  return CUDNN_STATUS_SUCCESS;
}

TEST(CudnnPlans, ThreadsTakeTurns) {
  std::string why;
  const Library* found = Library::get(why);
  if (!found) GTEST_SKIP() << why;
  Library lib = *found;
  lib.create_descriptor = make_descriptor;
  lib.destroy_descriptor = destroy_descriptor;
  lib.set_attribute = set_attribute;
  lib.get_attribute = get_attribute;
  lib.finalize = finalize;
  lib.set_stream = set_stream;
  lib.execute = execute;
  GraphSpec spec;
  spec.memory({1}, {1}, CUDNN_DATA_FLOAT);
  const auto descriptor = [&] { return Descriptor(lib, CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR, "a plan"); };
  const Engine engine{descriptor(), {}, "engine", false};
  const Plan plan(lib, 0, spec, engine, descriptor());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      void* const pointers[1] = {};
      for (int i = 0; i < 50; ++i) plan.run(nullptr, pointers, nullptr, nullptr);
    });
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(runs, 200);
  EXPECT_EQ(met, 0);
}

}  // namespace
}  // namespace tenon::core::cuda::cudnn
