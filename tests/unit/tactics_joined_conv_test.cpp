#include <gtest/gtest.h>

#include "ops/fused.h"
#include "ops/joined_conv.h"
#include "ops/pointwise.h"
#include "ops/shape.h"
#include "tactic_test_util.h"

namespace tenon::core {
namespace {

constexpr Tolerance kLoose{1e-3, 1e-4};  // sums in another order

Type f32(const Dims& dims) { return Type::tensor(DType::f32, Shape(dims.begin(), dims.end())); }

/// A body of these parts, and the node's inputs in its order.
TacticCase joined(const std::vector<Dims>& parts, int64_t filters, bool biased, const Activation& activation, std::mt19937& random) {
  Graph body;
  TacticCase test;
  int64_t channels = 0;
  const auto input = [&](const Dims& dims, bool constant) {
    if (constant) test.constants.push_back(static_cast<int>(test.inputs.size()));
    test.inputs.push_back(random_tensor(DType::f32, dims, random));
    return body.add_input("x" + std::to_string(test.inputs.size()), f32(dims));
  };
  std::vector<Value> values;
  for (const Dims& part : parts) {
    values.push_back(input(part, false));
    channels += part[1];
  }
  Concat concat;
  concat.axis = 1;
  const Value x = body.add(std::move(concat), values);
  const Value scaled = body.add(Binary(BinaryKind::mul), {x, input({channels, 1, 1}, true)});
  const Value shifted = body.add(Binary(BinaryKind::add), {scaled, input({channels, 1, 1}, true)});
  std::vector<Value> inputs{body.add(Unary(UnaryKind::relu), {shifted}), input({filters, channels, 1, 1}, true)};
  if (biased) inputs.push_back(input({filters}, true));
  Conv conv;
  conv.activation = activation;
  body.add_output("y", body.add(std::move(conv), inputs));
  Fused fused;
  fused.body = std::make_shared<const Graph>(std::move(body));
  test.op = std::make_shared<const Fused>(std::move(fused));
  return test;
}

TEST(JoinedConvTactic, AgreesWithTheReference) {
  std::mt19937 random(3);
  const Activation activations[] = {{}, {"relu"}, {"clip", 0, 6}};
  for (int round = 0; round < 60; ++round) {
    const int64_t images = 1 + random() % 2, rows = 1 + random() % 9, columns = 1 + random() % 9, filters = 1 + random() % 140;
    std::vector<Dims> parts(1 + random() % 5);
    for (Dims& part : parts) part = {images, static_cast<int64_t>(random() % 3 ? 32 : 1 + random() % 70), rows, columns};
    expect_tactic(joined(parts, filters, random() % 2, activations[random() % 3], random), "joined_conv", kLoose);
  }
}

TEST(JoinedConvTactic, ManyBlocksOfRows) {
  std::mt19937 random(4);
  expect_tactic(joined({{2, 700, 13, 11}, {2, 324, 13, 11}}, 70, true, {"relu"}, random), "joined_conv", kLoose);
}

TEST(JoinedConvTactic, OtherBodiesAreNone) {
  std::mt19937 random(5);
  const auto test = joined({{1, 3, 2, 2}}, 2, false, {}, random);
  ASSERT_TRUE(joined_conv(*dynamic_cast<const Fused&>(*test.op).body));
  Graph body;
  const Value x = body.add_input("x", f32({1, 3, 2, 2}));
  body.add_output("y", body.add(Unary(UnaryKind::relu), {x}));
  EXPECT_FALSE(joined_conv(body));
}

}  // namespace
}  // namespace tenon::core
