#include <gtest/gtest.h>

#include "ops/bottleneck.h"
#include "ops/fused.h"
#include "tactic_test_util.h"

namespace tenon::core {
namespace {

constexpr Tolerance kLoose{5e-4, 1e-4};  // sums in another order

int64_t pick(std::mt19937& random, std::initializer_list<int64_t> choices) {
  return choices.begin()[random() % choices.size()];
}

Type f32(const Dims& dims) { return Type::tensor(DType::f32, Shape(dims.begin(), dims.end())); }

class Case {
 public:
  explicit Case(std::mt19937& random) : random_(random) {}

  TacticCase make() {
    const Activation activations[] = {{}, {"relu"}, {"clip", 0, 6}, {"swish", 1, 0}};
    const int64_t inputs = pick(random_, {1, 5, 16, 24}), channels = pick(random_, {2, 16, 33, 96, 144});
    Conv point, depthwise;
    point.activation = activations[random_() % 4];
    depthwise.activation = activations[random_() % 4];
    depthwise.group = channels;
    Dims x{pick(random_, {1, 1, 3}), inputs}, kernel{channels, 1};
    for (int axis = 0; axis < 2; ++axis) {
      const int64_t size = pick(random_, {1, 3, 5}), dilation = pick(random_, {1, 1, 1, 2}), reach = (size - 1) * dilation + 1;
      const int64_t before = pick(random_, {0, size / 2}), after = pick(random_, {0, size / 2, reach});
      depthwise.window.strides.push_back(pick(random_, {1, 1, 2, 4}));
      depthwise.window.dilations.push_back(dilation);
      depthwise.window.pads.insert(depthwise.window.pads.begin() + axis, before);
      depthwise.window.pads.push_back(after);
      x.push_back(std::max<int64_t>(pick(random_, {1, 6, 17, 30}), reach - before - after));
      kernel.push_back(size);
    }
    const int shape = static_cast<int>(random_() % 3);  // without the first, without the last, with both
    if (shape == 0) x[1] = channels;
    Value v = input(x, false);
    if (shape != 0) v = convolution(std::move(point), v, {channels, inputs, 1, 1});
    v = convolution(std::move(depthwise), v, kernel);
    if (shape != 1) v = projected(v, activations[random_() % 4]);
    body_.add_output("y", v);
    Fused fused;
    fused.body = std::make_shared<const Graph>(std::move(body_));
    test_.op = std::make_shared<const Fused>(std::move(fused));
    return std::move(test_);
  }

 private:
  Value convolution(Conv conv, Value x, const Dims& w, Value residual = {}) {
    std::vector<Value> inputs{x, input(w, true), random_() % 2 || residual ? input({w[0]}, true) : Value{}};
    if (residual) inputs.push_back(residual);
    while (!inputs.back()) inputs.pop_back();
    return body_.add(std::move(conv), inputs);
  }
  Value projected(Value x, const Activation& activation) {
    Conv conv;
    conv.activation = activation;
    Dims dims;
    for (const Dim& d : body_.type(x).shape) dims.push_back(d.value());
    const int64_t channels = dims[1];
    dims[1] = pick(random_, {1, 16, 24, 70});
    const Value residual = random_() % 2 ? input(dims, false) : Value{};
    return convolution(std::move(conv), x, {dims[1], channels, 1, 1}, residual);
  }
  Value input(const Dims& dims, bool constant) {
    if (constant) test_.constants.push_back(static_cast<int>(test_.inputs.size()));
    test_.inputs.push_back(random_tensor(DType::f32, dims, random_));
    return body_.add_input("x" + std::to_string(test_.inputs.size()), f32(dims));
  }
  std::mt19937& random_;
  Graph body_;
  TacticCase test_;
};

TEST(BottleneckTactic, AgreesWithTheReference) {
  std::mt19937 random(1);
  for (int round = 0; round < 120; ++round) expect_tactic(Case(random).make(), "bottleneck", kLoose);
}

}  // namespace
}  // namespace tenon::core
