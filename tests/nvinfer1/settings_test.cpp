// What is told to layers and objects, beside parameters_test.cpp: values that differ from those they begin with.
#include <set>

#include "network_support.h"

using namespace nvinfer1;
using namespace tenon::test;

namespace {

struct SettingsTest : NetworkTest {
  using Sizes = std::vector<int32_t>;
  static Sizes shape(ILayer* layer) { return list(layer->getOutput(0)->getDimensions()); }
};

TEST_F(SettingsTest, Constant) {
  auto* layer = network->addConstant(dims({2}), weights({1, 2}));
  EXPECT_EQ(list(layer->getDimensions()), (Sizes{2}));
  layer->setDimensions(dims({3, 1}));
  layer->setWeights(weights({4, 5, 6}));
  EXPECT_EQ(list(layer->getDimensions()), (Sizes{3, 1}));
  output(network->addIdentity(*layer->getOutput(0))->getOutput(0), "y");
  run();
  expect("y", {4, 5, 6});
}

TEST_F(SettingsTest, Deconvolution) {
  auto* layer = network->addDeconvolutionNd(input("x", {1, 2, 3, 3}), 2, dims({3, 3}), weights(Floats(18, 1)), none());
  layer->setStrideNd(dims({2, 2}));
  layer->setNbGroups(2);
  EXPECT_EQ(layer->getNbGroups(), 2);
  EXPECT_EQ(shape(layer), (Sizes{1, 2, 7, 7}));
  layer->setPaddingMode(PaddingMode::kSAME_UPPER);
  EXPECT_EQ(layer->getPaddingMode(), PaddingMode::kSAME_UPPER);
  EXPECT_EQ(shape(layer), (Sizes{1, 2, 6, 6}));
}

TEST_F(SettingsTest, Fill) {
  auto* fill = network->addFill(dims({2}), FillOperation::kLINSPACE, DataType::kFLOAT);
  EXPECT_EQ(fill->getToType(), DataType::kFLOAT);
  EXPECT_EQ(list(fill->getDimensions()), (Sizes{2}));
  fill->setDimensions(dims({4}));
  fill->setAlpha(1.5);
  fill->setBeta(0.5);
  EXPECT_EQ(fill->getAlpha(), 1.5);
  EXPECT_EQ(fill->getBeta(), 0.5);
  output(fill->getOutput(0), "y");
  run();
  expect("y", {1.5f, 2, 2.5f, 3});
  fill->setToType(DataType::kHALF);
  EXPECT_EQ(fill->getToType(), DataType::kHALF);
}

TEST_F(SettingsTest, Quantization) {
  auto* q = network->addQuantize(input("x", {1, 2, 2, 2}), constant({2}, {1, 1}));
  EXPECT_EQ(q->getAxis(), -1);
  q->setAxis(1);
  EXPECT_EQ(q->getAxis(), 1);
  EXPECT_EQ(q->getToType(), DataType::kINT8);
  auto* dq = network->addDequantize(*q->getOutput(0), constant({2}, {1, 1}));
  EXPECT_EQ(dq->getAxis(), -1);
  dq->setAxis(1);
  EXPECT_EQ(dq->getAxis(), 1);
  EXPECT_EQ(dq->getToType(), DataType::kFLOAT);
  dq->setToType(DataType::kHALF);
  EXPECT_EQ(dq->getToType(), DataType::kHALF);
  EXPECT_EQ(dq->getOutput(0)->getType(), DataType::kHALF);
  q->setToType(DataType::kFP8);
  EXPECT_EQ(q->getToType(), DataType::kFP8);
}

TEST_F(SettingsTest, Axes) {
  ITensor& x = input("x", {2, 3});
  auto* gather = network->addGather(x, constant_i32({1, 2}, {1, 2}), 0);
  gather->setMode(GatherMode::kND);
  EXPECT_EQ(gather->getMode(), GatherMode::kND);
  EXPECT_EQ(shape(gather), (Sizes{1}));
  auto* scatter = network->addScatter(x, constant_i32({1, 3}, {1, 0, 1}), constant({1, 3}, {7, 8, 9}), ScatterMode::kELEMENT);
  EXPECT_EQ(scatter->getAxis(), 0);
  scatter->setAxis(1);
  EXPECT_EQ(scatter->getAxis(), 1);
  scatter->setAxis(0);
  output(scatter->getOutput(0), "scattered");
  auto* hot = network->addOneHot(input("i", {2}, DataType::kINT32), constant({2}, {0, 1}), constant_i32({}, {3}), -1);
  EXPECT_EQ(hot->getAxis(), -1);
  EXPECT_EQ(shape(hot), (Sizes{2, 3}));
  hot->setAxis(0);
  EXPECT_EQ(hot->getAxis(), 0);
  EXPECT_EQ(shape(hot), (Sizes{3, 2}));
  output(hot->getOutput(0), "hot");
  give("x", Floats{1, 2, 3, 4, 5, 6});
  give("i", std::vector<int32_t>{2, 0});
  run();
  expect("scattered", {1, 8, 3, 7, 5, 9});
  expect("hot", {0, 1, 0, 0, 1, 0});
}

TEST_F(SettingsTest, Normalization) {
  auto* layer = network->addNormalization(input("x", {1, 1, 2, 2}), constant({1, 1, 1, 1}, {1}), constant({1, 1, 1, 1}, {0}), 1u << 3);
  EXPECT_EQ(layer->getAxes(), 1u << 3);
  layer->setAxes(1u << 2);
  EXPECT_EQ(layer->getAxes(), 1u << 2);
  output(layer->getOutput(0), "y");
  give("x", Floats{1, 5, 3, 9});
  run();
  expect("y", {-1, -1, 1, 1}, 1e-4f);
}

TEST_F(SettingsTest, WindowsAndPadding) {
  ITensor& x = input("x", {1, 1, 6, 6});
  auto* pool = network->addPoolingNd(x, PoolingType::kMAX, dims({1, 1}));
  pool->setWindowSize(DimsHW(3, 2));
  EXPECT_EQ(list(pool->getWindowSizeNd()), (Sizes{3, 2}));
  EXPECT_EQ(shape(pool)[2], 4);
  auto* padding = network->addPaddingNd(x, dims({0, 0}), dims({0, 0}));
  padding->setPostPaddingNd(dims({1, 2}));
  EXPECT_EQ(list(padding->getPostPaddingNd()), (Sizes{1, 2}));
  EXPECT_EQ(shape(padding), (Sizes{1, 1, 7, 8}));
}

TEST_F(SettingsTest, ShuffleAndSlice) {
  ITensor& x = input("x", {2, 3, 4});
  auto* shuffle = network->addShuffle(x);
  shuffle->setSecondTranspose({2, 0, 1});
  EXPECT_EQ(shuffle->getSecondTranspose().order[0], 2);
  auto* slice = network->addSlice(x, dims({0, 0, 0}), dims({1, 1, 2}), dims({1, 1, 1}));
  slice->setStride(dims({1, 1, 3}));
  EXPECT_EQ(list(slice->getStride()), (Sizes{1, 1, 3}));
  output(slice->getOutput(0), "y");
  give("x", [] { Floats v(24); for (size_t i = 0; i < v.size(); ++i) v[i] = static_cast<float>(i); return v; }());
  run();
  expect("y", {0, 3});
  slice->setAxes(dims({0, 1, 2}));
  EXPECT_EQ(list(slice->getAxes()), (Sizes{0, 1, 2}));
}

TEST_F(SettingsTest, LoopOutputAndDynamicRange) {
  ITensor& x = input("x", {2});
  EXPECT_TRUE(x.setDynamicRange(-3, 2));
  EXPECT_EQ(x.getDynamicRangeMin(), -3);
  EXPECT_EQ(x.getDynamicRangeMax(), 2);
  ILoop* loop = network->addLoop();
  loop->addTripLimit(constant_i32({}, {3}), TripLimit::kCOUNT);
  auto* state = loop->addRecurrence(x);
  state->setInput(1, *network->addElementWise(*state->getOutput(0), constant({2}, {1, 10}), ElementWiseOperation::kSUM)->getOutput(0));
  auto* all = loop->addLoopOutput(*state->getOutput(0), LoopOutput::kCONCATENATE, 0);
  all->setInput(1, constant_i32({}, {3}));
  all->setAxis(1);
  EXPECT_EQ(all->getAxis(), 1);
  output(all->getOutput(0), "y");
  give("x", Floats{0, 0});
  run();
  expect("y", {0, 1, 2, 0, 10, 20});
}

TEST_F(SettingsTest, TheConfigKeepsAStream) {
  int place = 0;
  const auto stream = reinterpret_cast<cudaStream_t>(&place);
  config->setProfileStream(stream);
  EXPECT_EQ(config->getProfileStream(), stream);
  config->setProfileStream(nullptr);
  EXPECT_EQ(config->getProfileStream(), nullptr);
}

TEST_F(SettingsTest, ACpuWithoutHalfInstructionsIsNotFastInHalves) {
  if (std::string(test_device()) != "cpu") GTEST_SKIP() << "asks about a CPU";
  const bool fast = builder->platformHasFastFp16();
  std::string line, flags;
  if (FILE* file = std::fopen("/proc/cpuinfo", "r")) {
    char text[8192];
    while (std::fgets(text, sizeof text, file)) flags += text;
    std::fclose(file);
  }
  EXPECT_EQ(fast, flags.find("avx512_fp16") != std::string::npos);
}

/// What a client reads back from the recorder that an object gives it.
TEST_F(SettingsTest, RecordersAreReadThroughTheObject) {
  EXPECT_EQ(recorder.count, 3);  // of the builder, its config and its network
  EXPECT_EQ(builder->createNetworkV2(1u << 20), nullptr);
  IErrorRecorder* given = builder->getErrorRecorder();
  ASSERT_EQ(given, &recorder);
  ASSERT_EQ(given->getNbErrors(), 1);
  EXPECT_EQ(given->getErrorCode(0), ErrorCode::kINVALID_ARGUMENT);
  EXPECT_NE(std::string(given->getErrorDesc(0)).find("of the flags name nothing"), std::string::npos);
  EXPECT_FALSE(given->hasOverflowed());
  given->clear();
  EXPECT_EQ(given->getNbErrors(), 0);
}

/// Looks at what it is offered, and leaves the choice to the builder.
struct Looker : IAlgorithmSelector {
  int32_t selectAlgorithms(IAlgorithmContext const& context, IAlgorithm const* const* choices, int32_t count, int32_t*) override {
    std::set<int64_t> tactics, kinds;
    for (int32_t i = 0; i < count; ++i) {
      tactics.insert(choices[i]->getAlgorithmVariant().getTactic());
      kinds.insert(choices[i]->getAlgorithmVariant().getImplementation());
      longest = std::max(longest, choices[i]->getTimingMSec());
    }
    EXPECT_EQ(tactics.size(), static_cast<size_t>(count)) << context.getName() << ": every choice has a number of its own";
    most_kinds = std::max(most_kinds, kinds.size());
    inputs[context.getName()] = context.getNbInputs();
    return 0;
  }
  void reportAlgorithms(IAlgorithmContext const* const*, IAlgorithm const* const*, int32_t) override {}
  float longest = 0;
  size_t most_kinds = 0;
  std::map<std::string, int32_t> inputs;
};

TEST_F(SettingsTest, AlgorithmsSayWhatTheyAre) {
  auto* conv = network->addConvolutionNd(input("x", {1, 3, 16, 16}), 4, dims({3, 3}), weights(Floats(108, 0.5f)), none());
  conv->setName("conv");
  output(conv->getOutput(0), "y");
  config->setBuilderOptimizationLevel(3);
  Looker looker;
  config->setAlgorithmSelector(&looker);
  std::unique_ptr<IHostMemory> plan(builder->buildSerializedNetwork(*network, *config));
  ASSERT_NE(plan, nullptr) << logger.text;
  EXPECT_GT(looker.longest, 0);
  EXPECT_GT(looker.most_kinds, 1u);
  ASSERT_EQ(looker.inputs.count("conv"), 1u);
  EXPECT_GE(looker.inputs["conv"], 2);
}

}  // namespace
