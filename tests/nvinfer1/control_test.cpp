#include "network_support.h"

using namespace nvinfer1;
using namespace tenon::test;

namespace {

struct ControlTest : NetworkTest {
  ITensor& trips(int32_t n) { return constant_i32({}, {n}); }
  ITensor& sum(ITensor& a, ITensor& b) { return *network->addElementWise(a, b, ElementWiseOperation::kSUM)->getOutput(0); }
  ITensor& product(ITensor& a, ITensor& b) { return *network->addElementWise(a, b, ElementWiseOperation::kPROD)->getOutput(0); }
};

TEST_F(ControlTest, CountedLoopLastValueAndConcatenation) {
  ITensor& x = input("x", {2});
  ILoop* loop = network->addLoop();
  loop->setName("powers");
  EXPECT_STREQ(loop->getName(), "powers");
  auto* limit = loop->addTripLimit(trips(3), TripLimit::kCOUNT);
  EXPECT_EQ(limit->getTripLimit(), TripLimit::kCOUNT);
  EXPECT_EQ(limit->getLoop(), loop);
  auto* state = loop->addRecurrence(x);
  ITensor& doubled = sum(*state->getOutput(0), *state->getOutput(0));
  state->setInput(1, doubled);
  output(loop->addLoopOutput(*state->getOutput(0), LoopOutput::kLAST_VALUE)->getOutput(0), "last");
  auto* all = loop->addLoopOutput(doubled, LoopOutput::kCONCATENATE, 0);
  all->setInput(1, trips(3));
  EXPECT_EQ(list(all->getOutput(0)->getDimensions()), (std::vector<int32_t>{3, 2}));
  output(all->getOutput(0), "all");
  auto* back = loop->addLoopOutput(doubled, LoopOutput::kREVERSE, 1);
  EXPECT_EQ(back->getAxis(), 1);
  EXPECT_EQ(back->getLoopOutput(), LoopOutput::kREVERSE);
  back->setInput(1, trips(3));
  output(back->getOutput(0), "back");
  give("x", Floats{1, 10});
  run();
  expect("last", {8, 80});
  expect("all", {2, 20, 4, 40, 8, 80});
  expect("back", {8, 4, 2, 80, 40, 20});
}

/// It decides no shape, so that it is an ordinary input: there is no profile.
TEST_F(ControlTest, TheTripCountMayBeAnInput) {
  ITensor& count = input("count", {}, DataType::kINT32);
  ILoop* loop = network->addLoop();
  loop->addTripLimit(count, TripLimit::kCOUNT);
  auto* state = loop->addRecurrence(input("x", {2}));
  state->setInput(1, sum(*state->getOutput(0), *state->getOutput(0)));
  output(loop->addLoopOutput(*state->getOutput(0), LoopOutput::kLAST_VALUE)->getOutput(0), "last");
  EXPECT_FALSE(count.isShapeTensor());
  give("x", Floats{1, 10});
  give<int32_t>("count", {4});
  run();
  expect("last", {16, 160});
}

struct LayerTimes : IProfiler {
  void reportLayerTime(char const* name, float ms) noexcept override { rows.emplace_back(name, ms); }
  std::vector<std::pair<std::string, float>> rows;
};

/// Each row of the body once, whatever the number of trips, and their sum is a part of the loop's time.
TEST_F(ControlTest, TheProfilerHearsOfTheBodyOfALoop) {
  if (std::string(test_device()) != "cpu") GTEST_SKIP() << "so small a loop runs on the host, as one step of the reference";
  ILoop* loop = network->addLoop();
  loop->addTripLimit(input("count", {}, DataType::kINT32), TripLimit::kCOUNT);
  auto* state = loop->addRecurrence(input("x", {2}));
  auto* inner = network->addSoftMax(sum(*state->getOutput(0), *state->getOutput(0)));
  inner->setName("inner");
  state->setInput(1, *inner->getOutput(0));
  output(loop->addLoopOutput(*state->getOutput(0), LoopOutput::kLAST_VALUE)->getOutput(0), "last");
  give("x", Floats{1, 10});
  give<int32_t>("count", {50});
  run();
  LayerTimes times;
  context->setProfiler(&times);
  std::vector<void*> bindings;
  for (int i = 0; i < engine->getNbIOTensors(); ++i) bindings.push_back(data[engine->getIOTensorName(i)].bytes.data());
  const auto check_rows = [&] {
    size_t inside = 0, named = 0;
    float loop_ms = 0, body_ms = 0;
    for (size_t i = 0; i < times.rows.size(); ++i) {
      const auto& [name, ms] = times.rows[i];
      const size_t mark = name.find(" > ");
      if (mark == std::string::npos) continue;
      ASSERT_GT(i, inside);
      const auto& above = times.rows[i - inside - 1];
      EXPECT_EQ(name.substr(0, mark), above.first);
      loop_ms = above.second;
      body_ms += ms;
      named += name.find("inner") != std::string::npos;
      ++inside;
    }
    EXPECT_GE(inside, 1U);
    EXPECT_EQ(named, 1U);
    EXPECT_GT(body_ms, 0);
    EXPECT_LE(body_ms, loop_ms);
    times.rows.clear();
  };
  ASSERT_TRUE(context->enqueueV2(bindings.data(), nullptr, nullptr));
  check_rows();
  for (int i = 0; i < engine->getNbIOTensors(); ++i) context->setTensorAddress(engine->getIOTensorName(i), bindings[i]);
  ASSERT_TRUE(context->enqueueV3(nullptr));
  check_rows();
  context->setEnqueueEmitsProfile(false);
  ASSERT_TRUE(context->enqueueV3(nullptr));
  EXPECT_TRUE(times.rows.empty());
  ASSERT_TRUE(context->reportToProfiler());
  check_rows();
}

TEST_F(ControlTest, LoopOverSlicesOfATensorBothWays) {
  ITensor& x = input("x", {3, 2});
  ILoop* loop = network->addLoop();
  loop->addTripLimit(trips(3), TripLimit::kCOUNT);
  auto* rows = loop->addIterator(x);
  auto* from_the_end = loop->addIterator(x, 0, true);
  EXPECT_TRUE(from_the_end->getReverse());
  EXPECT_EQ(list(rows->getOutput(0)->getDimensions()), (std::vector<int32_t>{2}));
  auto* state = loop->addRecurrence(constant({2}, {0, 100}));
  ITensor& next = sum(*state->getOutput(0), *rows->getOutput(0));
  state->setInput(1, next);
  output(loop->addLoopOutput(*state->getOutput(0), LoopOutput::kLAST_VALUE)->getOutput(0), "total");
  auto* mirrored = loop->addLoopOutput(sum(*rows->getOutput(0), product(*from_the_end->getOutput(0), constant({1}, {10}))), LoopOutput::kCONCATENATE);
  mirrored->setInput(1, trips(3));
  output(mirrored->getOutput(0), "mirrored");
  give("x", Floats{1, 2, 3, 4, 5, 6});
  run();
  expect("total", {9, 112});
  expect("mirrored", {51, 62, 33, 44, 15, 26});
}

TEST_F(ControlTest, WhileLoopStopsWhenItsConditionFails) {
  ITensor& x = input("x", {1});
  ILoop* loop = network->addLoop();
  auto* state = loop->addRecurrence(x);
  ITensor& now = *state->getOutput(0);
  state->setInput(1, sum(now, now));
  ITensor& small = *network->addElementWise(now, constant({1}, {100}), ElementWiseOperation::kLESS)->getOutput(0);
  auto* flat = network->addShuffle(small);
  flat->setReshapeDimensions(Dims{0, {}});
  loop->addTripLimit(*flat->getOutput(0), TripLimit::kWHILE);
  output(loop->addLoopOutput(now, LoopOutput::kLAST_VALUE)->getOutput(0), "y");
  give("x", Floats{3});
  run();
  expect("y", {192});
  give("x", Floats{500});
  run_engine();
  expect("y", {500});
}

TEST_F(ControlTest, LoopInALoop) {
  ITensor& x = input("x", {1});
  ILoop *outer = network->addLoop(), *inner = network->addLoop();
  outer->addTripLimit(trips(2), TripLimit::kCOUNT);
  inner->addTripLimit(trips(3), TripLimit::kCOUNT);
  auto* a = outer->addRecurrence(x);
  auto* b = inner->addRecurrence(*a->getOutput(0));
  b->setInput(1, sum(*b->getOutput(0), *a->getOutput(0)));
  a->setInput(1, *inner->addLoopOutput(*b->getOutput(0), LoopOutput::kLAST_VALUE)->getOutput(0));
  output(outer->addLoopOutput(*a->getOutput(0), LoopOutput::kLAST_VALUE)->getOutput(0), "y");
  give("x", Floats{1});
  run();
  expect("y", {16});
}

TEST_F(ControlTest, ConditionalRunsOneBranch) {
  ITensor &x = input("x", {2}), &positive = input("positive", {}, DataType::kBOOL);
  IIfConditional* conditional = network->addIfConditional();
  conditional->setName("choice");
  EXPECT_STREQ(conditional->getName(), "choice");
  EXPECT_EQ(conditional->setCondition(positive)->getConditional(), conditional);
  ITensor& inside = *conditional->addInput(x)->getOutput(0);
  ITensor& yes = sum(inside, constant({2}, {1, 1}));
  ITensor& no = product(inside, constant({2}, {-1, -2}));
  auto* chosen = conditional->addOutput(yes, no);
  EXPECT_EQ(list(chosen->getOutput(0)->getDimensions()), (std::vector<int32_t>{2}));
  output(chosen->getOutput(0), "y");
  give("x", Floats{5, 6});
  give("positive", std::vector<char>{1});
  run();
  expect("y", {6, 7});
  give("positive", std::vector<char>{0});
  run_engine();
  expect("y", {-5, -12});
}

TEST_F(ControlTest, ConditionalInALoop) {
  ITensor& x = input("x", {1});
  ILoop* loop = network->addLoop();
  loop->addTripLimit(trips(4), TripLimit::kCOUNT);
  auto* state = loop->addRecurrence(x);
  ITensor& now = *state->getOutput(0);
  ITensor& small = *network->addElementWise(now, constant({1}, {10}), ElementWiseOperation::kLESS)->getOutput(0);
  auto* flat = network->addShuffle(small);
  flat->setReshapeDimensions(Dims{0, {}});
  IIfConditional* conditional = network->addIfConditional();
  conditional->setCondition(*flat->getOutput(0));
  ITensor& inside = *conditional->addInput(now)->getOutput(0);
  state->setInput(1, *conditional->addOutput(product(inside, constant({1}, {3})), sum(inside, constant({1}, {1})))->getOutput(0));
  output(loop->addLoopOutput(now, LoopOutput::kLAST_VALUE)->getOutput(0), "y");
  give("x", Floats{2});
  run();
  expect("y", {20});  // 6, 18, 19, 20
}

TEST_F(ControlTest, ALoopNeedsATripLimitAndNextValues) {
  ITensor& x = input("x", {1});
  ILoop* loop = network->addLoop();
  loop->setName("endless");
  auto* state = loop->addRecurrence(x);
  output(loop->addLoopOutput(*state->getOutput(0), LoopOutput::kLAST_VALUE)->getOutput(0), "y");
  EXPECT_TRUE(build_fails());
  expect_error(ErrorCode::kINVALID_STATE, "loop 'endless' has no trip limit");
  loop->addTripLimit(trips(1), TripLimit::kCOUNT);
  EXPECT_TRUE(build_fails());
  expect_error(ErrorCode::kINVALID_STATE, "has no next value");
  EXPECT_EQ(loop->addTripLimit(trips(1), TripLimit::kCOUNT), nullptr);
  expect_error(ErrorCode::kINVALID_STATE, "has a trip limit of this kind already");
}

TEST_F(ControlTest, WhatIsInsideOfALoopCantBeUsedOutside) {
  ITensor& x = input("x", {1});
  ILoop* loop = network->addLoop();
  loop->addTripLimit(trips(1), TripLimit::kCOUNT);
  auto* state = loop->addRecurrence(x);
  state->setInput(1, sum(*state->getOutput(0), x));
  output(network->addUnary(*state->getOutput(0), UnaryOperation::kNEG)->getOutput(0), "y");
  EXPECT_TRUE(build_fails());
  expect_error(ErrorCode::kINVALID_STATE, "take it out with addLoopOutput");
}

TEST_F(ControlTest, TwoLoopsCantShareARecurrence) {
  ITensor& x = input("x", {1});
  ILoop *one = network->addLoop(), *two = network->addLoop();
  one->addTripLimit(trips(2), TripLimit::kCOUNT);
  two->addTripLimit(trips(2), TripLimit::kCOUNT);
  auto* state = one->addRecurrence(x);
  state->setInput(1, sum(*state->getOutput(0), x));
  output(two->addLoopOutput(*state->getOutput(0), LoopOutput::kLAST_VALUE)->getOutput(0), "y");
  EXPECT_TRUE(build_fails());
  expect_error(ErrorCode::kINVALID_STATE, "is used outside of its loop");
}

TEST_F(ControlTest, AConditionalNeedsACondition) {
  ITensor& x = input("x", {1});
  IIfConditional* conditional = network->addIfConditional();
  ITensor& inside = *conditional->addInput(x)->getOutput(0);
  output(conditional->addOutput(sum(inside, inside), product(inside, inside))->getOutput(0), "y");
  EXPECT_TRUE(build_fails());
  expect_error(ErrorCode::kINVALID_STATE, "has no condition");
}

}  // namespace
