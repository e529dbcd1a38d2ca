#include <cstring>

#include "support.h"

using namespace nvinfer1;
using namespace tenon::test;

namespace {

struct ContextTest : Fixture {
  void SetUp() override {
    Fixture::SetUp();
    engine = load(small_plan());
    ASSERT_NE(engine, nullptr);
    context.reset(engine->createExecutionContext());
    ASSERT_NE(context, nullptr);
    for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i) - 2;
  }
  static float expected(size_t i) { return std::max(static_cast<float>(i) - 2, 0.0F) * static_cast<float>(i % 4 + 1) + 1; }
  void expect_result(size_t rows) const {
    for (size_t i = 0; i < rows * 4; ++i) ASSERT_EQ(y[i], expected(i)) << i;
    EXPECT_EQ(y[rows * 4], -7) << "wrote behind the output";
  }
  std::unique_ptr<ICudaEngine> engine;
  std::unique_ptr<IExecutionContext> context;
  std::vector<float> x = std::vector<float>(32), y = std::vector<float>(33, -7);
};

TEST_F(ContextTest, RunsByName) {
  EXPECT_FALSE(context->allInputDimensionsSpecified());
  EXPECT_TRUE(context->allInputShapesSpecified());
  EXPECT_EQ(list(context->getTensorShape("x")), (std::vector<int32_t>{-1, 4}));
  EXPECT_EQ(list(context->getTensorShape("y")), (std::vector<int32_t>{-1, 4}));
  ASSERT_TRUE(context->setInputShape("x", dims({3, 4})));
  EXPECT_TRUE(context->allInputDimensionsSpecified());
  EXPECT_EQ(list(context->getTensorShape("y")), (std::vector<int32_t>{3, 4}));
  EXPECT_EQ(list(context->getTensorStrides("y")), (std::vector<int32_t>{4, 1}));
  ASSERT_TRUE(context->setTensorAddress("x", x.data()));
  ASSERT_TRUE(context->setTensorAddress("y", y.data()));
  EXPECT_EQ(context->getTensorAddress("x"), x.data());
  EXPECT_EQ(context->getOutputTensorAddress("y"), y.data());
  ASSERT_TRUE(context->enqueueV3(nullptr)) << logger.text;
  expect_result(3);
  ASSERT_TRUE(context->setInputShape("x", dims({1, 4})));
  std::fill(y.begin(), y.end(), -7);
  ASSERT_TRUE(context->enqueueV3(nullptr));
  expect_result(1);
}

TEST_F(ContextTest, RunsByBindingOnEveryProfile) {
  ASSERT_TRUE(context->setOptimizationProfile(1));
  EXPECT_EQ(context->getOptimizationProfile(), 1);
  ASSERT_TRUE(context->setBindingDimensions(2, dims({8, 4})));
  EXPECT_EQ(list(context->getBindingDimensions(3)), (std::vector<int32_t>{8, 4}));
  EXPECT_EQ(list(context->getStrides(3)), (std::vector<int32_t>{4, 1}));
  void* bindings[] = {nullptr, nullptr, x.data(), y.data()};
  ASSERT_TRUE(context->executeV2(bindings)) << logger.text;
  expect_result(8);
  std::fill(y.begin(), y.end(), -7);
  ASSERT_TRUE(context->enqueueV2(bindings, nullptr, nullptr));
  expect_result(8);
  EXPECT_FALSE(context->setBindingDimensions(0, dims({2, 4})));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "belongs to optimization profile 0");
  ASSERT_TRUE(context->setOptimizationProfileAsync(0, nullptr));
  EXPECT_FALSE(context->allInputDimensionsSpecified());
  EXPECT_FALSE(context->setOptimizationProfileAsync(5, nullptr));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "profile 5 does not exist");
}

TEST_F(ContextTest, NamesShapesOutOfRange) {
  EXPECT_FALSE(context->setInputShape("x", dims({5, 4})));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "input 'x': dim 0 is 5; optimization profile 0 takes 1 to 4");
  EXPECT_FALSE(context->setInputShape("x", dims({2, 5})));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "can't be 5");
  EXPECT_FALSE(context->setInputShape("x", dims({2})));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "2 dims are needed");
  EXPECT_FALSE(context->setInputShape("x", dims({-1, 4})));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "negative");
  EXPECT_FALSE(context->setInputShape("x", dims({-5, 4})));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "can't be -5");
  EXPECT_FALSE(context->setInputShape("x", Dims{9, {}}));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "nbDims 9");
  EXPECT_FALSE(context->setInputShape("y", dims({2, 4})));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "is an output");
  EXPECT_FALSE(context->setInputShape(nullptr, dims({2, 4})));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "null");
}

