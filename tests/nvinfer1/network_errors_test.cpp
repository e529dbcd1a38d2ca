#include "network_support.h"

using namespace nvinfer1;
using namespace tenon::test;

namespace {

using NetworkErrorsTest = NetworkTest;

TEST_F(NetworkErrorsTest, Inputs) {
  EXPECT_EQ(network->addInput(nullptr, DataType::kFLOAT, dims({1})), nullptr);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "'name' is null");
  ASSERT_NE(network->addInput("x", DataType::kFLOAT, dims({1})), nullptr);
  EXPECT_EQ(network->addInput("x", DataType::kFLOAT, dims({1})), nullptr);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "there is an input 'x' already");
  EXPECT_EQ(network->addInput("y", static_cast<DataType>(77), dims({1})), nullptr);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "data type 77 does not exist");
  EXPECT_EQ(network->addInput("y", DataType::kFLOAT, Dims{9, {}}), nullptr);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "expected 0 to 8 dims, found 9");
  EXPECT_EQ(network->addInput("y", DataType::kFLOAT, dims({-2})), nullptr);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "dim 0 is -2");
}

TEST_F(NetworkErrorsTest, ANetworkNeedsOutputsWithTheirOwnNames) {
  ITensor& x = input("x", {1});
  EXPECT_TRUE(build_fails());
  expect_error(ErrorCode::kINVALID_STATE, "Network must have at least one output");
  EXPECT_FALSE(builder->isNetworkSupported(*network, *config));
  expect_error(ErrorCode::kINVALID_STATE, "Network must have at least one output");
  output(network->addUnary(x, UnaryOperation::kNEG)->getOutput(0), "y");
  output(network->addUnary(x, UnaryOperation::kABS)->getOutput(0), "y");
  EXPECT_TRUE(build_fails());
  expect_error(ErrorCode::kINVALID_STATE, "two inputs or outputs are called 'y'");
}

TEST_F(NetworkErrorsTest, WeightsThatAreNoNumbersAreAWarning) {
  auto* conv = network->addConvolutionNd(input("x", {1, 1, 4, 4}), 2, dims({1, 1}), weights({1, std::nanf("")}), weights({0, 0}));
  conv->setName("odd");
  output(conv->getOutput(0), "y");
  EXPECT_FALSE(build_fails());
  EXPECT_TRUE(recorder.errors.empty());
  EXPECT_TRUE(logger.said("hold 1 NaN and 0 infinite numbers of 2, the first at [1,0,0,0]")) << logger.text;
}

TEST_F(NetworkErrorsTest, WeightsAndTheirCounts) {
  ITensor& x = input("x", {1, 3, 4, 4});
  EXPECT_EQ(network->addConvolutionNd(x, 2, dims({1, 1}), Weights{DataType::kFLOAT, nullptr, 6}, none()), nullptr);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "kernel weights has non-zero count but null values");
  const float one = 1;
  EXPECT_EQ(network->addFullyConnected(x, 2, Weights{DataType::kFLOAT, &one, 0}, none()), nullptr);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "kernel weights has zero count but non-null values");
  EXPECT_EQ(network->addConstant(dims({2}), Weights{DataType::kFLOAT, &one, -2}), nullptr);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "constant weights");
  auto* conv = network->addConvolutionNd(x, 2, dims({1, 1}), weights({1, 2, 3, 4, 5}), none());
  conv->setName("head");
  output(conv->getOutput(0), "y");
  EXPECT_TRUE(build_fails());
  expect_error(ErrorCode::kINVALID_ARGUMENT, "layer 'head' (Convolution): kernel weights have count 5, but 6 was expected for dims [2,3,1,1]");
  conv->setKernelWeights(weights({1, 2, 3, 4, 5, 6}));
  conv->setBiasWeights(weights({1}));
  EXPECT_TRUE(build_fails());
  expect_error(ErrorCode::kINVALID_ARGUMENT, "bias weights have count 1, but 2 was expected");
  conv->setBiasWeights(Weights{static_cast<DataType>(55), &one, 2});
  EXPECT_TRUE(build_fails());
  expect_error(ErrorCode::kINVALID_ARGUMENT, "data type 55 does not exist");
  conv->setBiasWeights(Weights{DataType::kFLOAT, nullptr, 2});
  EXPECT_TRUE(build_fails());
  expect_error(ErrorCode::kINVALID_ARGUMENT, "bias weights has non-zero count but null values");
  const int32_t whole[] = {1, 2, 3, 4, 5, 6};
  conv->setBiasWeights(none());
  conv->setKernelWeights(Weights{DataType::kINT32, whole, 6});
  EXPECT_TRUE(build_fails());
  ASSERT_FALSE(recorder.errors.empty());
  expect_error(recorder.errors.back().first, "layer 'head' (Convolution)");
  EXPECT_FALSE(network->setWeightsName(weights({9}), "nine"));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "no layer of the network has these weights");
}

