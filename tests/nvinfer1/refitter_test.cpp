#include <cmath>

#include "support.h"

using namespace nvinfer1;
using namespace tenon::test;

namespace {

/// y = x * (w + w) + 1 with the weight "w" of layer "scale": the sum is folded.
PlanText refittable() {
  PlanText text;
  text.inputs = "x: f32[4]";
  text.body = "%1 = Constant{value=f32[4]{1, 2, 3, 4}}\n%5 = Binary{kind=add}(%1, %1)\n%2 = Binary{kind=mul}(%x, %5)\n%3 = Constant{value=f32[]{1}}\n%4 = Binary{kind=add}(%2, %3)";
  text.outputs = "y = %4";
  text.weights = {"w"};
  text.info.refittable = true;
  text.info.refit = {{"scale", static_cast<int32_t>(WeightsRole::kSCALE), "w"}};
  return text;
}

struct RefitterTest : Fixture {
  void SetUp() override {
    Fixture::SetUp();
    engine = load(make_plan(refittable()));
    ASSERT_NE(engine, nullptr) << logger.text;
    context.reset(engine->createExecutionContext());
    context->setTensorAddress("x", x);
    context->setTensorAddress("y", y);
    refitter.reset(createInferRefitter(*engine, logger));
    ASSERT_NE(refitter, nullptr) << logger.text;
  }
  void expect(std::initializer_list<float> wanted) {
    ASSERT_TRUE(context->enqueueV3(nullptr)) << logger.text;
    for (size_t i = 0; i < 4; ++i) EXPECT_EQ(y[i], wanted.begin()[i]);
  }
  std::unique_ptr<ICudaEngine> engine;
  std::unique_ptr<IExecutionContext> context;
  std::unique_ptr<IRefitter> refitter;
  float x[4] = {1, 1, 1, 1}, y[4] = {};
  float fresh[4] = {5, 6, 7, 8};
};

TEST_F(RefitterTest, GivesAnEngineNewWeights) {
  expect({3, 5, 7, 9});
  EXPECT_TRUE(engine->isRefittable());
  ASSERT_TRUE(refitter->setNamedWeights("w", {DataType::kFLOAT, fresh, 4}));
  EXPECT_EQ(refitter->getNamedWeights("w").values, fresh);
  EXPECT_EQ(refitter->getWeightsLocation("w"), TensorLocation::kHOST);
  expect({3, 5, 7, 9});
  ASSERT_TRUE(refitter->refitCudaEngine()) << logger.text;
  expect({11, 13, 15, 17});
  ASSERT_TRUE(refitter->setWeights("scale", WeightsRole::kSCALE, {DataType::kFLOAT, x, 4}));
  ASSERT_TRUE(refitter->refitCudaEngineAsync(nullptr)) << logger.text;
  expect({3, 3, 3, 3});
}

TEST_F(RefitterTest, KeepsNewWeightsInThePlan) {
  ASSERT_TRUE(refitter->setNamedWeights("w", {DataType::kFLOAT, fresh, 4}, TensorLocation::kHOST));
  ASSERT_TRUE(refitter->refitCudaEngine());
  std::unique_ptr<IHostMemory> memory(engine->serialize());
  ASSERT_NE(memory, nullptr);
  std::unique_ptr<ICudaEngine> again(runtime->deserializeCudaEngine(memory->data(), memory->size()));
  ASSERT_NE(again, nullptr) << logger.text;
  context.reset(again->createExecutionContext());
  context->setTensorAddress("x", x);
  context->setTensorAddress("y", y);
  expect({11, 13, 15, 17});
  refitter.reset(createInferRefitter(*again, logger));
  ASSERT_NE(refitter, nullptr);
  context.reset();
}

TEST_F(RefitterTest, ListsWhatItCanReplace) {
  const char* names[2] = {};
  WeightsRole roles[2] = {};
  EXPECT_EQ(refitter->getAll(2, names, roles), 1);
  EXPECT_STREQ(names[0], "scale");
  EXPECT_EQ(roles[0], WeightsRole::kSCALE);
  EXPECT_EQ(refitter->getAllWeights(2, names), 1);
  EXPECT_STREQ(names[0], "w");
  EXPECT_EQ(refitter->getAll(0, nullptr, nullptr), 1);
  EXPECT_EQ(refitter->getMissing(0, nullptr, nullptr), 0);
  EXPECT_EQ(refitter->getMissingWeights(0, nullptr), 0);
  EXPECT_EQ(refitter->getWeightsPrototype("w").count, 4);
  EXPECT_EQ(refitter->getWeightsPrototype("w").type, DataType::kFLOAT);
  EXPECT_EQ(refitter->getNamedWeights("w").values, nullptr);
}

TEST_F(RefitterTest, RefusesWrongWeights) {
  EXPECT_FALSE(refitter->setNamedWeights("v", {DataType::kFLOAT, fresh, 4}));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "no weights 'v'");
  EXPECT_FALSE(refitter->setNamedWeights("w", {DataType::kFLOAT, fresh, 3}));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "have 4 values, 3 were given");
  EXPECT_FALSE(refitter->setNamedWeights("w", {DataType::kFLOAT, nullptr, 4}));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "non-zero count but null values");
  EXPECT_FALSE(refitter->setNamedWeights("w", {DataType::kINT32, fresh, 4}));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "are f32, i32 were given");
  EXPECT_FALSE(refitter->setWeights("other", WeightsRole::kSCALE, {DataType::kFLOAT, fresh, 4}));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "no layer 'other'");
  EXPECT_FALSE(refitter->setWeights("scale", WeightsRole::kBIAS, {DataType::kFLOAT, fresh, 4}));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "no weights of role 1");
  fresh[2] = INFINITY;
  ASSERT_TRUE(refitter->setNamedWeights("w", {DataType::kFLOAT, fresh, 4}));
  EXPECT_TRUE(refitter->getWeightsValidation());
  EXPECT_FALSE(refitter->refitCudaEngine());
  expect_error(ErrorCode::kINVALID_ARGUMENT, "not finite");
  refitter->setWeightsValidation(false);
  EXPECT_TRUE(refitter->refitCudaEngine());
  EXPECT_FALSE(refitter->unsetNamedWeights("w"));
}

