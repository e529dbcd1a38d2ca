#include "tenon/nvinfer1.h"

#include "network_support.h"
#include "nvinfer1/runtime/context.h"

using namespace nvinfer1;
using namespace tenon::test;

namespace {

std::unique_ptr<IExecutionContext> specializing(ICudaEngine& engine) {
  std::unique_ptr<IRuntimeConfig> config(engine.createRuntimeConfig());
  EXPECT_FALSE(tenon::specializes_shapes(*config)) << "off unless asked for";
  tenon::specialize_shapes(*config, true);
  EXPECT_TRUE(tenon::specializes_shapes(*config));
  return std::unique_ptr<IExecutionContext>(engine.createExecutionContext(config.get()));
}

/// What the open dims of the kernels that ran last were chosen for.
std::vector<int64_t> tuned_for(const IExecutionContext& context) {
  std::vector<int64_t> dims;
  for (const auto& entry : tenon::adapter::Context::of(context).kernels()->data.profile.opt) dims.push_back(entry.second);
  return dims;
}

/// y = relu(x) * (1, 2, 3, 4) + 1, tuned for 2 rows of 1 to 4, and for 6 of 4 to 8.
struct SpecializeTest : Fixture {
  void SetUp() override {
    Fixture::SetUp();
    engine = load(small_plan());
    ASSERT_NE(engine, nullptr);
    for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i) - 2;
  }
  void run(IExecutionContext& context, int32_t rows) {
    std::fill(y.begin(), y.end(), -7);
    ASSERT_TRUE(context.setInputShape("x", dims({rows, 4}))) << logger.text;
    context.setTensorAddress("x", x.data());
    context.setTensorAddress("y", y.data());
    ASSERT_TRUE(context.enqueueV3(nullptr)) << logger.text;
    const auto count = static_cast<size_t>(rows) * 4;
    for (size_t i = 0; i < count; ++i) ASSERT_EQ(y[i], std::max(x[i], 0.0F) * static_cast<float>(i % 4 + 1) + 1) << i;
    EXPECT_EQ(y[count], -7);
  }
  std::unique_ptr<ICudaEngine> engine;
  std::vector<float> x = std::vector<float>(32), y = std::vector<float>(33);
};

TEST_F(SpecializeTest, OnlyWhenAskedFor) {
  std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
  run(*context, 3);
  tenon::wait_for_kernels(*context);
  run(*context, 3);
  EXPECT_EQ(tuned_for(*context), std::vector<int64_t>{2});
}

TEST_F(SpecializeTest, TakesKernelsForTheShapesThatItRuns) {
  const auto context = specializing(*engine);
  EXPECT_EQ(tuned_for(*context), std::vector<int64_t>{2});
  run(*context, 3);
  EXPECT_EQ(tuned_for(*context), std::vector<int64_t>{2}) << "the first run does not wait";
  tenon::wait_for_kernels(*context);
  run(*context, 3);
  EXPECT_EQ(tuned_for(*context), std::vector<int64_t>{3}) << logger.text;
  run(*context, 3);
  run(*context, 2);
  EXPECT_EQ(tuned_for(*context), std::vector<int64_t>{2}) << "what the engine is tuned for";
  run(*context, 3);
  EXPECT_EQ(tuned_for(*context), std::vector<int64_t>{3});
  run(*context, 4);
  EXPECT_EQ(tuned_for(*context), std::vector<int64_t>{2}) << "not ready";
}

TEST_F(SpecializeTest, ContextsShareWhatWasChosen) {
  const auto first = specializing(*engine), second = specializing(*engine);
  run(*first, 1);
  tenon::wait_for_kernels(*second);
  run(*second, 1);
  EXPECT_EQ(tuned_for(*second), std::vector<int64_t>{1});
}

TEST_F(SpecializeTest, EachProfileHasItsOwn) {
  const auto context = specializing(*engine);
  run(*context, 4);
  ASSERT_TRUE(context->setOptimizationProfileAsync(1, nullptr));
  EXPECT_EQ(tuned_for(*context), std::vector<int64_t>{6});
  run(*context, 4);
  tenon::wait_for_kernels(*context);
  run(*context, 4);
  EXPECT_EQ(tuned_for(*context), std::vector<int64_t>{4});
  run(*context, 8);
  EXPECT_EQ(tuned_for(*context), std::vector<int64_t>{6});
}

struct Rows : IProfiler {
  void reportLayerTime(char const* layer, float) noexcept override { names += std::string(layer) + "\n"; }
  std::string names;
};