TEST_F(ContextTest, SaysWhatIsMissingBeforeARun) {
  EXPECT_FALSE(context->enqueueV3(nullptr));
  expect_error(ErrorCode::kINVALID_STATE, "set its shape before running");
  const char* missing[2] = {};
  EXPECT_EQ(context->inferShapes(2, missing), 1);
  EXPECT_STREQ(missing[0], "x");
  EXPECT_EQ(context->getTensorStrides("y").nbDims, -1);
  expect_error(ErrorCode::kINVALID_STATE, "dim 0 is not known yet");
  ASSERT_TRUE(context->setInputShape("x", dims({2, 4})));
  EXPECT_EQ(context->inferShapes(0, nullptr), 0);
  EXPECT_FALSE(context->enqueueV3(nullptr));
  expect_error(ErrorCode::kINVALID_STATE, "input 'x' has no address");
  ASSERT_TRUE(context->setInputTensorAddress("x", x.data()));
  EXPECT_FALSE(context->enqueueV3(nullptr));
  expect_error(ErrorCode::kINVALID_STATE, "output 'y' has no address and no output allocator");
  EXPECT_FALSE(context->executeV2(nullptr));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "'bindings' is null");
  EXPECT_FALSE(context->execute(2, nullptr));
  expect_error(ErrorCode::kINVALID_STATE, "explicit batch");
  EXPECT_FALSE(context->enqueue(2, nullptr, nullptr, nullptr));
  expect_error(ErrorCode::kINVALID_STATE, "explicit batch");
}

TEST_F(ContextTest, ChecksAddresses) {
  EXPECT_FALSE(context->setTensorAddress("x", reinterpret_cast<char*>(x.data()) + 1));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "not aligned");
  EXPECT_FALSE(context->setTensorAddress("z", x.data()));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "'z'");
  EXPECT_FALSE(context->setInputTensorAddress("y", x.data()));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "is an output");
  EXPECT_FALSE(context->setOutputTensorAddress("x", x.data()));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "is an input");
  const std::unique_ptr<void, decltype(&std::free)> ordinary(std::malloc(256), std::free);
  const bool on_cpu = std::string(test_device()) == "cpu";
  EXPECT_EQ(context->setTensorAddress("x", ordinary.get()), on_cpu);
  EXPECT_EQ(context->setTensorAddress("y", ordinary.get()), on_cpu);
  if (!on_cpu) expect_error(ErrorCode::kINVALID_ARGUMENT, "is host memory that the GPU can't reach; use cudaMalloc");
  EXPECT_TRUE(context->setOutputTensorAddress("y", y.data()));
  EXPECT_EQ(context->getOutputTensorAddress("x"), nullptr);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "is an input");
  EXPECT_EQ(context->getTensorAddress("z"), nullptr);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "'z'");
}

TEST_F(ContextTest, KeepsItsSettings) {
  EXPECT_EQ(&context->getEngine(), engine.get());
  context->setName("first");
  EXPECT_STREQ(context->getName(), "first");
  context->setName(nullptr);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "null");
  context->setDebugSync(true);
  EXPECT_TRUE(context->getDebugSync());
  EXPECT_EQ(context->getErrorRecorder(), &recorder);
  context->setPersistentCacheLimit(1000);
  EXPECT_EQ(context->getPersistentCacheLimit(), 1000U);
  EXPECT_EQ(context->getNvtxVerbosity(), ProfilingVerbosity::kDETAILED);
  EXPECT_TRUE(context->setNvtxVerbosity(ProfilingVerbosity::kNONE));
  EXPECT_EQ(context->getNvtxVerbosity(), ProfilingVerbosity::kNONE);
  context->setAuxStreams(nullptr, 0);
  EXPECT_TRUE(recorder.errors.empty());
  context->setAuxStreams(nullptr, 1);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "'auxStreams' is null");
  EXPECT_TRUE(context->setTemporaryStorageAllocator(nullptr));
  EXPECT_EQ(context->getTemporaryStorageAllocator(), nullptr);
  context->setErrorRecorder(nullptr);
  EXPECT_EQ(context->getErrorRecorder(), nullptr);
}

