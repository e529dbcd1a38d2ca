#include "network_support.h"

using namespace nvinfer1;
using namespace tenon::test;

namespace {

using MovingLayersTest = NetworkTest;

TEST_F(MovingLayersTest, Concatenation) {
  ITensor &a = input("a", {1, 2}), &b = constant({1, 2}, {3, 4});
  ITensor* both[] = {&a, &b};
  auto* layer = network->addConcatenation(both, 2);
  EXPECT_EQ(layer->getAxis(), 0);
  layer->setAxis(1);
  output(layer->getOutput(0), "y");
  give("a", Floats{1, 2});
  run();
  expect("y", {1, 2, 3, 4});
}

TEST_F(MovingLayersTest, Shuffle) {
  one_layer({2, 3}, {1, 2, 3, 4, 5, 6}, [&](ITensor& x) {
    auto* layer = network->addShuffle(x);
    layer->setFirstTranspose({1, 0});
    layer->setReshapeDimensions(dims({2, -1}));
    layer->setSecondTranspose({1, 0});
    EXPECT_EQ(list(layer->getOutput(0)->getDimensions()), (std::vector<int32_t>{3, 2}));
    return layer;
  }, {1, 5, 4, 3, 2, 6});
}

TEST_F(MovingLayersTest, ShuffleToAComputedShape) {
  ITensor& x = input("x", {-1, 4});
  ITensor& shape = *network->addShape(x)->getOutput(0);
  EXPECT_EQ(shape.getType(), DataType::kINT32);
  ITensor& rows = *network->addSlice(shape, dims({0}), dims({1}), dims({1}))->getOutput(0);
  ITensor* parts[] = {&rows, &constant_i32({2}, {2, 2})};
  auto* layer = network->addShuffle(x);
  layer->setInput(1, *network->addConcatenation(parts, 2)->getOutput(0));
  EXPECT_EQ(list(layer->getOutput(0)->getDimensions()), (std::vector<int32_t>{-1, 2, 2}));
  EXPECT_TRUE(shape.isShapeTensor());
  layer->setSecondTranspose({0, 2, 1});
  output(layer->getOutput(0), "y");
  auto* profile = builder->createOptimizationProfile();
  for (auto [kind, n] : {std::pair(OptProfileSelector::kMIN, 1), {OptProfileSelector::kOPT, 2}, {OptProfileSelector::kMAX, 4}}) profile->setDimensions("x", kind, dims({n, 4}));
  config->addOptimizationProfile(profile);
  give("x", Floats{1, 2, 3, 4, 5, 6, 7, 8}, {2, 4});
  run();
  expect("y", {1, 3, 2, 4, 5, 7, 6, 8});
  EXPECT_EQ(list(context->getTensorShape("y")), (std::vector<int32_t>{2, 2, 2}));
}

TEST_F(MovingLayersTest, Slice) {
  ITensor& x = input("x", {2, 4});
  output(network->addSlice(x, dims({0, 1}), dims({2, 2}), dims({1, 2}))->getOutput(0), "plain");
  output(network->addSlice(x, dims({1, 3}), dims({2, 4}), dims({-1, -1}))->getOutput(0), "backwards");
  const std::vector<std::pair<SampleMode, Floats>> modes{{SampleMode::kWRAP, {4, 1, 2, 3, 4, 1}}, {SampleMode::kCLAMP, {1, 1, 2, 3, 4, 4}}, {SampleMode::kFILL, {9, 1, 2, 3, 4, 9}}, {SampleMode::kREFLECT, {2, 1, 2, 3, 4, 3}}};
  for (const auto& [mode, expected] : modes) {
    auto* layer = network->addSlice(x, dims({0, -1}), dims({1, 6}), dims({1, 1}));
    layer->setMode(mode);
    if (mode == SampleMode::kFILL) layer->setInput(4, constant({}, {9}));
    output(layer->getOutput(0), ("mode" + std::to_string(static_cast<int>(mode))).c_str());
  }
  auto* axes = network->addSlice(x, dims({1}), dims({2}), dims({1}));
  axes->setAxes(dims({1}));
  output(axes->getOutput(0), "axes");
  give("x", Floats{1, 2, 3, 4, 5, 6, 7, 8});
  run();
  expect("plain", {2, 4, 6, 8});
  expect("backwards", {8, 7, 6, 5, 4, 3, 2, 1});
  for (const auto& [mode, expected] : modes) expect("mode" + std::to_string(static_cast<int>(mode)), expected);
  expect("axes", {2, 3, 6, 7});
}

TEST_F(MovingLayersTest, SqueezeUnsqueeze) {
  one_layer({1, 3}, {1, 2, 3}, [&](ITensor& x) {
    auto* squeeze = network->addSqueeze(x, constant_i32({1}, {0}));
    auto* layer = network->addUnsqueeze(*squeeze->getOutput(0), constant_i32({1}, {1}));
    EXPECT_EQ(list(layer->getOutput(0)->getDimensions()), (std::vector<int32_t>{3, 1}));
    return layer;
  }, {1, 2, 3});
}

TEST_F(MovingLayersTest, Gather) {
  ITensor& x = input("x", {2, 3});
  output(network->addGather(x, constant_i32({2}, {2, 0}), 1)->getOutput(0), "default");
  auto* batched = network->addGather(x, constant_i32({2, 1}, {2, 1}), 1);
  batched->setNbElementWiseDims(1);
  EXPECT_EQ(list(batched->getOutput(0)->getDimensions()), (std::vector<int32_t>{2, 1}));
  output(batched->getOutput(0), "batched");
  auto* element = network->addGatherV2(x, constant_i32({2, 1}, {0, 2}), GatherMode::kELEMENT);
  element->setGatherAxis(1);
  output(element->getOutput(0), "element");
  output(network->addGatherV2(x, constant_i32({2, 2}, {0, 1, 1, 2}), GatherMode::kND)->getOutput(0), "nd");
  give("x", Floats{1, 2, 3, 4, 5, 6});
  run();
  expect("default", {3, 1, 6, 4});
  expect("batched", {3, 5});
  expect("element", {1, 6});
  expect("nd", {2, 6});
}

TEST_F(MovingLayersTest, GatherPutsIndicesWhereTheAxisWas) {
  ITensor& x = input("x", {1, 2, 3});
  auto* layer = network->addGather(x, constant_i32({1, 2}, {2, 0}), 2);
  layer->setNbElementWiseDims(1);
  EXPECT_EQ(list(layer->getOutput(0)->getDimensions()), (std::vector<int32_t>{1, 2, 2}));
  output(layer->getOutput(0), "y");
  give("x", Floats{1, 2, 3, 4, 5, 6});
  run();
  expect("y", {3, 1, 6, 4});
}

TEST_F(MovingLayersTest, Scatter) {
  ITensor& x = input("x", {2, 2});
  auto* element = network->addScatter(x, constant_i32({1, 2}, {1, 0}), constant({1, 2}, {8, 9}), ScatterMode::kELEMENT);
  element->setAxis(0);
  output(element->getOutput(0), "element");
  output(network->addScatter(x, constant_i32({1, 2}, {1, 1}), constant({1}, {7}), ScatterMode::kND)->getOutput(0), "nd");
  give("x", Floats{1, 2, 3, 4});
  run();
  expect("element", {1, 9, 8, 4});
  expect("nd", {1, 2, 3, 7});
}

TEST_F(MovingLayersTest, OneHot) {
  ITensor& x = input("x", {2}, DataType::kINT32);
  output(network->addOneHot(x, constant({2}, {-1, 5}), constant_i32({}, {3}), -1)->getOutput(0), "y");
  give("x", std::vector<int32_t>{2, 0});
  run();
  expect("y", {-1, -1, 5, 5, -1, -1});
}

TEST_F(MovingLayersTest, ReverseSequence) {
  ITensor& x = input("x", {3, 2});
  auto* layer = network->addReverseSequence(x, constant_i32({2}, {2, 3}));
  EXPECT_EQ(layer->getBatchAxis(), 1);
  output(layer->getOutput(0), "y");
  give("x", Floats{1, 10, 2, 20, 3, 30});
  run();
  expect("y", {2, 30, 1, 20, 3, 10});
}

/// Memory for an output whose size is known only when it is computed.
class Grower : public IOutputAllocator {
 public:
  void* reallocateOutput(char const*, void*, uint64_t size, uint64_t) override {
    memory.resize(size);
    return memory.data();
  }
  void notifyShape(char const*, Dims const& d) override { shape = d; }
  std::vector<char> memory;
  Dims shape{};
};

TEST_F(MovingLayersTest, NonZeroAndNms) {
  ITensor& x = input("x", {2, 2});
  auto* nonzero = network->addNonZero(x);
  EXPECT_EQ(list(nonzero->getOutput(0)->getDimensions()), (std::vector<int32_t>{2, -1}));
  output(nonzero->getOutput(0), "where");
  auto* nms = network->addNMS(constant({1, 3, 4}, {0, 0, 1, 1, 0, 0, 1, 0.95f, 5, 5, 6, 6}), constant({1, 3, 1}, {0.5f, 0.9f, 0.7f}), constant_i32({}, {10}));
  nms->setInput(3, constant({}, {0.5f}));
  nms->setInput(4, constant({}, {0.1f}));
  output(nms->getOutput(0), "kept");
  output(nms->getOutput(1), "count");
  give("x", Floats{0, 1, 2, 0});
  std::unique_ptr<IHostMemory> plan(builder->buildSerializedNetwork(*network, *config));
  ASSERT_NE(plan, nullptr) << logger.text;
  runtime.reset(createInferRuntime(logger));
  engine.reset(runtime->deserializeCudaEngine(plan->data(), plan->size()));
  ASSERT_NE(engine, nullptr) << logger.text;
  context.reset(engine->createExecutionContext());
  Grower where, kept;
  EXPECT_EQ(static_cast<IOutputAllocator&>(where).getInterfaceVersion(), 1);
  Array<int32_t> count{0};
  context->setTensorAddress("x", data["x"].bytes.data());
  context->setTensorAddress("count", count);
  context->setOutputAllocator("where", &where);
  context->setOutputAllocator("kept", &kept);
  ASSERT_TRUE(context->enqueueV3(nullptr)) << logger.text;
  EXPECT_EQ(list(where.shape), (std::vector<int32_t>{2, 2}));
  const auto ints = [](const Grower& g) { return std::vector<int32_t>(reinterpret_cast<const int32_t*>(g.memory.data()), reinterpret_cast<const int32_t*>(g.memory.data()) + g.memory.size() / 4); };
  const auto found = ints(where);
  ASSERT_GE(found.size(), 4u);
  EXPECT_EQ(std::vector<int32_t>(found.begin(), found.begin() + 4), (std::vector<int32_t>{0, 1, 1, 0}));
  EXPECT_EQ(count[0], 2);
  EXPECT_EQ(list(kept.shape), (std::vector<int32_t>{2, 3}));
}

TEST_F(MovingLayersTest, NmsWithBoxesOfTheirOwnForEachClass) {
  // Two boxes; the classes see them in opposite places, so class 0 keeps both and class 1 one.
  ITensor& boxes = constant({1, 2, 2, 4}, {0, 0, 1, 1, 0, 0, 1, 1, 5, 5, 6, 6, 0, 0, 1, 0.95f});
  ITensor& scores = input("scores", {1, 2, 2});
  auto* nms = network->addNMS(boxes, scores, constant_i32({}, {10}));
  nms->setInput(3, constant({}, {0.5f}));
  nms->setInput(4, constant({}, {0.1f}));
  output(nms->getOutput(0), "kept");
  output(nms->getOutput(1), "count");
  give("scores", Floats{0.5f, 0.6f, 0.7f, 0.8f});
  engine.reset(builder->buildEngineWithConfig(*network, *config));
  ASSERT_NE(engine, nullptr) << logger.text;
  context.reset(engine->createExecutionContext());
  Grower kept;
  Array<int32_t> count{0};
  context->setTensorAddress("scores", data["scores"].bytes.data());
  context->setTensorAddress("count", count);
  context->setOutputAllocator("kept", &kept);
  ASSERT_TRUE(context->enqueueV3(nullptr)) << logger.text;
  ASSERT_EQ(count[0], 3);
  const auto* found = reinterpret_cast<const int32_t*>(kept.memory.data());
  EXPECT_EQ(std::vector<int32_t>(found, found + 9), (std::vector<int32_t>{0, 0, 1, 0, 0, 0, 0, 1, 1}));
}

}  // namespace
