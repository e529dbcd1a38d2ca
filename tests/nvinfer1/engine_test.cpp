#include "support.h"

using namespace nvinfer1;
using namespace tenon::test;

namespace {

struct EngineTest : Fixture {
  void SetUp() override {
    Fixture::SetUp();
    plan = small_plan();
    engine = load(plan);
    ASSERT_NE(engine, nullptr);
  }
  std::vector<std::byte> plan;
  std::unique_ptr<ICudaEngine> engine;
};

TEST_F(EngineTest, TellsItsTensorsByName) {
  ASSERT_EQ(engine->getNbIOTensors(), 2);
  EXPECT_STREQ(engine->getIOTensorName(0), "x");
  EXPECT_STREQ(engine->getIOTensorName(1), "y");
  EXPECT_EQ(engine->getIOTensorName(2), nullptr);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "tensors 0 to 1");
  EXPECT_EQ(list(engine->getTensorShape("x")), (std::vector<int32_t>{-1, 4}));
  EXPECT_EQ(engine->getTensorDataType("x"), DataType::kFLOAT);
  EXPECT_EQ(engine->getTensorIOMode("x"), TensorIOMode::kINPUT);
  EXPECT_EQ(engine->getTensorIOMode("y"), TensorIOMode::kOUTPUT);
  EXPECT_EQ(engine->getTensorLocation("y"), TensorLocation::kDEVICE);
  EXPECT_FALSE(engine->isShapeInferenceIO("x"));
  EXPECT_EQ(engine->getTensorBytesPerComponent("x"), 4);
  EXPECT_EQ(engine->getTensorBytesPerComponent("x", 1), 4);
  EXPECT_EQ(engine->getTensorComponentsPerElement("x"), 1);
  EXPECT_EQ(engine->getTensorComponentsPerElement("x", 1), 1);
  EXPECT_EQ(engine->getTensorFormat("x"), TensorFormat::kLINEAR);
  EXPECT_EQ(engine->getTensorFormat("x", 1), TensorFormat::kLINEAR);
  EXPECT_STREQ(engine->getTensorFormatDesc("x"), "Row major linear FP32 format (kLINEAR)");
  EXPECT_STREQ(engine->getTensorFormatDesc("x", 1), "Row major linear FP32 format (kLINEAR)");
  EXPECT_EQ(engine->getTensorVectorizedDim("x"), -1);
  EXPECT_EQ(engine->getTensorVectorizedDim("x", 1), -1);
  EXPECT_TRUE(recorder.errors.empty());
}

TEST_F(EngineTest, NamesWhatItDoesNotHave) {
  EXPECT_EQ(engine->getTensorShape("z").nbDims, -1);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "no input or output 'z'; it has 'x', 'y'");
  EXPECT_EQ(engine->getTensorIOMode("z"), TensorIOMode::kNONE);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "'z'");
  EXPECT_EQ(engine->getTensorDataType(nullptr), DataType::kFLOAT);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "'tensorName' is null");
  using Call = int32_t (ICudaEngine::*)(char const*, int32_t) const noexcept;
  for (Call call : {static_cast<Call>(&ICudaEngine::getTensorBytesPerComponent), static_cast<Call>(&ICudaEngine::getTensorComponentsPerElement),
                    static_cast<Call>(&ICudaEngine::getTensorVectorizedDim)}) {
    EXPECT_EQ((engine.get()->*call)("x", 2), -1);
    expect_error(ErrorCode::kINVALID_ARGUMENT, "profile 2 does not exist");
  }
  EXPECT_EQ(engine->getTensorFormat("z"), TensorFormat::kLINEAR);
  EXPECT_STREQ(engine->getTensorFormatDesc("z"), "");
  EXPECT_FALSE(engine->isShapeInferenceIO("z"));
  EXPECT_EQ(recorder.errors.size(), 3U);
}