struct Rows : IProfiler {
  void reportLayerTime(char const* name, float ms) override {
    names.push_back(name);
    EXPECT_GE(ms, 0);
  }
  std::vector<std::string> names;
};

TEST_F(ContextTest, ReportsLayerTimes) {
  Rows rows;
  EXPECT_FALSE(context->reportToProfiler());
  expect_error(ErrorCode::kINVALID_STATE, "no profiler");
  context->setProfiler(&rows);
  EXPECT_EQ(context->getProfiler(), &rows);
  EXPECT_FALSE(context->reportToProfiler());
  expect_error(ErrorCode::kINVALID_STATE, "nothing ran");
  ASSERT_TRUE(context->setInputShape("x", dims({2, 4})));
  context->setTensorAddress("x", x.data());
  context->setTensorAddress("y", y.data());
  ASSERT_TRUE(context->enqueueV3(nullptr));
  const size_t steps = rows.names.size();
  EXPECT_EQ(steps, static_cast<size_t>(engine->getNbLayers()));
  EXPECT_TRUE(context->getEnqueueEmitsProfile());
  context->setEnqueueEmitsProfile(false);
  EXPECT_FALSE(context->getEnqueueEmitsProfile());
  ASSERT_TRUE(context->enqueueV3(nullptr));
  EXPECT_EQ(rows.names.size(), steps);
  EXPECT_TRUE(context->reportToProfiler());
  EXPECT_EQ(rows.names.size(), 2 * steps);
}

/// Memory that grows, and the shapes told.
struct Allocator : IOutputAllocator {
  void* reallocateOutput(char const* name, void*, uint64_t size, uint64_t alignment) override {
    asked.push_back(std::string(name) + " " + std::to_string(size));
    EXPECT_GT(alignment, 0U);
    if (refuses) return nullptr;
    memory.resize(std::max<size_t>(size, 1));
    return memory.data();
  }
  void notifyShape(char const*, Dims const& dims) override { shape = list(dims); }
  std::vector<std::string> asked;
  std::vector<std::byte> memory;
  std::vector<int32_t> shape;
  bool refuses = false;
};

TEST_F(ContextTest, AsksAllocatorsForOutputs) {
  Allocator allocator;
  ASSERT_TRUE(context->setOutputAllocator("y", &allocator));
  EXPECT_EQ(context->getOutputAllocator("y"), &allocator);
  EXPECT_FALSE(context->setOutputAllocator("x", &allocator));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "is an input");
  context->setInputShape("x", dims({2, 4}));
  context->setTensorAddress("x", x.data());
  ASSERT_TRUE(context->enqueueV3(nullptr)) << logger.text;
  EXPECT_EQ(allocator.asked, std::vector<std::string>{"y 32"});
  EXPECT_EQ(allocator.shape, (std::vector<int32_t>{2, 4}));
  float result[8];
  std::memcpy(result, allocator.memory.data(), sizeof result);
  for (size_t i = 0; i < 8; ++i) EXPECT_EQ(result[i], expected(i));
  EXPECT_EQ(context->getMaxOutputSize("y"), 32);
  allocator.refuses = true;
  EXPECT_FALSE(context->enqueueV3(nullptr));
  expect_error(ErrorCode::kFAILED_ALLOCATION, "gave no memory for 32 bytes");
}

