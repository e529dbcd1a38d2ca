#include <gtest/gtest.h>

#include "ops/conv.h"
#include "ops/normalize.h"
#include "ops/reduce.h"
#include "tactic_test_util.h"

namespace tenon::core {
namespace {

constexpr Tolerance kClose{1e-5, 1e-5};

Dims random_dims(std::mt19937& random, int rank) {
  const int64_t choices[] = {1, 2, 3, 5, 16, 17, 49, 0};
  Dims dims;
  for (int i = 0; i < rank; ++i) dims.push_back(choices[random() % (random() % 16 == 0 ? 8 : 7)]);
  return dims;
}

template <class T>
TacticCase rows_case(T op, std::vector<HostValue> inputs, std::vector<int> constants = {}) {
  return {std::make_shared<T>(std::move(op)), std::move(inputs), std::move(constants), {}};
}

TEST(SoftmaxTactic, AnyAxisAndLayout) {
  std::mt19937 random(1);
  for (int round = 0; round < 100; ++round) {
    const int rank = 1 + static_cast<int>(random() % 4);
    Softmax op;
    op.axis = static_cast<int64_t>(random() % rank) - (random() % 2 ? rank : 0);
    op.log = random() % 2;
    expect_tactic(rows_case(op, {random_tensor(DType::f32, random_dims(random, rank), random, -9, 9)}), "softmax",
                  kClose);
  }
  Softmax wide;
  wide.axis = 1;
  expect_tactic(rows_case(wide, {random_tensor(DType::f32, {2, 3, 600}, random)}), "softmax", kClose);
}

TEST(LayerNormTactic, RowsOfAnyLength) {
  std::mt19937 random(2);
  for (int round = 0; round < 100; ++round) {
    const int rank = 1 + static_cast<int>(random() % 4);
    const Dims x = random_dims(random, rank);
    LayerNorm op;
    op.axis = static_cast<int64_t>(random() % rank);
    op.rms = random() % 2;
    const Dims row(x.begin() + op.axis, x.end());
    std::vector<HostValue> inputs{random_tensor(DType::f32, x, random), HostValue(), HostValue()};
    if (random() % 2) inputs[1] = random_tensor(DType::f32, row, random);
    if (random() % 2) inputs[2] = random_tensor(DType::f32, row, random);
    expect_tactic(rows_case(op, inputs, {1, 2}), "layer_norm", {2e-4, 2e-4});
  }
}

TEST(GroupNormTactic, GroupsInBothLayouts) {
  std::mt19937 random(3);
  for (int round = 0; round < 100; ++round) {
    GroupNorm op;
    const int64_t groups = 1 + static_cast<int64_t>(random() % 4),
                  channels = groups * (1 + static_cast<int64_t>(random() % 5));
    op.groups = random() % 3 ? groups : 0;
    op.per_group_scale = random() % 2;
    Dims x{1 + static_cast<int64_t>(random() % 3), channels};
    for (int64_t d : random_dims(random, static_cast<int>(random() % 3))) x.push_back(d);
    const int64_t parameters = op.per_group_scale && op.groups ? op.groups : channels;
    std::vector<HostValue> inputs{random_tensor(DType::f32, x, random), HostValue(), HostValue()};
    if (random() % 2) inputs[1] = random_tensor(DType::f32, {parameters}, random);
    if (random() % 2) inputs[2] = random_tensor(DType::f32, {parameters}, random);
    expect_tactic(rows_case(op, inputs), "group_norm", {2e-3, 1e-3});
  }
}

TEST(ReduceTactic, AnyAxesAndLayout) {
  std::mt19937 random(4);
  for (int round = 0; round < 300; ++round) {
    Reduce op;
    op.kind = static_cast<ReduceKind>(random() % 10);
    op.keepdims = random() % 2;
    const int rank = static_cast<int>(random() % 6);
    Dims dims = random_dims(random, rank);
    if (rank == 5) dims = {2, 3, 2, 5, 3};
    std::vector<int64_t> axes;
    for (int a = 0; a < rank; ++a)
      if (random() % 2) axes.push_back(a);
    std::vector<HostValue> inputs{
        random_tensor(DType::f32, dims, random, op.kind == ReduceKind::log_sum ? 0.1 : -1.5, 1.5)};
    if (!axes.empty() || random() % 2) inputs.push_back(tensor_of<int64_t>({static_cast<int64_t>(axes.size())}, axes));
    expect_tactic(rows_case(op, inputs, {1}), "reduce", {2e-5, 1e-4});
  }
}

TEST(ReduceTactic, KeepsNaN) {
  std::mt19937 random(5);
  Reduce op;
  op.kind = ReduceKind::max;
  for (const int64_t at : {0, 7, 40, 99}) {
    Tensor x = random_tensor(DType::f32, {2, 50}, random);
    x.mutable_data<float>()[at] = NAN;
    for (const std::vector<int64_t>& axes : {std::vector<int64_t>{0}, {1}, {0, 1}})
      expect_tactic(rows_case(op, {x, tensor_of<int64_t>({static_cast<int64_t>(axes.size())}, axes)}, {1}), "reduce",
                    kClose);
  }
}

TEST(ReduceTactic, LogSumExpOfLargeAndInfiniteNumbers) {
  Reduce op;
  op.kind = ReduceKind::log_sum_exp;
  const float rows[][3] = {{1000, 999, -1000},           {-1000, -1001, -999},
                           {-INFINITY, 1, 2},            {-INFINITY, -INFINITY, -INFINITY},
                           {INFINITY, 1, -INFINITY},     {INFINITY, INFINITY, 0},
                           {NAN, 1, INFINITY},           {0, -INFINITY, NAN}};
  std::vector<float> values;
  for (const auto& row : rows)
    for (int column = 0; column < 27; ++column) values.push_back(row[column % 3]);
  for (const int64_t axis : {0, 1, 2}) {
    const Tensor at = tensor_of<int64_t>({1}, {axis});
    expect_tactic(rows_case(op, {tensor_of<float>({8, 9, 3}, values), at}, {1}), "reduce", kClose);
    expect_tactic(rows_case(op, {tensor_of<float>({8, 1, 27}, values), at}, {1}), "reduce", kClose);
  }
  expect_tactic(rows_case(op, {tensor_of<float>({2, 0, 3}, {}), tensor_of<int64_t>({1}, {1})}, {1}), "reduce", kClose);
}

TEST(ReduceTactic, GlobalPooling) {
  std::mt19937 random(6);
  for (const PoolKind kind : {PoolKind::max, PoolKind::average}) {
    Pool op;
    op.kind = kind;
    op.global = true;
    expect_tactic(rows_case(op, {random_tensor(DType::f32, {2, 300, 7, 7}, random)}), "reduce", kClose);
  }
}

}  // namespace
}  // namespace tenon::core
