#include "network_support.h"

using namespace nvinfer1;
using namespace tenon::test;

namespace {

using NetworkApiTest = NetworkTest;

TEST_F(NetworkApiTest, LayersAndTensorsAreNamedAndCounted) {
  ITensor& x = input("x", {2});
  auto* layer = network->addUnary(x, UnaryOperation::kNEG);
  EXPECT_STREQ(layer->getName(), "(Unnamed Layer* 0) [Unary]");
  EXPECT_STREQ(layer->getOutput(0)->getName(), "(Unnamed Layer* 0) [Unary]_output");
  layer->setName("minus");
  EXPECT_STREQ(layer->getName(), "minus");
  layer->setMetadata("from line 7");
  EXPECT_STREQ(layer->getMetadata(), "from line 7");
  output(layer->getOutput(0), "y");
  EXPECT_EQ(network->getNbLayers(), 1);
  EXPECT_EQ(network->getNbInputs(), 1);
  EXPECT_EQ(network->getNbOutputs(), 1);
  EXPECT_EQ(network->getLayer(0), layer);
  EXPECT_EQ(network->getInput(0), &x);
  EXPECT_EQ(network->getOutput(0), layer->getOutput(0));
  EXPECT_TRUE(x.isNetworkInput());
  EXPECT_FALSE(x.isNetworkOutput());
  EXPECT_TRUE(layer->getOutput(0)->isNetworkOutput());
  EXPECT_EQ(x.getLocation(), TensorLocation::kDEVICE);
  EXPECT_TRUE(x.isExecutionTensor());
  network->setName("net");
  EXPECT_STREQ(network->getName(), "net");
  EXPECT_FALSE(network->hasImplicitBatchDimension());
  EXPECT_FALSE(network->hasExplicitPrecision());
  network->unmarkOutput(*layer->getOutput(0));
  EXPECT_EQ(network->getNbOutputs(), 0);
  network->removeTensor(x);
  EXPECT_EQ(network->getNbInputs(), 0);
}

TEST_F(NetworkApiTest, DimsOfInputsMayChange) {
  ITensor& x = input("x", {1, 4});
  auto* layer = network->addReduce(x, ReduceOperation::kSUM, 2, true);
  EXPECT_EQ(list(layer->getOutput(0)->getDimensions()), (std::vector<int32_t>{1, 1}));
  x.setDimensions(dims({3, 2}));
  EXPECT_EQ(list(layer->getOutput(0)->getDimensions()), (std::vector<int32_t>{3, 1}));
  output(layer->getOutput(0), "y");
  give("x", Floats{1, 2, 3, 4, 5, 6});
  run();
  expect("y", {3, 7, 11});
}

TEST_F(NetworkApiTest, OutputsAreGivenInTheTypeThatWasSet) {
  ITensor& x = input("x", {2});
  auto* half = network->addUnary(x, UnaryOperation::kNEG);
  half->setOutputType(0, DataType::kHALF);
  EXPECT_TRUE(half->outputTypeIsSet(0));
  EXPECT_EQ(half->getOutputType(0), DataType::kHALF);
  auto* later = network->addUnary(x, UnaryOperation::kABS);
  later->setPrecision(DataType::kHALF);
  EXPECT_TRUE(later->precisionIsSet());
  EXPECT_EQ(later->getPrecision(), DataType::kHALF);
  later->resetPrecision();
  EXPECT_FALSE(later->precisionIsSet());
  output(half->getOutput(0), "half");
  output(later->getOutput(0), "later");
  later->getOutput(0)->setType(DataType::kHALF);
  give("x", Floats{1, -2});
  run();
  EXPECT_EQ(engine->getTensorDataType("half"), DataType::kHALF);
  EXPECT_EQ(result<uint16_t>("half", 2), (std::vector<uint16_t>{0xBC00, 0x4000}));
  EXPECT_EQ(result<uint16_t>("later", 2), (std::vector<uint16_t>{0x3C00, 0x4000}));
}

TEST_F(NetworkApiTest, HalfInputsAndWeights) {
  ITensor& x = input("x", {2}, DataType::kHALF);
  const uint16_t halves[] = {0x4000, 0xC200};  // 2, -3
  ITensor& w = *network->addConstant(dims({2}), {DataType::kHALF, halves, 2})->getOutput(0);
  output(network->addElementWise(x, w, ElementWiseOperation::kPROD)->getOutput(0), "y");
  give("x", std::vector<uint16_t>{0x3C00, 0x3800});  // 1, 0.5
  run();
  expect("y", {2, -1.5f});
}

TEST_F(NetworkApiTest, DynamicRangesOfInt8Tensors) {
  ITensor& x = input("x", {2}, DataType::kINT8);
  EXPECT_FALSE(x.dynamicRangeIsSet());
  EXPECT_TRUE(x.setDynamicRange(-127, 127));
  EXPECT_TRUE(x.dynamicRangeIsSet());
  EXPECT_EQ(x.getDynamicRangeMax(), 127);
  output(network->addElementWise(x, constant({2}, {0.5f, 2}), ElementWiseOperation::kPROD)->getOutput(0), "y");
  give("x", std::vector<int8_t>{3, -4});
  run();
  expect("y", {1.5f, -8});
}

TEST_F(NetworkApiTest, ADeepNetworkNeedsNoDeepStack) {
  ITensor* x = &input("x", {1});
  for (int i = 0; i < 40000; ++i) x = network->addUnary(*x, UnaryOperation::kNEG)->getOutput(0);
  EXPECT_EQ(x->getType(), DataType::kFLOAT);
  EXPECT_EQ(list(x->getDimensions()), (std::vector<int32_t>{1}));
  output(x, "y");
  EXPECT_TRUE(builder->isNetworkSupported(*network, *config)) << logger.text;
  network->getLayer(0)->setOutputType(0, DataType::kHALF);
  EXPECT_EQ(network->getLayer(0)->getOutput(0)->getType(), DataType::kHALF);
  EXPECT_EQ(x->getType(), DataType::kFLOAT);
}

}  // namespace