TEST_F(EngineTest, TellsItsBindingsPerProfile) {
  ASSERT_EQ(engine->getNbBindings(), 4);
  EXPECT_STREQ(engine->getBindingName(0), "x");
  EXPECT_STREQ(engine->getBindingName(3), "y [profile 1]");
  EXPECT_EQ(engine->getBindingIndex("x [profile 1]"), 2);
  EXPECT_EQ(engine->getBindingIndex("y"), 1);
  EXPECT_EQ(engine->getBindingIndex("z"), -1);
  EXPECT_TRUE(engine->bindingIsInput(2));
  EXPECT_FALSE(engine->bindingIsInput(3));
  EXPECT_EQ(list(engine->getBindingDimensions(3)), (std::vector<int32_t>{-1, 4}));
  EXPECT_EQ(engine->getBindingDataType(0), DataType::kFLOAT);
  EXPECT_EQ(engine->getLocation(0), TensorLocation::kDEVICE);
  EXPECT_EQ(engine->getBindingBytesPerComponent(0), 4);
  EXPECT_EQ(engine->getBindingComponentsPerElement(0), 1);
  EXPECT_EQ(engine->getBindingFormat(0), TensorFormat::kLINEAR);
  EXPECT_STREQ(engine->getBindingFormatDesc(0), "Row major linear FP32 format (kLINEAR)");
  EXPECT_EQ(engine->getBindingVectorizedDim(0), -1);
  EXPECT_FALSE(engine->isShapeBinding(0));
  EXPECT_TRUE(engine->isExecutionBinding(0));
  EXPECT_TRUE(recorder.errors.empty());
  EXPECT_EQ(engine->getBindingName(4), nullptr);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "bindings 0 to 3");
  EXPECT_EQ(engine->getBindingDimensions(-1).nbDims, -1);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "bindings 0 to 3");
}

TEST_F(EngineTest, TellsItsProfiles) {
  EXPECT_EQ(engine->getNbOptimizationProfiles(), 2);
  EXPECT_EQ(list(engine->getProfileShape("x", 0, OptProfileSelector::kMIN)), (std::vector<int32_t>{1, 4}));
  EXPECT_EQ(list(engine->getProfileShape("x", 1, OptProfileSelector::kOPT)), (std::vector<int32_t>{6, 4}));
  EXPECT_EQ(list(engine->getProfileDimensions(2, 1, OptProfileSelector::kMAX)), (std::vector<int32_t>{8, 4}));
  EXPECT_EQ(engine->getProfileShapeValues(0, 0, OptProfileSelector::kMIN), nullptr);
  EXPECT_EQ(engine->getProfileTensorValues("x", 0, OptProfileSelector::kMIN), nullptr);
  EXPECT_EQ(engine->getProfileTensorValuesV2("x", 0, OptProfileSelector::kMIN), nullptr);
  EXPECT_TRUE(recorder.errors.empty());
  EXPECT_EQ(engine->getProfileShape("x", 2, OptProfileSelector::kMIN).nbDims, -1);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "profiles 0 to 1");
  EXPECT_EQ(engine->getProfileShape("y", 0, OptProfileSelector::kMIN).nbDims, -1);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "is an output");
  EXPECT_EQ(engine->getProfileShape("x", 0, static_cast<OptProfileSelector>(7)).nbDims, -1);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "none of kMIN, kOPT, kMAX");
}

TEST_F(EngineTest, TellsHowItWasBuilt) {
  EXPECT_STREQ(engine->getName(), "small");
  EXPECT_GE(engine->getNbLayers(), 1);
  EXPECT_EQ(engine->getMaxBatchSize(), 1);
  EXPECT_FALSE(engine->hasImplicitBatchDimension());
  EXPECT_FALSE(engine->isRefittable());
  EXPECT_EQ(engine->getEngineCapability(), EngineCapability::kSTANDARD);
  EXPECT_EQ(engine->getTacticSources(), 0U);
  EXPECT_EQ(engine->getProfilingVerbosity(), ProfilingVerbosity::kDETAILED);
  EXPECT_EQ(engine->getHardwareCompatibilityLevel(), HardwareCompatibilityLevel::kNONE);
  EXPECT_EQ(engine->getNbAuxStreams(), 0);
  EXPECT_EQ(engine->getErrorRecorder(), &recorder);
  engine->setErrorRecorder(nullptr);
  EXPECT_EQ(engine->getErrorRecorder(), nullptr);
}

TEST_F(EngineTest, SaysHowMuchMemoryAContextNeeds) {
  auto wide = load(hidden_plan());
  ASSERT_NE(wide, nullptr) << logger.text;
  const int64_t hidden = 8 * 4 * 4;  // the softmax
  EXPECT_GE(wide->getDeviceMemorySizeForProfile(0), static_cast<size_t>(hidden));
  EXPECT_EQ(wide->getDeviceMemorySize(), wide->getDeviceMemorySizeForProfile(0));
  EXPECT_EQ(wide->getDeviceMemorySizeV2(), wide->getDeviceMemorySizeForProfileV2(0));
  EXPECT_EQ(engine->getDeviceMemorySizeForProfile(2), 0U);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "profile 2 does not exist");
  EXPECT_GT(engine->getEngineStat(EngineStat::kTOTAL_WEIGHTS_SIZE), 0);
  EXPECT_EQ(engine->getEngineStat(EngineStat::kSTRIPPED_WEIGHTS_SIZE), 0);
}

