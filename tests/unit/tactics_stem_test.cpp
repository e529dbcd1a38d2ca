#include <gtest/gtest.h>

#include "ops/conv.h"
#include "tactic_test_util.h"

namespace tenon::core {
namespace {

constexpr Tolerance kLoose{2e-4, 1e-4};  // sums in another order

int64_t pick(std::mt19937& random, std::initializer_list<int64_t> choices) {
  return choices.begin()[random() % choices.size()];
}

TEST(StemTactic, AgreesWithTheReference) {
  std::mt19937 random(1);
  const Activation activations[] = {{}, {"relu"}, {"clip", 0, 6}, {"swish", 1, 0}};
  for (int round = 0; round < 150; ++round) {
    Conv conv;
    conv.activation = activations[random() % std::size(activations)];
    const int64_t channels = pick(random, {1, 3, 3, 4}), filters = pick(random, {1, 16, 24, 32, 64, 80});
    Dims x{pick(random, {1, 1, 3}), channels}, w{filters, channels};
    for (int axis = 0; axis < 2; ++axis) {
      const int64_t kernel = pick(random, {1, 3, 4, 7}), dilation = pick(random, {1, 1, 1, 2});
      const int64_t reach = (kernel - 1) * dilation + 1, before = pick(random, {0, kernel / 2, reach});
      const int64_t after = pick(random, {0, kernel / 2, reach});
      conv.window.strides.push_back(pick(random, {1, 2, 2, 4}));
      conv.window.dilations.push_back(dilation);
      conv.window.pads.insert(conv.window.pads.begin() + axis, before);
      conv.window.pads.push_back(after);
      x.push_back(std::max<int64_t>(pick(random, {1, 5, 16, 33}), reach - before - after));
      w.push_back(kernel);
    }
    TacticCase test{std::make_shared<Conv>(conv),
                    {random_tensor(DType::f32, x, random), random_tensor(DType::f32, w, random)},
                    {1, 2},
                    {}};
    if (random() % 2) test.inputs.push_back(random_tensor(DType::f32, {filters}, random));
    expect_tactic(test, "stem", kLoose);
  }
}

TEST(StemTactic, RefusesManyChannels) {
  std::mt19937 random(2);
  const TacticCase test{
      std::make_shared<Conv>(),
      {random_tensor(DType::f32, {1, 5, 6, 6}, random), random_tensor(DType::f32, {8, 5, 3, 3}, random)},
      {1},
      {}};
  for (const std::string& ran : check_tactics(test, kLoose)) EXPECT_NE(ran.find("stem"), 0u) << ran;
}

}  // namespace
}  // namespace tenon::core
