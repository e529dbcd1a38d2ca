#include <gtest/gtest.h>

#include <cmath>

#include "ops/normalize.h"
#include "ops/reduce.h"
#include "tactic_test_util.h"

namespace tenon::core {
namespace {

constexpr Tolerance kExact{0, 0};

/// Few different numbers, so that many are equal; sometimes zeros of both signs, infinities and NaN among them.
Tensor random_ties(std::mt19937& random, Dims dims) {
  const float special[] = {0.0f, -0.0f, INFINITY, -INFINITY, NAN};
  const bool has_special = random() % 2;
  std::vector<float> values(static_cast<size_t>(checked_product(dims)));
  for (float& v : values)
    v = has_special && random() % 6 == 0 ? special[random() % 5] : static_cast<float>(random() % 7) - 3;
  return tensor_of<float>(std::move(dims), values);
}

Dims random_dims(std::mt19937& random) {
  const int64_t sizes[] = {1, 2, 3, 7, 16, 33, 70};
  Dims dims;
  for (int i = 0, rank = 1 + static_cast<int>(random() % 4); i < rank; ++i)
    dims.push_back(i < 2 ? sizes[random() % 7] : sizes[random() % 5]);
  return dims;
}

TEST(OrderTactic, FindsTheLargestAndTheSmallest) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    const Tensor x = random_ties(random, random_dims(random));
    ArgReduce op;
    op.minimum = random() % 2;
    op.select_last_index = random() % 2;
    op.keepdims = random() % 2;
    op.axis = static_cast<int64_t>(random() % static_cast<uint64_t>(x.rank())) - (random() % 2 ? x.rank() : 0);
    expect_tactic({std::make_shared<ArgReduce>(op), {x}, {}, {}}, "order", kExact);
  }
}

TEST(OrderTactic, TakesTheFirstOfTheBest) {
  std::mt19937 random(2);
  for (int round = 0; round < 200; ++round) {
    const Tensor x = random_ties(random, random_dims(random));
    TopK op;
    op.largest = random() % 2;
    op.axis = static_cast<int64_t>(random() % static_cast<uint64_t>(x.rank()));
    const auto k = 1 + static_cast<int64_t>(random() % static_cast<uint64_t>(x.dim(op.axis)));
    expect_tactic({std::make_shared<TopK>(op), {x, tensor_of<int64_t>({1}, {k})}, {1}, {}}, "order", kExact);
  }
}

TEST(ScanTactic, IsTheReferenceToTheBit) {
  std::mt19937 random(4);
  for (int round = 0; round < 200; ++round) {
    Dims dims = random_dims(random);
    dims.front() = random() % 20 ? 1 + static_cast<int64_t>(random() % 300) : 0;
    const DType types[] = {DType::f32, DType::f64, DType::i32, DType::i64};
    const DType type = types[random() % 4];
    Cumulative op;
    op.product = random() % 3 == 0;
    op.exclusive = random() % 2;
    op.reverse = random() % 2;
    const auto rank = static_cast<int64_t>(dims.size());
    const int64_t axis = static_cast<int64_t>(random() % dims.size()) - (random() % 2 ? rank : 0);
    expect_tactic({std::make_shared<Cumulative>(op), {random_tensor(type, dims, random), tensor_of<int64_t>({1}, {axis})}, {1}, {}},
                  "scan", {1e-37, 0});  // kernels take subnormal numbers as 0
  }
}

TEST(ScanTactic, WrapsIntegersAndKeepsWhatIsNotFinite) {
  Cumulative sum, product;
  product.product = true;
  const Tensor axis = tensor_of<int64_t>({}, {0});
  const Tensor large = tensor_of<int32_t>({3, 1}, {INT32_MAX, 7, INT32_MAX});
  const Tensor special = tensor_of<float>({5}, {1, INFINITY, -INFINITY, 2, NAN});
  for (const Cumulative& op : {sum, product}) {
    expect_tactic({std::make_shared<Cumulative>(op), {large, axis}, {1}, {}}, "scan", kExact);
    expect_tactic({std::make_shared<Cumulative>(op), {special, axis}, {1}, {}}, "scan", kExact);
  }
}

TEST(LrnTactic, AgreesWithTheReference) {
  std::mt19937 random(3);
  for (int round = 0; round < 100; ++round) {
    LRN op;
    op.size = 1 + static_cast<int64_t>(random() % 7);
    op.alpha = 0.3;
    op.beta = random() % 2 ? 0.75 : 1.5;
    op.bias = random() % 2 ? 1 : 2;
    Dims dims = random_dims(random);
    if (dims.size() < 2) dims.push_back(random() % 2 ? 5 : 300);
    expect_tactic({std::make_shared<LRN>(op), {random_tensor(DType::f32, dims, random)}, {}, {}}, "lrn");
  }
}

TEST(LpNormTactic, AgreesWithTheReference) {
  std::mt19937 random(4);
  for (int round = 0; round < 100; ++round) {
    LpNorm op;
    op.p = 1 + static_cast<int64_t>(random() % 2);
    op.epsilon = random() % 2 ? 0 : 0.5;
    const Dims dims = random_dims(random);
    op.axis = static_cast<int64_t>(random() % dims.size());
    expect_tactic({std::make_shared<LpNorm>(op), {random_tensor(DType::f32, dims, random)}, {}, {}}, "lp_norm");
  }
  expect_tactic({std::make_shared<LpNorm>(), {tensor_of<float>({2, 2}, {0, 0, 3, 4})}, {}, {}}, "lp_norm");
}

}  // namespace
}  // namespace tenon::core
