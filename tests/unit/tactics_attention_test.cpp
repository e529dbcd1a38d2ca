#include <gtest/gtest.h>

#include "base/error.h"
#include "ops/attention.h"
#include "ops/index.h"
#include "tactic_test_util.h"

namespace tenon::core {
namespace {

template <class T>
TacticCase make_case(T op, std::vector<HostValue> inputs, std::vector<int> constants = {}) {
  return {std::make_shared<T>(std::move(op)), std::move(inputs), std::move(constants), {}};
}

int64_t pick(std::mt19937& random, std::initializer_list<int64_t> choices) {
  return choices.begin()[random() % choices.size()];
}

HostValue random_mask(std::mt19937& random, const Dims& scores) {
  if (random() % 2) return {};
  Dims dims = scores;
  for (size_t axis = 0; axis < 3; ++axis)
    if (random() % 2) dims[axis] = 1;
  if (random() % 3 == 0) dims.erase(dims.begin(), dims.begin() + 2);
  if (random() % 4 == 0) dims.back() = std::max<int64_t>(1, dims.back() - 2);
  if (random() % 2) return random_tensor(DType::boolean, dims, random);
  Tensor added = random_tensor(DType::f32, dims, random);
  for (float& v : added.mutable_values<float>())
    if (random() % 3 == 0) v = -INFINITY;
  return added;
}

TEST(AttentionTactic, MasksWindowsLengthsAndGroups) {
  std::mt19937 random(1);
  for (int round = 0; round < 150; ++round) {
    const int64_t batch = pick(random, {1, 2}), groups = pick(random, {1, 2}), heads = groups * pick(random, {1, 3});
    const int64_t queries = pick(random, {1, 5, 13, 40}), keys = pick(random, {1, 7, 64, 70, 130});
    const int64_t depth = pick(random, {1, 8, 33, 64}), width = pick(random, {1, 16, 64, 70});
    Attention op;
    if (random() % 3 == 0) op.scale = 0.3;
    if (random() % 3 == 0) op.softcap = 2;
    op.causal = random() % 3 == 0;
    if (random() % 3 == 0) op.left = pick(random, {0, 3});
    if (random() % 3 == 0) op.right = pick(random, {0, 3});
    std::vector<HostValue> inputs{random_tensor(DType::f32, {batch, heads, queries, depth}, random),
                                  random_tensor(DType::f32, {batch, groups, keys, depth}, random),
                                  random_tensor(DType::f32, {batch, groups, keys, width}, random),
                                  random_mask(random, {batch, heads, queries, keys}),
                                  HostValue(),
                                  HostValue()};
    if (random() % 3 == 0) inputs[4] = random_tensor(DType::i64, {batch}, random, 0, static_cast<double>(keys));
    if (random() % 3 == 0) inputs[5] = random_tensor(DType::i64, {random() % 2 ? batch : 1}, random, 0, 5);
    expect_tactic(make_case(op, inputs), "attention", {1e-4, 1e-4});
  }
}

TEST(GatherTactic, RowsOfAnyType) {
  std::mt19937 random(2);
  for (int round = 0; round < 60; ++round) {
    Gather op;
    const int rank = 1 + static_cast<int>(random() % 3);
    op.axis = static_cast<int64_t>(random() % rank);
    Dims dims, index_dims;
    for (int i = 0; i < rank; ++i) dims.push_back(pick(random, {1, 3, 8}));
    for (int i = 0, n = static_cast<int>(random() % 3); i < n; ++i) index_dims.push_back(pick(random, {0, 1, 4}));
    const double count = static_cast<double>(dims[static_cast<size_t>(op.axis)]);
    const Tensor indices = random_tensor(random() % 2 ? DType::i64 : DType::i32, index_dims, random, -count, count);
    const DType types[] = {DType::f32, DType::i64, DType::u8, DType::f16};
    expect_tactic(make_case(op, {random_tensor(types[random() % 4], dims, random), indices}), "gather", {0, 0});
  }
}

TEST(GatherTactic, AnIndexOutOfRangeIsAnError) {
  std::mt19937 random(3);
  const TacticCase test =
      make_case(Gather(), {random_tensor(DType::f32, {3, 2}, random), tensor_of<int64_t>({2}, {0, 3})});
  EXPECT_THROW(check_tactics(test), Error);
}

}  // namespace
}  // namespace tenon::core
