#include <gtest/gtest.h>

#include "ops/resize.h"
#include "tactic_test_util.h"

namespace tenon::core {
namespace {

constexpr Tolerance kExact{0, 0};
constexpr ResizeCoordinates kCoordinates[] = {
    ResizeCoordinates::half_pixel,    ResizeCoordinates::half_pixel_symmetric, ResizeCoordinates::pytorch_half_pixel,
    ResizeCoordinates::align_corners, ResizeCoordinates::asymmetric,           ResizeCoordinates::tf_half_pixel_for_nn};

/// A resize of some axes of a random picture, by scales or by sizes.
TacticCase random_resize(std::mt19937& random, ResizeMode mode, DType dtype) {
  Resize op;
  op.mode = mode;
  op.coordinates = kCoordinates[random() % std::size(kCoordinates)];
  op.nearest = static_cast<ResizeNearest>(random() % 5);
  op.exclude_outside = mode == ResizeMode::cubic && random() % 2;
  op.antialias = mode != ResizeMode::nearest && random() % 4 == 0;
  const int64_t channels[] = {1, 3, 16, 20};
  Dims x{1 + static_cast<int64_t>(random() % 2), channels[random() % 4]};
  for (int i = 0, axes = 1 + static_cast<int>(random() % 3); i < axes; ++i)
    x.push_back(1 + static_cast<int64_t>(random() % 18));
  if (random() % 2)
    for (size_t i = 2; i < x.size(); ++i) op.axes.push_back(static_cast<int64_t>(i));
  std::vector<float> scales;
  std::vector<int64_t> sizes;
  for (size_t i = op.axes.empty() ? 0 : 2; i < x.size(); ++i) {
    const float choices[] = {1, 2, 0.5f, 1.3f, 3.7f, 0.8f};
    scales.push_back(i < 2 ? 1 : std::max(choices[random() % 6], 1 / static_cast<float>(x[i])));
    sizes.push_back(i < 2 ? x[i] : 1 + static_cast<int64_t>(random() % 37));
  }
  const auto count = static_cast<int64_t>(sizes.size());
  TacticCase test{std::make_shared<Resize>(op), {random_tensor(dtype, x, random), {}}, {2, 3}, {}};
  if (random() % 2) {
    test.inputs.push_back(tensor_of<float>({count}, scales));
  } else {
    test.inputs.push_back({});
    test.inputs.push_back(tensor_of<int64_t>({count}, sizes));
  }
  return test;
}

TEST(ResizeTactic, PicksTheNearestOfEveryType) {
  std::mt19937 random(1);
  for (const DType dtype : {DType::f32, DType::u8, DType::f16, DType::i64})
    for (int round = 0; round < 60; ++round)
      expect_tactic(random_resize(random, ResizeMode::nearest, dtype), "resize", kExact);
}

TEST(ResizeTactic, Interpolates) {
  std::mt19937 random(2);
  for (const ResizeMode mode : {ResizeMode::linear, ResizeMode::cubic})
    for (int round = 0; round < 120; ++round) expect_tactic(random_resize(random, mode, DType::f32), "resize");
}

TEST(ResizeTactic, LeavesCropsToTheReference) {
  std::mt19937 random(3);
  Resize op;
  op.coordinates = ResizeCoordinates::tf_crop_and_resize;
  const TacticCase test{std::make_shared<Resize>(op),
                        {random_tensor(DType::f32, {3, 5}, random),
                         tensor_of<float>({4}, {0.1f, 0.2f, 0.7f, 1.2f}),
                         {},
                         tensor_of<int64_t>({2}, {4, 4})},
                        {1, 3},
                        {}};
  for (const std::string& ran : check_tactics(test)) EXPECT_NE(ran.find("reference"), std::string::npos) << ran;
}

}  // namespace
}  // namespace tenon::core
