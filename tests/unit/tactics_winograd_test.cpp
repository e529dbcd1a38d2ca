#include <gtest/gtest.h>

#include "ops/conv.h"
#include "tactic_test_util.h"

namespace tenon::core {
namespace {

int64_t pick(std::mt19937& random, std::initializer_list<int64_t> choices) {
  return choices.begin()[random() % choices.size()];
}

TEST(WinogradTactic, AgreesWithTheReferenceForAnySizeAndPadding) {
  std::mt19937 random(1);
  for (int round = 0; round < 80; ++round) {
    Conv conv;
    conv.window.pads = {pick(random, {0, 1, 2}), pick(random, {0, 1, 2}), pick(random, {0, 1}),
                        pick(random, {0, 1, 3})};
    const Activation activations[] = {{}, {"relu"}, {"clip", 0, 6}, {"swish", 1, 0}};
    conv.activation = activations[random() % 4];
    const int64_t batch = pick(random, {1, 2, 5}), channels = pick(random, {1, 3, 16, 40}),
                  filters = pick(random, {1, 8, 64, 70});
    const Dims x{batch, channels, pick(random, {3, 4, 7, 13}), pick(random, {3, 5, 8, 14})};
    const Dims y{batch, filters, x[2] + conv.window.pads[0] + conv.window.pads[2] - 2,
                 x[3] + conv.window.pads[1] + conv.window.pads[3] - 2};
    std::vector<HostValue> inputs{random_tensor(DType::f32, x, random),
                                  random_tensor(DType::f32, {filters, channels, 3, 3}, random), HostValue()};
    if (random() % 2) inputs[2] = random_tensor(DType::f32, {filters}, random);
    if (random() % 3 == 0) inputs.push_back(random_tensor(DType::f32, y, random));
    expect_tactic({std::make_shared<Conv>(conv), inputs, {1, 2}, {}}, "winograd", {3e-3, 1e-3});
  }
}

TEST(WinogradTactic, IsNotOfferedWhereSumsMustKeepTheirOrder) {
  std::mt19937 random(2);
  TacticCase test{std::make_shared<Conv>(),
                  {random_tensor(DType::f32, {1, 4, 6, 6}, random), random_tensor(DType::f32, {4, 4, 3, 3}, random)},
                  {1},
                  {}};
  test.options.exact = true;
  for (const std::string& ran : check_tactics(test, {1e-4, 1e-4})) EXPECT_NE(ran.find("winograd"), 0u) << ran;
}

}  // namespace
}  // namespace tenon::core