TEST_F(RefitterTest, KeepsItsSettings) {
  EXPECT_EQ(refitter->getLogger(), &logger);
  EXPECT_EQ(refitter->getErrorRecorder(), &recorder);
  EXPECT_TRUE(refitter->setMaxThreads(2));
  EXPECT_EQ(refitter->getMaxThreads(), 2);
  EXPECT_FALSE(refitter->setMaxThreads(0));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "at least 1");
  EXPECT_FALSE(refitter->setDynamicRange("x", -1, 1));
  expect_error(ErrorCode::kUNSUPPORTED_STATE, "INT8 calibration");
  EXPECT_TRUE(std::isnan(refitter->getDynamicRangeMin("x")));
  expect_error(ErrorCode::kUNSUPPORTED_STATE, "INT8 calibration");
  EXPECT_TRUE(std::isnan(refitter->getDynamicRangeMax("x")));
  expect_error(ErrorCode::kUNSUPPORTED_STATE, "INT8 calibration");
  EXPECT_EQ(refitter->getTensorsWithDynamicRange(0, nullptr), 0);
  refitter->setErrorRecorder(nullptr);
  EXPECT_EQ(refitter->getErrorRecorder(), nullptr);
}

TEST_F(Fixture, RefusesARefitterOfAPlainEngine) {
  auto engine = load(small_plan());
  EXPECT_EQ(createInferRefitter(*engine, logger), nullptr);
  EXPECT_TRUE(logger.said("built without BuilderFlag::kREFIT"));
  EXPECT_EQ(createInferRefitter_INTERNAL(nullptr, &logger, NV_TENSORRT_VERSION), nullptr);
  EXPECT_TRUE(logger.said("'engine' is null"));
}

}  // namespace
