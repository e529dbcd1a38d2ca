#include <gtest/gtest.h>

#include "ops/fused.h"
#include "ops/pointwise.h"
#include "tactic_test_util.h"

namespace tenon::core {
namespace {

constexpr Tolerance kClose{2e-6, 4e-6};

Dims random_dims(std::mt19937& random, int rank) {
  const int64_t choices[] = {1, 2, 3, 7, 16, 33, 0};
  Dims dims;
  for (int i = 0; i < rank; ++i) dims.push_back(choices[random() % (random() % 16 == 0 ? 7 : 6)]);
  return dims;
}

/// Some axes become 1, some leading axes go.
Dims broadcastable(Dims dims, std::mt19937& random) {
  for (int64_t& d : dims)
    if (random() % 3 == 0) d = 1;
  if (random() % 3 == 0 && !dims.empty())
    dims.erase(dims.begin(), dims.begin() + static_cast<int64_t>(random() % dims.size()));
  return dims;
}

template <class T>
TacticCase make_case(T op, std::vector<HostValue> inputs, std::vector<int> constants = {}) {
  return {std::make_shared<T>(std::move(op)), std::move(inputs), std::move(constants), {}};
}

TEST(Pointwise, EveryUnaryKindOfF32AgreesEverywhere) {
  std::mt19937 random(1);
  std::vector<float> values{0.0f,   -0.0f,  1.0f,    -1.0f, INFINITY, -INFINITY, NAN,  1e-6f, -1e-6f, 88.0f,
                            -88.0f, 100.0f, -104.0f, 3e38f, -3e38f,   0.5f,      1.5f, 2.5f,  -2.5f};
  for (int i = 0; i < 3000; ++i) values.push_back(std::uniform_real_distribution<float>(-12, 12)(random));
  for (int i = 0; i < 1000; ++i) values.push_back(std::uniform_real_distribution<float>(-1, 1)(random));
  for (size_t kind = 0; kind < enum_names(UnaryKind{}).size(); ++kind) {
    Unary op(static_cast<UnaryKind>(kind), 0.3, 0.6);
    if (op.kind == UnaryKind::logical_not || op.kind == UnaryKind::bitwise_not) continue;
    expect_tactic(make_case(op, {tensor_of<float>({static_cast<int64_t>(values.size())}, values)}), "pointwise",
                  kClose);
  }
}

TEST(Pointwise, UnaryKindsOfOtherTypes) {
  std::mt19937 random(2);
  int ran = 0;
  for (const DType type :
       {DType::f16, DType::bf16, DType::f64, DType::i8, DType::u8, DType::i32, DType::i64, DType::u64, DType::boolean})
    for (size_t kind = 0; kind < enum_names(UnaryKind{}).size(); ++kind) {
      Unary op(static_cast<UnaryKind>(kind), 0.3, 0.6);
      const bool of_bool = op.kind == UnaryKind::logical_not, of_bits = op.kind == UnaryKind::bitwise_not;
      const bool of_integers = of_bits || op.kind == UnaryKind::abs || op.kind == UnaryKind::neg ||
                               op.kind == UnaryKind::sign || op.kind == UnaryKind::relu || op.kind == UnaryKind::square;
      if (of_bool != (type == DType::boolean) || (of_bits && !is_integer(type)) || (is_integer(type) && !of_integers))
        continue;
      const double step = type == DType::f16 ? 1e-3 : type == DType::bf16 ? 8e-3 : 1e-9;  // a step of the type
      for (const std::string& s : check_tactics(make_case(op, {random_tensor(type, {3, 65}, random)}), {step, step}))
        ran += s.find("pointwise") == 0;
    }
  EXPECT_GT(ran, 60);
}

TEST(Pointwise, BinaryKindsBroadcastInAnyLayout) {
  std::mt19937 random(3);
  for (int round = 0; round < 400; ++round) {
    const DType types[] = {DType::f32, DType::f32, DType::f32, DType::i64,
                           DType::i32, DType::u8,  DType::f16, DType::boolean};
    const DType type = types[random() % 8];
    Binary op(static_cast<BinaryKind>(random() % enum_names(BinaryKind{}).size()));
    const bool logical =
        op.kind == BinaryKind::logical_and || op.kind == BinaryKind::logical_or || op.kind == BinaryKind::logical_xor;
    const bool bits = op.kind >= BinaryKind::bitwise_and;
    if (logical != (type == DType::boolean && !is_comparison(op.kind)) || (bits && is_float(type))) continue;
    if (type == DType::boolean && op.kind != BinaryKind::equal && !logical) continue;
    if (op.kind == BinaryKind::pow && !is_float(type)) continue;
    const Dims dims = random_dims(random, static_cast<int>(random() % 5));
    Tensor a = random_tensor(type, broadcastable(dims, random), random),
           b = random_tensor(type, broadcastable(dims, random), random);
    if (is_integer(type) && !is_comparison(op.kind)) b = random_tensor(type, b.dims(), random, 1, 9);
    if (op.kind == BinaryKind::pow) a = random_tensor(type, a.dims(), random, 0, 2);
    const Tolerance close = type == DType::f16 ? Tolerance{2e-3, 2e-3} : kClose;
    expect_tactic(make_case(op, {a, b}, random() % 2 ? std::vector<int>{1} : std::vector<int>{}), "pointwise", close);
  }
}

TEST(Pointwise, IntegerDivisionByZeroIsAnError) {
  EXPECT_THROW(check_tactics(make_case(Binary(BinaryKind::div),
                                       {tensor_of<int32_t>({2}, {1, 2}), tensor_of<int32_t>({2}, {1, 0})})),
               Error);
}

TEST(Pointwise, WhereClipAndCast) {
  std::mt19937 random(4);
  for (int round = 0; round < 100; ++round) {
    const DType types[] = {DType::f32, DType::i64, DType::u8, DType::f16, DType::f64, DType::i32};
    const DType type = types[random() % 6];
    const Dims dims = random_dims(random, static_cast<int>(random() % 5));
    expect_tactic(make_case(Where(), {random_tensor(DType::boolean, broadcastable(dims, random), random),
                                      random_tensor(type, broadcastable(dims, random), random),
                                      random_tensor(type, broadcastable(dims, random), random)}),
                  "pointwise", {0, 0});
    std::vector<HostValue> clip{random_tensor(type, dims, random), HostValue(), HostValue()};
    if (random() % 2) clip[1] = random_tensor(type, {}, random, 0, 1);
    if (random() % 2) clip[2] = random_tensor(type, {}, random, 1, 3);
    expect_tactic(make_case(Clip(), clip, {1, 2}), "pointwise", {0, 0});
    expect_tactic(make_case(Cast(types[random() % 6]), {random_tensor(type, dims, random)}), "pointwise", {1e-3, 1e-3});
  }
}

TEST(Pointwise, PowersByNumbers) {
  std::mt19937 random(5);
  for (const double exponent : {0.5, 1.0, 2.0, 3.0, -1.0, -0.5, 2.5})
    expect_tactic(make_case(Binary(BinaryKind::pow),
                            {random_tensor(DType::f32, {5, 7}, random, 0.1, 3), scalar(DType::f32, exponent)}, {1}),
                  "pointwise", kClose);
}

/// A random body of `nodes` pointwise ops over two full inputs and one that is per channel.
TacticCase random_body(std::mt19937& random, const Dims& dims) {
  Graph body;
  std::vector<Value> values;
  std::vector<HostValue> inputs;
  Dims channels(dims.size(), 1);
  if (dims.size() > 1) channels[1] = dims[1];
  for (const Dims& d : {dims, dims, channels}) {
    values.push_back(
        body.add_input("x" + std::to_string(values.size()), Type::tensor(DType::f32, Shape(d.begin(), d.end()))));
    inputs.push_back(random_tensor(DType::f32, d, random));
  }
  const UnaryKind unary[] = {UnaryKind::relu, UnaryKind::sigmoid, UnaryKind::tanh, UnaryKind::abs, UnaryKind::gelu_erf};
  const BinaryKind binary[] = {BinaryKind::add, BinaryKind::mul, BinaryKind::sub, BinaryKind::max};
  Value full = values[0];
  for (int i = 0, nodes = 2 + static_cast<int>(random() % 6); i < nodes; ++i) {
    const Value other =
        random() % 4 == 0 ? body.add_constant(scalar(DType::f32, 0.5)) : values[random() % values.size()];
    full = random() % 3 == 0 ? body.add(Unary(unary[random() % 5]), {full})
                             : body.add(Binary(binary[random() % 4]), {full, other});
    values.push_back(full);
  }
  body.add_output("y", full);
  if (random() % 2) body.add_output("z", body.add(Unary(UnaryKind::neg), {full}));
  Fused fused;
  fused.body = std::make_shared<const Graph>(std::move(body));
  return {std::make_shared<Fused>(fused), inputs, {}, {}};
}

TEST(Pointwise, FusedBodies) {
  std::mt19937 random(6);
  for (int round = 0; round < 150; ++round) {
    Dims dims = random_dims(random, 1 + static_cast<int>(random() % 4));
    if (round % 10 == 0) dims = {2, 24, 31, 29};
    expect_tactic(random_body(random, dims), "pointwise", {1e-5, 1e-5});
  }
}

}  // namespace
}  // namespace tenon::core
