// `destroy` of level 7 gives memory back, as `delete` does.
#include <malloc.h>

#include "NvCaffeParser.h"
#include "NvOnnxConfig.h"
#include "NvOnnxParser.h"
#include "NvUffParser.h"
#include "network_support.h"

using namespace nvinfer1;
using namespace tenon::test;

// Of sanitizers, which have a heap of their own.
extern "C" size_t __sanitizer_get_current_allocated_bytes() __attribute__((weak));

namespace {

int64_t heap_bytes() { return static_cast<int64_t>(__sanitizer_get_current_allocated_bytes ? __sanitizer_get_current_allocated_bytes() : mallinfo2().uordblks); }

/// Makes and destroys many: what stays is less than `bytes` each.
template <class Make>
void expect_freed(const char* what, Make make, int64_t bytes = 8) {
  constexpr int kWarmUp = 20, kTimes = 100;
  int64_t before = 0;
  for (int i = 0; i < kWarmUp + kTimes; ++i) {
    if (i == kWarmUp) before = heap_bytes();
    auto* object = make();
    ASSERT_NE(object, nullptr) << what;
    object->destroy();
  }
  EXPECT_LT(heap_bytes() - before, kTimes * bytes) << what;
}

TEST(Ownership, DestroyFreesWhatABuildMade) {
  setenv("TENON_DEVICE", "cpu", 1);
  Logger logger;
  std::unique_ptr<IBuilder> builder(createInferBuilder(logger));
  std::unique_ptr<INetworkDefinition> network(builder->createNetworkV2(1u));
  std::unique_ptr<IBuilderConfig> config(builder->createBuilderConfig());
  config->setBuilderOptimizationLevel(0);
  config->setFlag(BuilderFlag::kREFIT);
  ITensor* x = network->addInput("x", DataType::kFLOAT, dims({2}));
  network->markOutput(*network->addUnary(*x, UnaryOperation::kNEG)->getOutput(0));
  std::unique_ptr<IHostMemory> plan(builder->buildSerializedNetwork(*network, *config));
  ASSERT_NE(plan, nullptr) << logger.text;
  std::unique_ptr<IRuntime> runtime(createInferRuntime(logger));
  std::unique_ptr<ICudaEngine> engine(runtime->deserializeCudaEngine(plan->data(), plan->size(), nullptr));
  ASSERT_NE(engine, nullptr) << logger.text;
  logger.text.reserve(1 << 20);
  expect_freed("IExecutionContext", [&] { return engine->createExecutionContext(); });
  expect_freed("IRefitter", [&] { return createInferRefitter(*engine, logger); });
  expect_freed("IHostMemory", [&] { return engine->serialize(); });
  expect_freed("IRuntime", [&] { return createInferRuntime(logger); });
  expect_freed("IParser", [&] { return nvonnxparser::createParser(*network, logger); });
  expect_freed("IBuilderConfig", [&] { return builder->createBuilderConfig(); });
  expect_freed("INetworkDefinition", [&] { return builder->createNetworkV2(1u); });
  expect_freed("IBuilder", [&] { return createInferBuilder(logger); });
  // Its threads end a little later than it.
  expect_freed("ICudaEngine", [&] { return runtime->deserializeCudaEngine(plan->data(), plan->size(), nullptr); }, 1000);
}

TEST(Ownership, DestroyFreesParsersAndConfigs) {
  expect_freed("IOnnxConfig", [] { return nvonnxparser::createONNXConfig(); });
  expect_freed("ICaffeParser", [] { return nvcaffeparser1::createCaffeParser(); });
  expect_freed("IUffParser", [] { return nvuffparser::createUffParser(); });
}

}  // namespace