TEST_F(EngineTest, SerializesToWhatItCameFrom) {
  std::unique_ptr<IHostMemory> memory(engine->serialize());
  ASSERT_NE(memory, nullptr);
  EXPECT_EQ(memory->type(), DataType::kINT8);
  const auto* data = static_cast<const std::byte*>(memory->data());
  EXPECT_EQ(std::vector<std::byte>(data, data + memory->size()), plan);
  std::unique_ptr<ISerializationConfig> config(engine->createSerializationConfig());
  ASSERT_NE(config, nullptr);
  EXPECT_TRUE(config->setFlag(SerializationFlag::kEXCLUDE_LEAN_RUNTIME));
  EXPECT_TRUE(config->getFlag(SerializationFlag::kEXCLUDE_LEAN_RUNTIME));
  EXPECT_EQ(config->getFlags(), 2U);
  EXPECT_NE(std::unique_ptr<IHostMemory>(engine->serializeWithConfig(*config)), nullptr);
  EXPECT_TRUE(config->clearFlag(SerializationFlag::kEXCLUDE_LEAN_RUNTIME));
  EXPECT_TRUE(config->setFlags(1U));
  EXPECT_EQ(engine->serializeWithConfig(*config), nullptr);
  expect_error(ErrorCode::kUNSUPPORTED_STATE, "plans without weights");
  EXPECT_FALSE(config->setFlags(64U));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "bits that mean nothing");
}

TEST_F(EngineTest, MakesContextsInEveryWay) {
  EXPECT_NE(std::unique_ptr<IExecutionContext>(engine->createExecutionContext()), nullptr);
  EXPECT_NE(std::unique_ptr<IExecutionContext>(engine->createExecutionContextWithoutDeviceMemory()), nullptr);
  std::unique_ptr<IRuntimeConfig> config(engine->createRuntimeConfig());
  ASSERT_NE(config, nullptr);
  config->setExecutionContextAllocationStrategy(ExecutionContextAllocationStrategy::kON_PROFILE_CHANGE);
  std::unique_ptr<IExecutionContext> context(engine->createExecutionContext(config.get()));
  ASSERT_NE(context, nullptr);
  std::unique_ptr<IRuntimeConfig> told(context->getRuntimeConfig());
  EXPECT_EQ(told->getExecutionContextAllocationStrategy(), ExecutionContextAllocationStrategy::kON_PROFILE_CHANGE);
  config->setExecutionContextAllocationStrategy(static_cast<ExecutionContextAllocationStrategy>(9));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "no strategy 9");
}

TEST_F(EngineTest, AnswersAboutWeightStreamingAndDebugTensors) {
  EXPECT_FALSE(engine->setWeightStreamingBudgetV2(1));
  expect_error(ErrorCode::kUNSUPPORTED_STATE, "weights are not streamed");
  EXPECT_EQ(engine->getWeightStreamingBudgetV2(), 0);
  EXPECT_EQ(engine->getStreamableWeightsSize(), 0);
  EXPECT_EQ(engine->getWeightStreamingAutomaticBudget(), 0);
  EXPECT_EQ(engine->getWeightStreamingScratchMemorySize(), 0);
  EXPECT_FALSE(engine->isDebugTensor("x"));
}

TEST_F(Fixture, RefusesTypesThatTheApiLacks) {
  PlanText text;
  text.inputs = "x: f64[4]";
  text.body = "%1 = Unary{kind=relu}(%x)";
  text.outputs = "y = %1";
  EXPECT_EQ(load(make_plan(text)), nullptr);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "'x' is f64[4]");
}

TEST(ValueTypes, HaveTheSizesOfLevel8) {
  static_assert(sizeof(Dims) == 36, "");
  static_assert(sizeof(Weights) == 24, "");
  static_assert(sizeof(PluginTensorDesc) == 48, "");
  static_assert(sizeof(DynamicPluginTensorDesc) == 120, "");
  static_assert(sizeof(DimsExprs) == 72, "");
  static_assert(sizeof(PluginField) == 24, "");
  static_assert(sizeof(PluginFieldCollection) == 16, "");
  static_assert(sizeof(IRuntime) == 16, "");
  static_assert(sizeof(PluginVersion) == 1, "");
}

}  // namespace