TEST_F(SpecializeTest, ProfilerAndInspectorShowTheKernelsThatRan) {
  const auto context = specializing(*engine);
  Rows before, after;
  context->setProfiler(&before);
  run(*context, 3);
  tenon::wait_for_kernels(*context);
  context->setProfiler(&after);
  run(*context, 3);
  EXPECT_EQ(tuned_for(*context), std::vector<int64_t>{3});
  EXPECT_FALSE(before.names.empty());
  EXPECT_FALSE(after.names.empty());
  std::unique_ptr<IEngineInspector> inspector(engine->createEngineInspector());
  ASSERT_TRUE(inspector->setExecutionContext(context.get()));
  const std::string text = inspector->getEngineInformation(LayerInformationFormat::kJSON);
  EXPECT_NE(text.find("\"Dimensions\": [\n      3,\n      4\n"), std::string::npos) << text;
}

TEST_F(SpecializeTest, MemoryMayNotBeTheClients) {
  std::unique_ptr<IRuntimeConfig> config(engine->createRuntimeConfig());
  tenon::specialize_shapes(*config, true);
  config->setExecutionContextAllocationStrategy(ExecutionContextAllocationStrategy::kUSER_MANAGED);
  EXPECT_EQ(engine->createExecutionContext(config.get()), nullptr);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "specialize_shapes and kUSER_MANAGED");
  const auto context = specializing(*engine);
  std::unique_ptr<IRuntimeConfig> told(context->getRuntimeConfig());
  EXPECT_TRUE(tenon::specializes_shapes(*told));
}

TEST_F(SpecializeTest, EndsWhileMeasuring) {
  const auto context = specializing(*engine);
  for (int32_t rows : {1, 3, 4}) run(*context, rows);
  engine.reset();
}

TEST_F(SpecializeTest, ReplacedWeightsHold) {
  PlanText text;
  text.inputs = "x: f32[N,4]";
  text.body = "%1 = Constant{value=f32[4]{1, 2, 3, 4}}\n%2 = Binary{kind=mul}(%x, %1)";
  text.outputs = "y = %2";
  text.weights = {"w"};
  text.profiles = {{{"x", {{1, 4}, {2, 4}, {8, 4}}}}};
  text.info.refittable = true;
  text.info.refit = {{"scale", static_cast<int32_t>(WeightsRole::kSCALE), "w"}};
  engine = load(make_plan(text));
  ASSERT_NE(engine, nullptr) << logger.text;
  const auto context = specializing(*engine);
  std::fill(x.begin(), x.end(), 1.0F);
  ASSERT_TRUE(context->setInputShape("x", dims({5, 4})));
  context->setTensorAddress("x", x.data());
  context->setTensorAddress("y", y.data());
  const auto last_row = [&](std::vector<int64_t> tuned) {
    ASSERT_TRUE(context->enqueueV3(nullptr)) << logger.text;
    EXPECT_EQ(tuned_for(*context), tuned) << logger.text;
  };
  last_row({2});
  tenon::wait_for_kernels(*context);
  last_row({5});
  EXPECT_EQ(std::vector<float>(y.begin() + 16, y.begin() + 20), (std::vector<float>{1, 2, 3, 4}));
  std::unique_ptr<IRefitter> refitter(createInferRefitter(*engine, logger));
  const float fresh[] = {5, 6, 7, 8};
  ASSERT_TRUE(refitter->setNamedWeights("w", {DataType::kFLOAT, fresh, 4}));
  ASSERT_TRUE(refitter->refitCudaEngine()) << logger.text;
  for (int64_t tuned : {2, 5}) {
    last_row({tuned});
    EXPECT_EQ(std::vector<float>(y.begin() + 16, y.begin() + 20), (std::vector<float>{5, 6, 7, 8}));
    tenon::wait_for_kernels(*context);
  }
}

struct SpecializedNetworkTest : NetworkTest {};

TEST_F(SpecializedNetworkTest, ImplicitBatch) {
  start(0);
  builder->setMaxBatchSize(4);
  ITensor& x = input("x", {3});
  output(network->addUnary(x, UnaryOperation::kNEG)->getOutput(0), "y");
  give("x", Floats{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  run(4);
  context = specializing(*engine);
  void* bindings[] = {data["x"].bytes.data(), data["y"].bytes.data()};
  for (int64_t tuned : {4, 2}) {
    data["y"].bytes.assign(1 << 16, '\0');
    bindings[1] = data["y"].bytes.data();
    ASSERT_TRUE(context->execute(2, bindings)) << logger.text;
    expect("y", {-1, -2, -3, -4, -5, -6, 0});
    EXPECT_EQ(tuned_for(*context), std::vector<int64_t>{tuned});
    tenon::wait_for_kernels(*context);
  }
}

}  // namespace