TEST_F(NetworkErrorsTest, TensorsOfLists) {
  ITensor& x = input("x", {1, 2});
  EXPECT_EQ(network->addConcatenation(nullptr, 2), nullptr);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "'input' is null");
  ITensor* half[] = {&x, nullptr};
  EXPECT_EQ(network->addConcatenation(half, 2), nullptr);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "'input' is null");
  EXPECT_EQ(network->addConcatenation(half, 0), nullptr);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "'input' is null");
  EXPECT_EQ(network->addEinsum(half, 1, nullptr), nullptr);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "'equation' is null");
  std::unique_ptr<INetworkDefinition> other(builder->createNetworkV2(1u));
  ITensor& foreign = *other->addInput("foreign", DataType::kFLOAT, dims({1, 2}));
  EXPECT_EQ(network->addElementWise(x, foreign, ElementWiseOperation::kSUM), nullptr);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "tensor 'foreign' belongs to another network");
  network->markOutput(foreign);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "belongs to another network");
  network->markOutput(x);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "put an identity layer between");
  auto* layer = network->addUnary(x, UnaryOperation::kNEG);
  layer->setInput(0, foreign);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "belongs to another network");
  layer->setInput(1, x);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "there is no input 1");
  EXPECT_EQ(layer->getInput(1), nullptr);
  EXPECT_EQ(layer->getOutput(1), nullptr);
  EXPECT_EQ(layer->getOutput(-1), nullptr);
  EXPECT_EQ(network->getLayer(99), nullptr);
  EXPECT_EQ(network->getInput(-1), nullptr);
  EXPECT_EQ(network->getOutput(0), nullptr);
  layer->setName(nullptr);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "'name' is null");
}

TEST_F(NetworkErrorsTest, DimsThatDoNotFitAreToldByLayer) {
  ITensor &a = input("a", {2, 3}), &b = input("b", {4, 5});
  auto* sum = network->addElementWise(a, b, ElementWiseOperation::kSUM);
  sum->setName("sum");
  EXPECT_EQ(sum->getOutput(0)->getDimensions().nbDims, -1);
  EXPECT_TRUE(logger.said("layer 'sum' (ElementWise)"));
  recorder.clear();
  output(sum->getOutput(0), "y");
  EXPECT_TRUE(build_fails());
  ASSERT_FALSE(recorder.errors.empty());
  EXPECT_NE(recorder.errors.back().second.find("layer 'sum' (ElementWise)"), std::string::npos) << recorder.errors.back().second;
}

