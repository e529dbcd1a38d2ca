#include <gtest/gtest.h>

#include "ops/conv.h"
#include "tactic_test_util.h"

namespace tenon::core {
namespace {

constexpr Tolerance kLoose{2e-5, 1e-5};  // sums in another order

int64_t pick(std::mt19937& random, std::initializer_list<int64_t> choices) {
  return choices.begin()[random() % choices.size()];
}

TEST(DepthwiseTactic, AgreesWithTheReference) {
  std::mt19937 random(1);
  const Activation activations[] = {{}, {"relu"}, {"clip", 0, 6}, {"swish", 1, 0}, {"hard_swish"}, {"sigmoid"}};
  for (int round = 0; round < 200; ++round) {
    Conv conv;
    conv.group = pick(random, {2, 5, 8, 16, 17, 33, 64});
    conv.activation = activations[random() % std::size(activations)];
    Dims x{pick(random, {1, 1, 2, 3}), conv.group}, w{conv.group, 1}, y{x[0], conv.group};
    for (int axis = 0, axes = static_cast<int>(pick(random, {1, 2, 2, 2})); axis < axes; ++axis) {
      const int64_t kernel = pick(random, {1, 2, 3, 3, 5, 7}), stride = pick(random, {1, 1, 2, 3});
      const int64_t dilation = pick(random, {1, 1, 2}), reach = (kernel - 1) * dilation + 1;
      const int64_t before = pick(random, {0, kernel / 2, reach}), after = pick(random, {0, kernel / 2, reach});
      const int64_t size = std::max<int64_t>(pick(random, {1, 2, 4, 9, 14, 25}), reach - before - after);
      conv.window.strides.push_back(stride);
      conv.window.dilations.push_back(dilation);
      conv.window.pads.insert(conv.window.pads.begin() + axis, before);
      conv.window.pads.push_back(after);
      x.push_back(size);
      w.push_back(kernel);
      y.push_back((size + before + after - reach) / stride + 1);
    }
    TacticCase test{std::make_shared<Conv>(conv),
                    {random_tensor(DType::f32, x, random), random_tensor(DType::f32, w, random), {}},
                    {1, 2},
                    {}};
    if (random() % 2) test.inputs[2] = random_tensor(DType::f32, {conv.group}, random);
    if (random() % 3 == 0) test.inputs.push_back(random_tensor(DType::f32, y, random));
    expect_tactic(test, "depthwise", kLoose);
  }
}

TEST(DepthwiseTactic, RefusesSeveralFiltersAChannel) {
  std::mt19937 random(2);
  Conv conv;
  conv.group = 8;
  const TacticCase test{
      std::make_shared<Conv>(conv),
      {random_tensor(DType::f32, {1, 8, 6, 6}, random), random_tensor(DType::f32, {16, 1, 3, 3}, random)},
      {1},
      {}};
  for (const std::string& ran : check_tactics(test, kLoose)) EXPECT_NE(ran.find("depthwise"), 0u) << ran;
}

}  // namespace
}  // namespace tenon::core
