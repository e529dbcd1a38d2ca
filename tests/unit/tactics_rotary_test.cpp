#include <gtest/gtest.h>

#include "ops/attention.h"
#include "tactic_test_util.h"

namespace tenon::core {
namespace {

struct RotaryCase {
  RotaryEmbedding op;
  std::vector<HostValue> inputs;
};

/// `positions` 0: none, 1: that of the first token, 2: one for each token.
RotaryCase rotary_case(std::mt19937& random, int positions) {
  const auto below = [&](int64_t n) { return static_cast<int64_t>(random() % static_cast<uint64_t>(n)); };
  const int64_t batch = below(4), heads = 1 + below(3), tokens = below(9), half = below(21), rest = below(3), rows = tokens + 5;
  const int64_t size = 2 * half + (half == 0 ? 2 : rest);
  RotaryCase c;
  c.op.interleaved = random() % 2;
  c.op.heads = random() % 2 ? heads : 0;
  if (half > 0 && 2 * half < size) c.op.rotary = 2 * half;
  const int64_t turned = c.op.rotary ? half : size / 2;
  const Dims x = c.op.heads ? Dims{batch, tokens, heads * size} : Dims{batch, heads, tokens, size};
  const Dims angles = positions ? Dims{rows, turned} : Dims{batch, tokens, turned};
  c.inputs = {random_tensor(DType::f32, x, random), random_tensor(DType::f32, angles, random, -1, 1), random_tensor(DType::f32, angles, random, -1, 1)};
  if (positions == 1) c.inputs.emplace_back(tensor_of<int64_t>({1}, {below(5)}));
  if (positions == 2) {
    std::vector<int64_t> each(static_cast<size_t>(batch * tokens));
    for (int64_t& p : each) p = below(rows);
    c.inputs.emplace_back(tensor_of<int64_t>({batch, tokens}, each));
  }
  return c;
}

TEST(RotaryTactic, AgreesWithTheReference) {
  std::mt19937 random(1);
  for (int round = 0; round < 150; ++round) {
    const RotaryCase c = rotary_case(random, round % 3);
    expect_tactic({std::make_shared<RotaryEmbedding>(c.op), c.inputs, {}, {}}, "rotary");
  }
}

TEST(RotaryTactic, RefusesWhatIsNotF32) {
  std::mt19937 random(2);
  const auto of = [&](Dims dims) { return random_tensor(DType::f16, std::move(dims), random, -1, 1); };
  for (const auto& ran : check_tactics({std::make_shared<RotaryEmbedding>(), {of({1, 2, 3, 8}), of({1, 3, 4}), of({1, 3, 4})}, {}, {}}))
    EXPECT_EQ(ran.find("rotary:"), std::string::npos) << ran;
}

}  // namespace
}  // namespace tenon::core