TEST_F(NetworkErrorsTest, ParametersThatDoNotFit) {
  struct Case {
    const char* words;
    std::function<ILayer*(ITensor&)> add;
  };
  const std::vector<Case> cases{
      {"its mask of axes has axis 5", [&](ITensor& x) -> ILayer* { return network->addReduce(x, ReduceOperation::kSUM, 1u << 5, true); }},
      {"its mask of axes is empty", [&](ITensor& x) -> ILayer* { return network->addReduce(x, ReduceOperation::kSUM, 0, true); }},
      {"must have exactly one bit set", [&](ITensor& x) -> ILayer* { return network->addTopK(x, TopKOperation::kMAX, 1, 3); }},
      {"its axis 7 is not one of the data's 4", [&](ITensor& x) -> ILayer* { return network->addGather(x, constant_i32({1}, {0}), 7); }},
      {"is no permutation", [&](ITensor& x) -> ILayer* {
         auto* layer = network->addShuffle(x);
         layer->setFirstTranspose({0, 0, 1, 2});
         return layer;
       }},
      {"its stride has 1 dims; the input has 2 spatial ones", [&](ITensor& x) -> ILayer* {
         auto* layer = network->addPoolingNd(x, PoolingType::kMAX, dims({2, 2}));
         layer->setStrideNd(dims({2}));
         return layer;
       }},
      {"3 groups do not divide", [&](ITensor& x) -> ILayer* {
         auto* layer = network->addConvolutionNd(x, 2, dims({1, 1}), weights({1, 1, 1, 1}), none());
         layer->setNbGroups(3);
         return layer;
       }},
      {"its activation 99 does not exist", [&](ITensor& x) -> ILayer* { return network->addActivation(x, static_cast<ActivationType>(99)); }},
      {"its operation 99 does not exist", [&](ITensor& x) -> ILayer* { return network->addUnary(x, static_cast<UnaryOperation>(99)); }},
      {"its operation 99 does not exist", [&](ITensor& x) -> ILayer* { return network->addElementWise(x, x, static_cast<ElementWiseOperation>(99)); }},
      {"start, size and stride must have 4 elements", [&](ITensor& x) -> ILayer* { return network->addSlice(x, dims({0}), dims({1}), dims({1})); }},
  };
  ITensor& x = input("x", {1, 2, 4, 4});
  for (const Case& c : cases) {
    ILayer* layer = c.add(x);
    ASSERT_NE(layer, nullptr) << c.words;
    network->markOutput(*layer->getOutput(0));
    EXPECT_TRUE(build_fails()) << c.words;
    expect_error(ErrorCode::kINVALID_ARGUMENT, c.words);
    network->unmarkOutput(*layer->getOutput(0));
  }
}

TEST_F(NetworkErrorsTest, ACycleOutsideOfALoop) {
  ITensor& x = input("x", {1});
  auto *a = network->addUnary(x, UnaryOperation::kNEG), *b = network->addUnary(*a->getOutput(0), UnaryOperation::kABS);
  output(b->getOutput(0), "y");
  a->setInput(0, *b->getOutput(0));
  EXPECT_TRUE(build_fails());
  expect_error(ErrorCode::kINVALID_STATE, "depends on itself");
}

TEST_F(NetworkErrorsTest, AMissingProfilePrintsTheCallsToAdd) {
  ITensor &x = input("x", {-1, 3, -1}), &shape = input("shape", {2}, DataType::kINT32);
  auto* shuffle = network->addShuffle(x);
  shuffle->setInput(1, shape);
  output(shuffle->getOutput(0), "y");
  EXPECT_TRUE(build_fails());
  ASSERT_FALSE(recorder.errors.empty());
  for (const char* words : {"no optimization profile has been defined", "builder->createOptimizationProfile()", "profile->setDimensions(\"x\", OptProfileSelector::kMIN, Dims{3, {",
                            "profile->setShapeValues(\"shape\", OptProfileSelector::kOPT, values, 2)", "config->addOptimizationProfile(profile)"})
    EXPECT_TRUE(logger.said(words)) << logger.text;
  expect_error(ErrorCode::kINVALID_CONFIG, "Network has dynamic or shape inputs, but no optimization profile has been defined");
}

