#include <gtest/gtest.h>

#include "ops/recurrent.h"
#include "tactic_test_util.h"

namespace tenon::core {
namespace {

int64_t pick(std::mt19937& random, std::initializer_list<int64_t> choices) {
  return choices.begin()[random() % choices.size()];
}

/// Random inputs of a layer with `gates` gates and `functions` activations per direction.
template <class T>
TacticCase random_layer(std::mt19937& random, T op, int64_t gates, const std::vector<std::string>& functions,
                        bool has_cell) {
  op.common.direction = static_cast<Direction>(random() % 3);
  const int64_t d = op.common.directions(), steps = pick(random, {1, 2, 7}), batch = pick(random, {1, 3, 9});
  const int64_t inputs = pick(random, {1, 5, 40}), hidden = pick(random, {1, 6, 32, 70});
  for (int64_t i = 0; i < d; ++i)
    for (const std::string& name : functions) {
      op.common.activations.push_back(random() % 4 == 0 ? "hard_sigmoid" : name);
      op.common.alpha.push_back(0.2);
      op.common.beta.push_back(0.5);
    }
  if (random() % 3 == 0) op.common.clip = 0.4;
  const auto tensor = [&](Dims dims) { return random_tensor(DType::f32, std::move(dims), random, -0.6, 0.6); };
  std::vector<HostValue> in{tensor({steps, batch, inputs}),
                            tensor({d, gates * hidden, inputs}),
                            tensor({d, gates * hidden, hidden}),
                            HostValue(),
                            HostValue(),
                            HostValue()};
  if (random() % 2) in[3] = tensor({d, 2 * gates * hidden});
  if (random() % 2) in[4] = random_tensor(DType::i32, {batch}, random, 0, static_cast<double>(steps + 1));
  if (random() % 2) in[5] = tensor({d, batch, hidden});
  if (has_cell && random() % 2) {
    in.push_back(tensor({d, batch, hidden}));
    if (random() % 2) in.push_back(tensor({d, 3 * hidden}));
  }
  return {std::make_shared<T>(op), in, {1, 2, 3}, {}};
}

TEST(RecurrentTactic, Lstm) {
  std::mt19937 random(1);
  for (int round = 0; round < 60; ++round) {
    LSTM op;
    op.input_forget = random() % 3 == 0;
    expect_tactic(random_layer(random, op, 4, {"sigmoid", "tanh", "tanh"}, true), "recurrent", {1e-5, 1e-5});
  }
}

TEST(RecurrentTactic, Gru) {
  std::mt19937 random(2);
  for (int round = 0; round < 60; ++round) {
    GRU op;
    op.linear_before_reset = random() % 2;
    expect_tactic(random_layer(random, op, 3, {"sigmoid", "tanh"}, false), "recurrent", {1e-5, 1e-5});
  }
}

TEST(RecurrentTactic, Rnn) {
  std::mt19937 random(3);
  for (int round = 0; round < 30; ++round)
    expect_tactic(random_layer(random, RNN(), 1, {"tanh"}, false), "recurrent", {1e-5, 1e-5});
}

}  // namespace
}  // namespace tenon::core
