#include "network_support.h"

using namespace nvinfer1;
using namespace tenon::test;

namespace {

using TensorWeightsTest = NetworkTest;

TEST_F(TensorWeightsTest, Deconvolution) {
  one_layer({1, 1, 1, 2}, {1, 2}, [&](ITensor& x) {
    auto* layer = network->addDeconvolutionNd(x, 1, dims({1, 2}), none(), none());
    layer->setInput(1, constant({1, 1, 1, 2}, {1, 10}));
    layer->setInput(2, constant({1}, {0.5f}));
    layer->setStrideNd(dims({1, 2}));
    EXPECT_EQ(layer->getNbInputs(), 3);
    return layer;
  }, {1.5f, 10.5f, 2.5f, 20.5f});
}

TEST_F(TensorWeightsTest, FullyConnected) {
  one_layer({1, 2, 1, 1}, {1, 2}, [&](ITensor& x) {
    auto* layer = network->addFullyConnected(x, 2, none(), none());
    layer->setInput(1, constant({2, 2}, {1, 2, 3, 4}));
    layer->setInput(2, constant({2}, {10, 20}));
    return layer;
  }, {15, 31});
}

TEST_F(TensorWeightsTest, AKernelThatIsComputedWhileTheEngineRuns) {
  ITensor &x = input("x", {1, 1, 2, 2}), &kernel = input("kernel", {1, 1, 2, 2});
  ITensor& doubled = *network->addElementWise(kernel, kernel, ElementWiseOperation::kSUM)->getOutput(0);
  auto* conv = network->addConvolutionNd(x, 1, dims({2, 2}), none(), none());
  conv->setInput(1, doubled);
  output(conv->getOutput(0), "y");
  give("x", Floats{1, 2, 3, 4});
  give("kernel", Floats{1, 0, 0, 10});
  run();
  expect("y", {82});
}

TEST_F(TensorWeightsTest, TheRouteOfQuantizedWeights) {
  ITensor& x = input("x", {1, 1, 2, 2});
  const auto route = [&](ITensor& tensor, ITensor& scale, int32_t axis) -> ITensor& {
    auto* q = network->addQuantize(tensor, scale);
    q->setAxis(axis);
    auto* dq = network->addDequantize(*q->getOutput(0), scale);
    dq->setAxis(axis);
    return *dq->getOutput(0);
  };
  auto* conv = network->addConvolutionNd(route(x, constant({}, {0.5f}), 0), 2, dims({2, 2}), none(), weights({0, 100}));
  conv->setInput(1, route(constant({2, 1, 2, 2}, {1.2f, 0, 0, 1, 10, 0, 0, 11}), constant({2}, {1, 10}), 0));
  output(conv->getOutput(0), "y");
  config->setFlag(BuilderFlag::kINT8);
  give("x", Floats{1.1f, 2, 3, 4.3f});
  run();
  expect("y", {1 + 4.5f, 100 + 10 + 45});
}

TEST_F(TensorWeightsTest, AKernelMustBeGivenSomehow) {
  output(network->addConvolutionNd(input("x", {1, 1, 2, 2}), 1, dims({2, 2}), none(), none())->getOutput(0), "y");
  EXPECT_TRUE(build_fails());
  expect_error(ErrorCode::kINVALID_ARGUMENT, "kernel weights have count 0, but 4 was expected");
}

}  // namespace