TEST_F(Fixture, GivesDataDependentShapesToAllocatorsAndBuffers) {
  PlanText text;
  text.inputs = "x: f32[2,3]";
  text.body = "%1 = NonZero(%x)";
  text.outputs = "y = %1";
  auto engine = load(make_plan(text));
  ASSERT_NE(engine, nullptr) << logger.text;
  std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
  EXPECT_EQ(list(context->getTensorShape("y")), (std::vector<int32_t>{2, -1}));
  EXPECT_EQ(context->getMaxOutputSize("y"), 2 * 6 * 8);
  Array<float> x{0, 1, 0, 2, 0, 0};
  Allocator allocator;
  context->setTensorAddress("x", x);
  context->setOutputAllocator("y", &allocator);
  ASSERT_TRUE(context->enqueueV3(nullptr)) << logger.text;
  EXPECT_EQ(allocator.shape, (std::vector<int32_t>{2, 2}));
  EXPECT_EQ(allocator.asked, std::vector<std::string>{"y 32"});
  Array<int64_t> y(12);
  context->setOutputAllocator("y", nullptr);
  context->setTensorAddress("y", y);
  ASSERT_TRUE(context->enqueueV3(nullptr)) << logger.text;
  EXPECT_EQ(y[0], 0);
  EXPECT_EQ(y[1], 1);
  EXPECT_EQ(y[2], 1);
  EXPECT_EQ(y[3], 0);
}

TEST_F(Fixture, RunsAnyBatchOfAnImplicitOne) {
  PlanText text;
  text.inputs = "x: f32[batch,4]";
  text.body = "%1 = Unary{kind=neg}(%x)";
  text.outputs = "y = %1";
  text.profiles = {{{"x", {{1, 4}, {3, 4}, {3, 4}}}}};
  text.info.implicit_batch = true;
  text.info.max_batch = 3;
  text.info.profiles.resize(1);
  auto engine = load(make_plan(text));
  ASSERT_NE(engine, nullptr) << logger.text;
  EXPECT_TRUE(engine->hasImplicitBatchDimension());
  EXPECT_EQ(engine->getMaxBatchSize(), 3);
  EXPECT_EQ(list(engine->getBindingDimensions(0)), std::vector<int32_t>{4});
  std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
  EXPECT_EQ(list(context->getBindingDimensions(1)), std::vector<int32_t>{4});
  Array<float> x(12), y(12);
  for (int i = 0; i < 12; ++i) x[i] = static_cast<float>(i + 1);
  void* bindings[] = {x, y};
  ASSERT_TRUE(context->execute(2, bindings)) << logger.text;
  EXPECT_EQ(y[7], -8);
  EXPECT_EQ(y[8], 0);
  ASSERT_TRUE(context->enqueue(3, bindings, nullptr, nullptr));
  EXPECT_EQ(y[11], -12);
  EXPECT_FALSE(context->execute(4, bindings));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "the engine takes 1 to 3");
  EXPECT_FALSE(context->executeV2(bindings));
  expect_error(ErrorCode::kINVALID_STATE, "implicit batch");
  EXPECT_FALSE(context->enqueueV3(nullptr));
  expect_error(ErrorCode::kINVALID_STATE, "implicit batch");
  EXPECT_FALSE(context->setBindingDimensions(0, dims({4})));
  expect_error(ErrorCode::kINVALID_STATE, "implicit batch");
}

