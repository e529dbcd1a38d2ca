#include <gtest/gtest.h>

#include "ops/conv.h"
#include "ops/matmul.h"
#include "tactic_test_util.h"

namespace tenon::core {
namespace {

constexpr Tolerance kLoose{1e-3, 1e-4};  // sums in another order

Activation some_activation(std::mt19937& random) {
  const Activation all[] = {{}, {"relu"}, {"clip", -1, 3}, {"gelu_erf"}};
  return all[random() % 4];
}

TEST(RowProductTactic, MatrixProducts) {
  std::mt19937 random(1);
  for (int round = 0; round < 80; ++round) {
    const int64_t m = 1 + random() % 130, k = 1 + random() % 300, n = 1 + random() % 300;
    MatMul op;
    op.transpose_b = random() % 2;
    op.alpha = random() % 3 ? 1 : 0.5;
    op.activation = some_activation(random);
    Dims a{m, k}, y{m, n};
    if (random() % 2) a.insert(a.begin(), 2), y.insert(y.begin(), 2);
    TacticCase test{std::make_shared<MatMul>(op),
                    {random_tensor(DType::f32, a, random), random_tensor(DType::f32, op.transpose_b ? Dims{n, k} : Dims{k, n}, random), HostValue(), HostValue()},
                    {1, 2},
                    {}};
    if (random() % 2) test.inputs[2] = random_tensor(DType::f32, {n}, random);
    if (random() % 2) test.inputs[3] = random_tensor(DType::f32, y, random);
    expect_tactic(test, "row_product", kLoose);
  }
}

TEST(RowProductTactic, PointConvolutions) {
  std::mt19937 random(2);
  for (int round = 0; round < 60; ++round) {
    const int64_t images = 1 + random() % 2, rows = 1 + random() % 12, columns = 1 + random() % 12, channels = 1 + random() % 150, filters = 1 + random() % 150;
    Conv op;
    op.activation = some_activation(random);
    TacticCase test{std::make_shared<Conv>(op),
                    {random_tensor(DType::f32, {images, channels, rows, columns}, random), random_tensor(DType::f32, {filters, channels, 1, 1}, random), HostValue(), HostValue()},
                    {1, 2},
                    {}};
    if (random() % 2) test.inputs[2] = random_tensor(DType::f32, {filters}, random);
    if (random() % 2) test.inputs[3] = random_tensor(DType::f32, {images, filters, rows, columns}, random);
    expect_tactic(test, "row_product", kLoose);
  }
}

TEST(RowProductTactic, SeveralBlocksOfRows) {
  std::mt19937 random(3);
  const TacticCase test{std::make_shared<MatMul>(),
                        {random_tensor(DType::f32, {700, 1500}, random), random_tensor(DType::f32, {1500, 70}, random), random_tensor(DType::f32, {70}, random)},
                        {1, 2},
                        {}};
  expect_tactic(test, "row_product", {5e-3, 1e-3});
}

}  // namespace
}  // namespace tenon::core
