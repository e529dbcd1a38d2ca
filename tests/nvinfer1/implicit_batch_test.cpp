#include "network_support.h"

using namespace nvinfer1;
using namespace tenon::test;

namespace {

struct ImplicitBatchTest : NetworkTest {
  void SetUp() override {
    NetworkTest::SetUp();
    start(0);
    builder->setMaxBatchSize(4);
  }
};

TEST_F(ImplicitBatchTest, AnyBatchUpToTheMaximum) {
  EXPECT_TRUE(network->hasImplicitBatchDimension());
  ITensor& x = input("x", {1, 2, 2});
  auto* conv = network->addConvolutionNd(x, 2, dims({2, 2}), weights({1, 1, 1, 1, 1, 0, 0, -1}), weights({0, 10}));
  EXPECT_EQ(list(conv->getOutput(0)->getDimensions()), (std::vector<int32_t>{2, 1, 1}));
  output(conv->getOutput(0), "y");
  Floats values(16);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  give("x", values);
  run(4);
  EXPECT_EQ(engine->getMaxBatchSize(), 4);
  EXPECT_TRUE(engine->hasImplicitBatchDimension());
  EXPECT_EQ(list(engine->getBindingDimensions(1)), (std::vector<int32_t>{2, 1, 1}));
  const Floats expected{6, 7, 22, 7, 38, 7, 54, 7};
  expect("y", expected);
  for (int batch = 1; batch < 4; ++batch) {
    run_engine(batch);
    expect("y", {expected.begin(), expected.begin() + 2 * batch});
  }
}

TEST_F(ImplicitBatchTest, AxesLeaveTheBatchOut) {
  ITensor& x = input("x", {2, 3});
  output(network->addReduce(x, ReduceOperation::kSUM, 1, false)->getOutput(0), "rows");
  auto* soft = network->addSoftMax(x);
  EXPECT_EQ(soft->getAxes(), 1u);
  auto* shuffle = network->addShuffle(x);
  shuffle->setFirstTranspose({1, 0});
  shuffle->setReshapeDimensions(dims({6}));
  output(shuffle->getOutput(0), "flat");
  auto* top = network->addTopK(x, TopKOperation::kMAX, 1, 2);
  output(top->getOutput(1), "where");
  output(network->addSlice(x, dims({0, 1}), dims({2, 1}), dims({1, 1}))->getOutput(0), "middle");
  give("x", Floats{1, 2, 3, 4, 5, 6, 60, 50, 40, 30, 20, 10});
  run(2);
  expect("rows", {5, 7, 9, 90, 70, 50});
  expect("flat", {1, 4, 2, 5, 3, 6, 60, 30, 50, 20, 40, 10});
  expect("middle", {2, 5, 50, 20});
  EXPECT_EQ(result<int32_t>("where", 4), (std::vector<int32_t>{2, 2, 0, 0}));
}

TEST_F(ImplicitBatchTest, BroadcastAcrossTheBatchEndsAtAConcatenation) {
  ITensor &x = input("x", {1, 2}), &shared = input("shared", {1, 2});
  shared.setBroadcastAcrossBatch(true);
  EXPECT_TRUE(shared.getBroadcastAcrossBatch());
  ITensor& scaled = *network->addElementWise(shared, constant({1, 2}, {10, 10}), ElementWiseOperation::kPROD)->getOutput(0);
  EXPECT_TRUE(scaled.getBroadcastAcrossBatch());
  ITensor* parts[] = {&x, &scaled};
  auto* joined = network->addConcatenation(parts, 2);
  joined->setAxis(1);
  EXPECT_FALSE(joined->getOutput(0)->getBroadcastAcrossBatch());
  EXPECT_EQ(list(joined->getOutput(0)->getDimensions()), (std::vector<int32_t>{1, 4}));
  output(joined->getOutput(0), "joined");
  output(network->addElementWise(x, scaled, ElementWiseOperation::kSUM)->getOutput(0), "sum");
  give("x", Floats{1, 2, 3, 4});
  give("shared", Floats{7, 8});
  run(2);
  expect("joined", {1, 2, 70, 80, 3, 4, 70, 80});
  expect("sum", {71, 82, 73, 84});
}

TEST_F(ImplicitBatchTest, FullyConnectedPoolingAndScaleOfALeNet) {
  ITensor& x = input("x", {1, 4, 4});
  auto* scaled = network->addScale(x, ScaleMode::kUNIFORM, weights({1}), weights({2}), none());
  auto* pool = network->addPooling(*scaled->getOutput(0), PoolingType::kMAX, DimsHW(2, 2));
  pool->setStride(DimsHW(2, 2));
  auto* fc = network->addFullyConnected(*pool->getOutput(0), 2, weights({1, 1, 1, 1, 1, -1, 1, -1}), weights({0, 1}));
  EXPECT_EQ(list(fc->getOutput(0)->getDimensions()), (std::vector<int32_t>{2, 1, 1}));
  output(fc->getOutput(0), "y");
  Floats values(32);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  give("x", values);
  run(2);
  // Maxima 5, 7, 13, 15, and 16 more in the second image; each 2 v + 1.
  expect("y", {84, -7, 212, -7});
}

TEST_F(ImplicitBatchTest, GatherOfSharedAndOwnIndices) {
  ITensor &x = input("x", {3}), &at = input("at", {2}, DataType::kINT32);
  output(network->addGather(x, at, 0)->getOutput(0), "own");
  output(network->addGather(x, constant_i32({1}, {2}), 0)->getOutput(0), "same");
  output(network->addGather(constant({3}, {7, 8, 9}), at, 0)->getOutput(0), "table");
  give("x", Floats{1, 2, 3, 4, 5, 6});
  give("at", std::vector<int32_t>{0, 2, 1, 1});
  run(2);
  expect("own", {1, 3, 5, 5});
  expect("same", {3, 6});
  expect("table", {7, 9, 8, 8});
}

TEST_F(ImplicitBatchTest, WhatNeedsAnExplicitBatchIsRefused) {
  EXPECT_EQ(network->addInput("x", DataType::kFLOAT, dims({-1, 2})), nullptr);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "create it with kEXPLICIT_BATCH");
  ITensor& x = input("y", {2});
  output(network->addShape(x)->getOutput(0), "shape");
  EXPECT_TRUE(build_fails());
  expect_error(ErrorCode::kUNSUPPORTED_STATE, "has no shape layers");
}

}  // namespace
