// What programs do to the inputs and outputs of a model after it is parsed.
#include "../unit/onnx_builder.h"
#include "NvOnnxParser.h"
#include "network_support.h"

namespace tenon::test {

using namespace nvinfer1;
using namespace core::test;  // NOLINT: the builder's names

namespace {

constexpr int kOnnxFloat = 1;

/// y = x joined with x * (2, -1), over f32[rows,2].
std::string doubled(const char* rows) {
  const Floats w = {2, -1};
  GraphBytes g;
  g.inputs = {value_info("x", kOnnxFloat, {rows, "2"})};
  g.outputs = {value_info("y", kOnnxFloat, {"", "2"})};
  g.initializers = {raw_tensor("w", kOnnxFloat, {2}, {reinterpret_cast<const char*>(w.data()), 8})};
  g.nodes = {node("Mul", {"x", "w"}, {"t"}, "scale"), node("Concat", {"x", "t"}, {"y"}, "join", {int_attribute("axis", 0)})};
  return model_of(g);
}

}  // namespace

struct ModelIoTest : NetworkTest {
  void parse(const std::string& model) {
    parser.reset(nvonnxparser::createParser(*network, logger));
    ASSERT_TRUE(parser->parse(model.data(), model.size(), nullptr)) << logger.text;
  }
  void TearDown() override { parser.reset(); }
  std::unique_ptr<nvonnxparser::IParser> parser;
};

TEST_F(ModelIoTest, BindingsMayBeHalfWhileTheModelIsFloat) {
  parse(doubled("1"));
  config->setFlag(BuilderFlag::kFP16);
  network->getInput(0)->setType(DataType::kHALF);
  network->getOutput(0)->setType(DataType::kHALF);
  give<uint16_t>("x", {0x4200, 0xC500});  // 3, -5
  run();
  EXPECT_EQ(engine->getTensorDataType("x"), DataType::kHALF);
  EXPECT_EQ(result<uint16_t>("y", 4), (std::vector<uint16_t>{0x4200, 0xC500, 0x4600, 0x4500}));
}

TEST_F(ModelIoTest, BindingsMayBeInt8WithARange) {
  parse(doubled("1"));
  for (ITensor* t : {network->getInput(0), network->getOutput(0)}) {
    t->setType(DataType::kINT8);
    t->setDynamicRange(-127, 127);
  }
  give<int8_t>("x", {3, -5});
  run();
  EXPECT_EQ(result<int8_t>("y", 4), (std::vector<int8_t>{3, -5, 6, 5}));
}

TEST_F(ModelIoTest, ADimThatTheProfileFixesIsFixed) {
  parse(doubled("rows"));
  IOptimizationProfile* profile = builder->createOptimizationProfile();
  for (auto kind : {OptProfileSelector::kMIN, OptProfileSelector::kOPT, OptProfileSelector::kMAX}) profile->setDimensions("x", kind, Dims2(2, 2));
  config->addOptimizationProfile(profile);
  give<float>("x", {1, 2, 3, 4});
  run();  // no shape is set
  EXPECT_EQ(list(engine->getTensorShape("x")), (std::vector<int32_t>{2, 2}));
  EXPECT_EQ(list(engine->getTensorShape("y")), (std::vector<int32_t>{4, 2}));
  expect("y", {1, 2, 3, 4, 2, -2, 6, -4});
}

TEST_F(ModelIoTest, ADimThatTwoProfilesFixDifferentlyStaysOpen) {
  parse(doubled("rows"));
  for (int rows : {2, 3}) {
    IOptimizationProfile* profile = builder->createOptimizationProfile();
    for (auto kind : {OptProfileSelector::kMIN, OptProfileSelector::kOPT, OptProfileSelector::kMAX}) profile->setDimensions("x", kind, Dims2(rows, 2));
    config->addOptimizationProfile(profile);
  }
  std::unique_ptr<IHostMemory> plan(builder->buildSerializedNetwork(*network, *config));
  ASSERT_NE(plan, nullptr) << logger.text;
  runtime.reset(createInferRuntime(logger));
  engine.reset(runtime->deserializeCudaEngine(plan->data(), plan->size()));
  ASSERT_NE(engine, nullptr) << logger.text;
  EXPECT_EQ(list(engine->getTensorShape("x")), (std::vector<int32_t>{-1, 2}));
  EXPECT_EQ(list(engine->getTensorShape("y")), (std::vector<int32_t>{-1, 2}));
}

}  // namespace tenon::test
