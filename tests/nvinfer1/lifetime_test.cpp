#include "network_support.h"

namespace tenon::test {

using namespace nvinfer1;

/// `destroy` of level 7 still is `delete`; whatever the order, what is left keeps working.
TEST(Lifetime, DestroyIsDelete) {
  setenv("TENON_DEVICE", test_device(), 1);
  Logger logger;
  IBuilder* builder = createInferBuilder(logger);
  INetworkDefinition* network = builder->createNetworkV2(1U);
  IBuilderConfig* config = builder->createBuilderConfig();
  config->setFlag(BuilderFlag::kREFIT);
  ITensor* y = network->addUnary(*network->addInput("x", DataType::kFLOAT, dims({1, 2})), UnaryOperation::kABS)->getOutput(0);
  y->setName("y");
  network->markOutput(*y);
  IHostMemory* memory = builder->buildSerializedNetwork(*network, *config);
  ASSERT_NE(memory, nullptr) << logger.text;
  config->destroy();
  network->destroy();
  builder->destroy();
  IRuntime* runtime = createInferRuntime(logger);
  ICudaEngine* engine = runtime->deserializeCudaEngine(memory->data(), memory->size());
  memory->destroy();
  runtime->destroy();
  ASSERT_NE(engine, nullptr) << logger.text;
  IRefitter* refitter = createInferRefitter(*engine, logger);
  IExecutionContext* context = engine->createExecutionContext();
  ASSERT_NE(context, nullptr);
  refitter->destroy();
  engine->destroy();
  Array<float> in{-1, 2}, out(2);
  void* bindings[] = {in, out};
  EXPECT_TRUE(context->executeV2(bindings)) << logger.text;
  EXPECT_EQ(out[0], 1);
  context->destroy();
}

TEST(Lifetime, BuilderHasThePluginsOfTheProcess) {
  Logger logger;
  std::unique_ptr<IBuilder> builder(createInferBuilder(logger));
  EXPECT_TRUE(builder->getPluginRegistry().isParentSearchEnabled());
  EXPECT_EQ(builder->getPluginRegistry().getPluginCreator("Nothing", "1", ""), nullptr);
  EXPECT_TRUE(logger.said("could not find Plugin Nothing version 1")) << logger.text;
}

}  // namespace tenon::test