TEST_F(Fixture, ReadsShapeTensors) {
  PlanText text;
  text.inputs = "x: f32[12], shape: i32[2]";
  text.body = "%1 = Cast{to=i64}(%shape)\n%2 = Reshape(%x, %1)";
  text.outputs = "y = %2";
  text.info.profiles.resize(1);
  text.info.profiles[0].values["shape"] = {{1, 1}, {3, 4}, {12, 12}};
  tenon::adapter::PlanTensor x_info, shape_info, y_info;
  x_info.name = "x";
  x_info.dims = {12};
  shape_info.name = "shape";
  shape_info.dims = {2};
  shape_info.type = static_cast<int32_t>(DataType::kINT32);
  shape_info.shape_io = shape_info.on_host = true;
  y_info.name = "y";
  y_info.is_input = false;
  y_info.dims = {-1, -1};
  text.info.tensors = {x_info, shape_info, y_info};
  auto engine = load(make_plan(text));
  ASSERT_NE(engine, nullptr) << logger.text;
  EXPECT_TRUE(engine->isShapeInferenceIO("shape"));
  EXPECT_TRUE(engine->isShapeBinding(1));
  EXPECT_EQ(engine->getTensorLocation("shape"), TensorLocation::kHOST);
  EXPECT_EQ(engine->getProfileShapeValues(0, 1, OptProfileSelector::kOPT)[1], 4);
  EXPECT_EQ(engine->getProfileTensorValuesV2("shape", 0, OptProfileSelector::kMAX)[0], 12);
  std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
  EXPECT_TRUE(context->allInputDimensionsSpecified());
  EXPECT_FALSE(context->allInputShapesSpecified());
  EXPECT_EQ(list(context->getTensorShape("y")), (std::vector<int32_t>{-1, -1}));
  const int32_t values[] = {3, 4}, outside[] = {3, 13};
  ASSERT_TRUE(context->setInputShapeBinding(1, values)) << logger.text;
  EXPECT_TRUE(context->allInputShapesSpecified());
  EXPECT_EQ(list(context->getTensorShape("y")), (std::vector<int32_t>{3, 4}));
  int32_t told[2] = {};
  EXPECT_TRUE(context->getShapeBinding(1, told));
  EXPECT_EQ(told[1], 4);
  EXPECT_FALSE(context->setInputShapeBinding(1, outside));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "value 1 is 13; optimization profile 0 takes 1 to 12");
  EXPECT_FALSE(context->setInputShapeBinding(1, nullptr));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "'data' is null");
  EXPECT_FALSE(context->getShapeBinding(0, told));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "no shape tensor");
  Array<float> x(12), y(12);
  for (int i = 0; i < 12; ++i) x[i] = static_cast<float>(i);
  int32_t shape[] = {6, 2};
  context->setTensorAddress("x", x);
  context->setTensorAddress("shape", shape);
  context->setTensorAddress("y", y);
  EXPECT_EQ(context->inferShapes(0, nullptr), 0);
  EXPECT_EQ(list(context->getTensorShape("y")), (std::vector<int32_t>{6, 2}));
  ASSERT_TRUE(context->enqueueV3(nullptr)) << logger.text;
  EXPECT_EQ(y[11], 11);
}

/// Collects debug tensors.
struct Listener : IDebugListener {
  bool processDebugTensor(void const* data, TensorLocation, DataType type, Dims const& shape, char const* name, cudaStream_t) override {
    seen.push_back(name);
    EXPECT_NE(data, nullptr);
    EXPECT_EQ(type, DataType::kFLOAT);
    EXPECT_EQ(shape.nbDims, 2);
    return goes_on;
  }
  std::vector<std::string> seen;
  bool goes_on = true;
};

TEST_F(Fixture, ShowsDebugTensors) {
  PlanText text;
  text.inputs = "x: f32[2,2]";
  text.body = "%1 = Unary{kind=neg}(%x)";
  text.outputs = "y = %1";
  text.info.debug_tensors = {"y"};
  auto engine = load(make_plan(text));
  ASSERT_NE(engine, nullptr) << logger.text;
  EXPECT_TRUE(engine->isDebugTensor("y"));
  std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
  Listener listener;
  EXPECT_TRUE(context->setDebugListener(&listener));
  EXPECT_EQ(context->getDebugListener(), &listener);
  Array<float> x{1, 2, 3, 4}, y(4);
  context->setTensorAddress("x", x);
  context->setTensorAddress("y", y);
  ASSERT_TRUE(context->enqueueV3(nullptr));
  EXPECT_TRUE(listener.seen.empty());
  EXPECT_FALSE(context->getDebugState("y"));
  EXPECT_TRUE(context->setTensorDebugState("y", true));
  EXPECT_TRUE(context->getDebugState("y"));
  ASSERT_TRUE(context->enqueueV3(nullptr));
  EXPECT_EQ(listener.seen, std::vector<std::string>{"y"});
  EXPECT_FALSE(context->setTensorDebugState("x", true));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "no debug tensor");
  listener.goes_on = false;
  EXPECT_FALSE(context->enqueueV3(nullptr));
  expect_error(ErrorCode::kFAILED_EXECUTION, "refused tensor 'y'");
  listener.goes_on = true;
  listener.seen.clear();
  EXPECT_TRUE(context->setAllTensorsDebugState(false));
  EXPECT_FALSE(context->getUnfusedTensorsDebugState());
  EXPECT_TRUE(context->setUnfusedTensorsDebugState(true));
  ASSERT_TRUE(context->enqueueV3(nullptr));
  EXPECT_EQ(listener.seen, (std::vector<std::string>{"x", "y"}));
}

}  // namespace