TEST_F(NetworkErrorsTest, ContradictoryProfiles) {
  using S = OptProfileSelector;
  ITensor& x = input("x", {-1, 3});
  output(network->addUnary(x, UnaryOperation::kNEG)->getOutput(0), "y");
  auto* p = builder->createOptimizationProfile();
  EXPECT_TRUE(p->setDimensions("x", S::kMIN, dims({4, 3})));
  EXPECT_FALSE(p->setDimensions("x", S::kMAX, dims({2, 3})));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "expected kMIN <= kOPT <= kMAX");
  EXPECT_FALSE(p->setDimensions("x", S::kMAX, dims({2, 3, 4})));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "has 3 values");
  EXPECT_FALSE(p->setDimensions("x", S::kMAX, dims({-1, 3})));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "a profile gives numbers");
  EXPECT_FALSE(p->setDimensions(nullptr, S::kMAX, dims({4, 3})));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "'inputName' is null");
  EXPECT_FALSE(p->setDimensions("x", static_cast<S>(7), dims({4, 3})));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "selector 7");
  EXPECT_FALSE(p->setShapeValues("x", S::kMIN, nullptr, 1));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "'values' is null");
  EXPECT_FALSE(p->setExtraMemoryTarget(2));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "expected 0 to 1");
  EXPECT_FALSE(p->isValid());
  EXPECT_EQ(config->addOptimizationProfile(p), -1);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "gives input 'x' not all of kMIN, kOPT and kMAX");
  EXPECT_EQ(config->addOptimizationProfile(nullptr), -1);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "'profile' is null");
  p->setDimensions("x", S::kOPT, dims({4, 3}));
  p->setDimensions("x", S::kMAX, dims({4, 3}));
  EXPECT_EQ(config->addOptimizationProfile(p), 0);
  // What contradicts the network shows at the build.
  auto* wrong = builder->createOptimizationProfile();
  for (S s : {S::kMIN, S::kOPT, S::kMAX}) wrong->setDimensions("x", s, dims({1, 5}));
  EXPECT_EQ(config->addOptimizationProfile(wrong), 1);
  EXPECT_TRUE(build_fails());
  expect_error(ErrorCode::kINVALID_CONFIG, "optimization profile 1: input 'x' has the fixed dim 3 at axis 1, the profile gives 5");
  config->reset();
  config->setBuilderOptimizationLevel(0);
  auto* stranger = builder->createOptimizationProfile();
  for (S s : {S::kMIN, S::kOPT, S::kMAX}) stranger->setDimensions("z", s, dims({1}));
  config->addOptimizationProfile(stranger);
  EXPECT_TRUE(build_fails());
  expect_error(ErrorCode::kINVALID_CONFIG, "names 'z', which is no input; the inputs are: x");
  config->reset();
  config->addOptimizationProfile(builder->createOptimizationProfile());
  EXPECT_TRUE(build_fails());
  expect_error(ErrorCode::kINVALID_CONFIG, "says nothing about the dynamic input 'x'");
}

TEST_F(NetworkErrorsTest, AssertionsThatDoNotHold) {
  ITensor& x = input("x", {1});
  network->addAssertion(constant_i32({}, {0}), "sizes must match");
  output(network->addUnary(x, UnaryOperation::kNEG)->getOutput(0), "y");
  EXPECT_TRUE(build_fails());
  expect_error(ErrorCode::kINVALID_CONFIG, "an assertion of the network does not hold: sizes must match");
}

TEST_F(NetworkErrorsTest, StronglyTypedNetworksDoNotConvert) {
  start(1u << static_cast<int>(NetworkDefinitionCreationFlag::kSTRONGLY_TYPED));
  ITensor &a = input("a", {1}), &b = input("b", {1}, DataType::kHALF);
  output(network->addElementWise(a, b, ElementWiseOperation::kSUM)->getOutput(0), "y");
  EXPECT_TRUE(build_fails());
  expect_error(ErrorCode::kINVALID_ARGUMENT, "put a cast layer before one of them");
}

TEST_F(NetworkErrorsTest, TensorsKeepToWhatTheyAre) {
  ITensor& x = input("x", {2});
  ITensor& y = *network->addUnary(x, UnaryOperation::kNEG)->getOutput(0);
  y.setDimensions(dims({3}));
  expect_error(ErrorCode::kINVALID_STATE, "is no network input");
  y.setDimensionName(0, "n");
  expect_error(ErrorCode::kINVALID_STATE, "only inputs have named dims");
  x.setDimensionName(4, "n");
  expect_error(ErrorCode::kINVALID_ARGUMENT, "there is no dim 4");
  y.setBroadcastAcrossBatch(true);
  expect_error(ErrorCode::kINVALID_STATE, "is no network input");
  EXPECT_FALSE(x.setDynamicRange(2, 1));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "expected min <= max");
  x.setName(nullptr);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "'name' is null");
  EXPECT_FALSE(network->markOutputForShapes(y));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "shapes are kINT32 or kBOOL");
  EXPECT_FALSE(network->unmarkOutputForShapes(y));
  expect_error(ErrorCode::kINVALID_STATE, "was not marked");
}

TEST_F(NetworkErrorsTest, AnApiOfAnotherLevelIsRefused) {
  EXPECT_EQ(createInferBuilder_INTERNAL(nullptr, NV_TENSORRT_VERSION), nullptr);
  EXPECT_EQ(createInferBuilder_INTERNAL(&logger, 7000), nullptr);
  EXPECT_TRUE(logger.said("compile it with these headers"));
}

}  // namespace
