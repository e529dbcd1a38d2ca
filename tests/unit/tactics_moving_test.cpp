#include <gtest/gtest.h>

#include <numeric>

#include "ops/pointwise.h"
#include "ops/shape.h"
#include "tactic_test_util.h"

namespace tenon::core {
namespace {

constexpr Tolerance kExact{0, 0};

Dims random_dims(std::mt19937& random, int rank) {
  const int64_t choices[] = {1, 2, 3, 4, 5, 8, 0};
  Dims dims;
  for (int i = 0; i < rank; ++i) dims.push_back(choices[random() % (random() % 8 == 0 ? 7 : 6)]);
  return dims;
}

Tensor random_x(std::mt19937& random, int rank) {
  const DType types[] = {DType::f32, DType::i64, DType::u8, DType::f16, DType::boolean};
  return random_tensor(types[random() % 5], random_dims(random, rank), random);
}

Tensor ints(const std::vector<int64_t>& values) {
  return tensor_of<int64_t>({static_cast<int64_t>(values.size())}, values);
}

template <class T>
TacticCase make_case(T op, std::vector<HostValue> inputs, std::vector<int> constants = {}) {
  return {std::make_shared<T>(std::move(op)), std::move(inputs), std::move(constants), {}};
}

TEST(Copy, Transposes) {
  std::mt19937 random(1);
  for (int round = 0; round < 100; ++round) {
    Transpose op;
    for (int i = 0, rank = static_cast<int>(random() % 6); i < rank; ++i) op.permutation.push_back(i);
    std::shuffle(op.permutation.begin(), op.permutation.end(), random);
    const Tensor x = random_x(random, static_cast<int>(op.permutation.size()));
    if (op.permutation.size() == 2 && random() % 2) op.permutation.clear();
    expect_tactic(make_case(op, {x}), "copy", kExact);
  }
}

TEST(View, ChannelsMoveWithoutACopy) {
  std::mt19937 random(2);
  Transpose to_last, to_first;
  to_last.permutation = {0, 2, 3, 1};
  to_first.permutation = {0, 3, 1, 2};
  const Tensor x = random_tensor(DType::f32, {2, 3, 4, 5}, random);
  expect_tactic(make_case(to_last, {x}), "view", kExact);
  expect_tactic(make_case(to_first, {x}), "view", kExact);
}

TEST(View, ReshapesKeepOrMergeSpatialAxes) {
  std::mt19937 random(3);
  const Tensor x = random_tensor(DType::f32, {2, 3, 4, 5}, random);
  for (const std::vector<int64_t>& shape : {std::vector<int64_t>{2, 3, 20}, {2, 3, 2, 2, 5}, {6, 20}, {-1}, {0, 3, -1}})
    expect_tactic(make_case(Reshape(), {x, ints(shape)}, {1}), "view", kExact);
  expect_tactic(make_case(Flatten(), {x}), "view", kExact);
  expect_tactic(make_case(Identity(), {x}), "view", kExact);
  expect_tactic(make_case(Unsqueeze(), {x, ints({0, 5})}, {1}), "view", kExact);
}

TEST(Copy, Slices) {
  std::mt19937 random(4);
  for (int round = 0; round < 200; ++round) {
    const int rank = 1 + static_cast<int>(random() % 4);
    const Tensor x = random_x(random, rank);
    std::vector<int64_t> axes, starts, ends, steps;
    for (int a = 0; a < rank; ++a) {
      if (random() % 2) continue;
      axes.push_back(random() % 2 ? a : a - rank);
      starts.push_back(static_cast<int64_t>(random() % 14) - 7);
      ends.push_back(random() % 4 ? static_cast<int64_t>(random() % 14) - 7 : INT64_MAX);
      const int64_t choices[] = {1, 1, 2, -1, -2};
      steps.push_back(choices[random() % 5]);
    }
    expect_tactic(make_case(Slice(), {x, ints(starts), ints(ends), ints(axes), ints(steps)}, {1, 2, 3, 4}), "copy",
                  kExact);
  }
}

TEST(View, OuterSlicesArePartsOfTheInput) {
  std::mt19937 random(5);
  const Tensor x = random_tensor(DType::f32, {1, 6, 4}, random);
  expect_tactic(make_case(Slice(), {x, ints({2}), ints({-1}), ints({1})}, {1, 2, 3}), "view", kExact);
}

TEST(Copy, ConcatenatesAndSplits) {
  std::mt19937 random(6);
  for (int round = 0; round < 100; ++round) {
    const int rank = 1 + static_cast<int>(random() % 4);
    const int64_t axis = static_cast<int64_t>(random() % rank);
    Dims dims = random_dims(random, rank);
    std::vector<HostValue> parts;
    std::vector<int64_t> sizes;
    for (int i = 0, count = 1 + static_cast<int>(random() % 4); i < count; ++i) {
      dims[static_cast<size_t>(axis)] = static_cast<int64_t>(random() % 4);
      sizes.push_back(dims[static_cast<size_t>(axis)]);
      parts.push_back(random_tensor(DType::f32, dims, random));
    }
    Concat concat;
    concat.axis = random() % 2 ? axis : axis - rank;
    expect_tactic(make_case(concat, parts), "copy", kExact);
    if (axis == 0) expect_tactic(make_case(concat, parts), "parts", kExact);
    Split split;
    split.axis = concat.axis;
    split.outputs = static_cast<int64_t>(sizes.size());
    dims[static_cast<size_t>(axis)] = std::accumulate(sizes.begin(), sizes.end(), int64_t{0});
    expect_tactic(make_case(split, {random_tensor(DType::i32, dims, random), ints(sizes)}, {1}), "copy", kExact);
    if (axis == 0) expect_tactic(make_case(split, {random_tensor(DType::i32, dims, random), ints(sizes)}, {1}), "parts", kExact);
  }
}

TEST(Copy, RefusesDimsThatContradictEachOther) {
  Graph graph;
  const Value a = graph.add_input("a", Type::tensor(DType::f32, {Dim(2), Dim::symbol("N")}));
  const Value b = graph.add_input("b", Type::tensor(DType::f32, {Dim(2), Dim::symbol("N")}));
  Concat concat;
  concat.axis = 0;
  const NodeId node = graph.add(std::make_shared<Concat>(concat), {a, b}).node;
  const DeviceInfo device;
  const TacticOptions options;
  const Problem problem{graph, node, device, options};
  const Tactic& copy = *find_tactic("cpu", "copy");
  TestWeights weights;
  Threads threads(1);
  std::string why;
  const Offer offer = copy.offers(problem, why).at(0);
  const auto prepare = [&](const NodeShapes& shapes) {
    return copy.prepare({problem, offer, shapes, weights, threads}, why);
  };
  EXPECT_TRUE(prepare({{{2, 5}, {2, 5}}, {{4, 5}}}));
  EXPECT_FALSE(prepare({{{2, 5}, {2, 9}}, {{4, 5}}}));
  EXPECT_NE(why.find("contradict"), std::string::npos);
}

TEST(Copy, ExpandsTilesAndPads) {
  std::mt19937 random(7);
  for (int round = 0; round < 100; ++round) {
    const int rank = 1 + static_cast<int>(random() % 4);
    const Tensor x = random_x(random, rank);
    std::vector<int64_t> target = x.dims(), repeats, pads;
    for (int64_t& d : target) d = d == 1 ? static_cast<int64_t>(random() % 4) : d;
    if (random() % 2) target.insert(target.begin(), 3);
    expect_tactic(make_case(Expand(), {x, ints(target)}, {1}), "copy", kExact);
    for (int a = 0; a < rank; ++a) repeats.push_back(static_cast<int64_t>(random() % 4));
    expect_tactic(make_case(Tile(), {x, ints(repeats)}, {1}), "copy", kExact);
    for (int a = 0; a < 2 * rank; ++a)
      pads.push_back(static_cast<int64_t>(random() % 4) - (x.dim(a % rank) >= 2 && random() % 3 == 0));
    std::vector<HostValue> inputs{x, ints(pads)};
    if (random() % 2) inputs.push_back(random_tensor(x.dtype(), {}, random));
    expect_tactic(make_case(Pad(), inputs, {1}), "copy", kExact);
  }
}

TEST(Copy, MovesBetweenDepthAndSpace) {
  std::mt19937 random(8);
  for (const bool crd : {false, true}) {
    DepthToSpace op;
    op.blocksize = 2;
    op.crd = crd;
    expect_tactic(make_case(op, {random_tensor(DType::f32, {2, 12, 3, 5}, random)}), "copy", kExact);
  }
  SpaceToDepth op;
  op.blocksize = 3;
  expect_tactic(make_case(op, {random_tensor(DType::f32, {2, 5, 6, 9}, random)}), "copy", kExact);
}

}  // namespace
}  // namespace tenon::core
