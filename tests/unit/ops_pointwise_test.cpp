#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "ir/evaluate.h"
#include "ops/pointwise.h"
#include "ops/quantize.h"

namespace tenon::core {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

template <class T>
Tensor vector_of(std::vector<T> values) {
  return tensor_of<T>({static_cast<int64_t>(values.size())}, values);
}

std::vector<Tensor> run(const Op& op, std::vector<Tensor> inputs) {
  Graph graph;
  std::vector<Value> values;
  std::vector<HostValue> host;
  for (size_t i = 0; i < inputs.size(); ++i) {
    Shape shape(inputs[i].dims().begin(), inputs[i].dims().end());
    values.push_back(graph.add_input("x" + std::to_string(i), Type::tensor(inputs[i].dtype(), shape)));
    host.push_back(inputs[i]);
  }
  const Value first = graph.add(OpRef(op.clone()), values);
  const int outputs = static_cast<int>(graph.node(first.node).outputs.size());
  for (int i = 0; i < outputs; ++i) graph.add_output("y" + std::to_string(i), Graph::output(first, i));
  Threads threads(2);
  std::vector<Tensor> results;
  for (const HostValue& value : evaluate(graph, host, threads)) results.push_back(std::get<Tensor>(value));
  for (int i = 0; i < outputs; ++i) {
    const Type& type = graph.type(Graph::output(first, i));
    EXPECT_EQ(type.dtype, results[i].dtype());
    EXPECT_EQ(const_dims(type.shape), results[i].dims());
  }
  return results;
}

template <class T>
std::vector<T> values(const Tensor& t) {
  return {t.values<T>().begin(), t.values<T>().end()};
}

template <class T>
std::vector<T> binary(BinaryKind kind, Tensor a, Tensor b) {
  return values<T>(run(Binary(kind), {std::move(a), std::move(b)})[0]);
}

ErrorCode error_of(const Op& op, std::vector<Tensor> inputs) {
  try {
    run(op, std::move(inputs));
  } catch (const Error& e) {
    return e.code();
  }
  return ErrorCode{};
}

Cast cast(DType to, bool saturate = true) {
  Cast op(to);
  op.saturate = saturate;
  return op;
}

TEST(Unary, FollowsTheFormulasOnFloats) {
  const Tensor x = vector_of<float>({-2, 0, 0.5f, 3});
  const auto at = [&](UnaryKind kind, double alpha, double beta, int i) {
    return run(Unary(kind, alpha, beta), {x})[0].values<float>()[i];
  };
  EXPECT_FLOAT_EQ(at(UnaryKind::gelu_erf, 0, 0, 0), -0.04550026f);
  EXPECT_FLOAT_EQ(at(UnaryKind::gelu_tanh, 0, 0, 3), 2.9963627f);
  EXPECT_FLOAT_EQ(at(UnaryKind::elu, 2, 0, 0), 2 * std::expm1(-2.0f));
  EXPECT_FLOAT_EQ(at(UnaryKind::shrink, 1, 0.5, 0), -1.5f);
  EXPECT_FLOAT_EQ(at(UnaryKind::hard_swish, 0, 0, 2), 0.5f * (0.5f / 6 + 0.5f));
  EXPECT_FLOAT_EQ(at(UnaryKind::swish, 1.702, 0, 3), 3 / (1 + std::exp(-1.702f * 3)));
  EXPECT_FLOAT_EQ(at(UnaryKind::softplus, 0, 0, 1), std::log(2.0f));
}

TEST(Unary, RoundsHalvesToEvenAndKeepsNaN) {
  EXPECT_EQ(values<float>(run(Unary(UnaryKind::round), {vector_of<float>({0.5f, 1.5f, 2.5f, -2.5f})})[0]),
            (std::vector<float>{0, 2, 2, -2}));
  EXPECT_TRUE(std::isnan(run(Unary(UnaryKind::relu), {vector_of<float>({kNaN})})[0].values<float>()[0]));
}

TEST(Unary, FindsInfinitiesOfTheSignsAskedFor) {
  const Tensor x = vector_of<float>({-kInf, kInf, kNaN, 1});
  EXPECT_EQ(values<bool>(run(Unary(UnaryKind::is_inf, 0, 1), {x})[0]), (std::vector<bool>{false, true, false, false}));
  EXPECT_EQ(values<bool>(run(Unary(UnaryKind::is_nan), {x})[0]), (std::vector<bool>{false, false, true, false}));
}

TEST(Unary, WrapsIntegersAndRefusesTypesWithoutMeaning) {
  EXPECT_EQ(values<int8_t>(run(Unary(UnaryKind::abs), {vector_of<int8_t>({-128, -3})})[0]),
            (std::vector<int8_t>{-128, 3}));
  EXPECT_EQ(error_of(Unary(UnaryKind::exp), {vector_of<int32_t>({1})}), ErrorCode::invalid_model);
  EXPECT_EQ(error_of(Unary(UnaryKind::logical_not), {vector_of<float>({1})}), ErrorCode::invalid_model);
}

TEST(Binary, BroadcastsBothWays) {
  const Tensor a = tensor_of<float>({2, 1, 3}, {1, 2, 3, 4, 5, 6}), b = tensor_of<float>({2, 1}, {10, 20});
  EXPECT_EQ(binary<float>(BinaryKind::add, a, b), (std::vector<float>{11, 12, 13, 21, 22, 23, 14, 15, 16, 24, 25, 26}));
  EXPECT_EQ(error_of(Binary(BinaryKind::add), {a, tensor_of<float>({2}, {1, 2})}), ErrorCode::shape_mismatch);
}

TEST(Binary, AgreesWithItselfAcrossStripsAndThreads) {
  const int64_t n = 100003;
  std::vector<float> x(n);
  for (int64_t i = 0; i < n; ++i) x[i] = static_cast<float>(i % 977) - 400;
  const auto y = binary<float>(BinaryKind::mul, tensor_of<float>({n, 1}, x), vector_of<float>({2, 3, 5}));
  for (int64_t i = 0; i < n; ++i) {
    ASSERT_EQ(y[3 * i], 2 * x[i]);
    ASSERT_EQ(y[3 * i + 2], 5 * x[i]);
  }
}

TEST(Binary, DividesIntegersTowardsZeroAndRefusesZero) {
  EXPECT_EQ(binary<int32_t>(BinaryKind::div, vector_of<int32_t>({-7, 7, INT32_MIN}), vector_of<int32_t>({2, -2, -1})),
            (std::vector<int32_t>{-3, -3, INT32_MIN}));
  EXPECT_EQ(binary<int64_t>(BinaryKind::div, vector_of<int64_t>({INT64_MIN}), vector_of<int64_t>({-1})),
            (std::vector<int64_t>{INT64_MIN}));
  EXPECT_EQ(error_of(Binary(BinaryKind::div), {vector_of<int32_t>({1}), vector_of<int32_t>({0})}),
            ErrorCode::runtime_value);
  EXPECT_EQ(error_of(Binary(BinaryKind::mod), {vector_of<uint8_t>({1}), vector_of<uint8_t>({0})}),
            ErrorCode::runtime_value);
}

TEST(Binary, RemaindersTakeTheSignOfDivisorOrDividend) {
  const Tensor a = vector_of<int64_t>({-4, 7, 5}), b = vector_of<int64_t>({3, -3, 8});
  EXPECT_EQ(binary<int64_t>(BinaryKind::mod, a, b), (std::vector<int64_t>{2, -2, 5}));
  EXPECT_EQ(binary<int64_t>(BinaryKind::fmod, a, b), (std::vector<int64_t>{-1, 1, 5}));
  EXPECT_EQ(binary<float>(BinaryKind::mod, vector_of<float>({-4, 1, 1}), vector_of<float>({3, kInf, -kInf})),
            (std::vector<float>{2, 1, -kInf}));
}

TEST(Binary, RaisesIntegersExactly) {
  EXPECT_EQ(binary<int64_t>(BinaryKind::pow, vector_of<int64_t>({3, -1, 7}), vector_of<int64_t>({39, -3, -2})),
            (std::vector<int64_t>{4052555153018976267, -1, 0}));
  EXPECT_EQ(binary<int32_t>(BinaryKind::pow, vector_of<int32_t>({2, 9}), vector_of<float>({3, 0.5f})),
            (std::vector<int32_t>{8, 3}));
  EXPECT_EQ(error_of(Binary(BinaryKind::pow), {vector_of<int64_t>({0}), vector_of<int64_t>({-1})}),
            ErrorCode::runtime_value);
}

TEST(Binary, ComparesTheFullRangeOfUnsigned64) {
  const Tensor a = vector_of<uint64_t>({UINT64_MAX, 1}), b = vector_of<uint64_t>({1, UINT64_MAX});
  EXPECT_EQ(binary<bool>(BinaryKind::less, a, b), (std::vector<bool>{false, true}));
  EXPECT_EQ(binary<uint64_t>(BinaryKind::max, a, b), (std::vector<uint64_t>{UINT64_MAX, UINT64_MAX}));
}

TEST(Binary, ComparesStringsAndBools) {
  EXPECT_EQ(binary<bool>(BinaryKind::equal, vector_of<std::string>({"a", "b"}), vector_of<std::string>({"b"})),
            (std::vector<bool>{false, true}));
  EXPECT_EQ(binary<bool>(BinaryKind::logical_xor, vector_of<bool>({true, false}), vector_of<bool>({true})),
            (std::vector<bool>{false, true}));
}

TEST(Binary, ShiftsByTheWidthOrMoreMoveEverythingOut) {
  EXPECT_EQ(binary<uint8_t>(BinaryKind::shift_left, vector_of<uint8_t>({1, 255, 3}), vector_of<uint8_t>({7, 8, 200})),
            (std::vector<uint8_t>{128, 0, 0}));
  EXPECT_EQ(binary<int32_t>(BinaryKind::shift_right, vector_of<int32_t>({-8, -8}), vector_of<int32_t>({1, 99})),
            (std::vector<int32_t>{-4, -1}));
}

TEST(Binary, MinimumIsNaNWhenEitherIs) {
  const auto y = binary<float>(BinaryKind::min, vector_of<float>({kNaN, 1, 2}), vector_of<float>({1, kNaN, 1}));
  EXPECT_TRUE(std::isnan(y[0]) && std::isnan(y[1]));
  EXPECT_EQ(y[2], 1);
}

TEST(Binary, RefusesMixedTypesNamingBoth) {
  try {
    run(Binary(BinaryKind::add), {vector_of<float>({1}), vector_of<int64_t>({1})});
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("f32[1] and i64[1]"), std::string::npos) << e.what();
  }
}

TEST(Where, ChoosesAnyTypeWithBroadcasting) {
  const Tensor flag = tensor_of<bool>({2, 1}, {true, false});
  EXPECT_EQ(values<int16_t>(run(Where{}, {flag, vector_of<int16_t>({1, 2}), vector_of<int16_t>({9})})[0]),
            (std::vector<int16_t>{1, 2, 9, 9}));
  EXPECT_EQ(values<std::string>(run(Where{}, {flag, vector_of<std::string>({"x"}), vector_of<std::string>({"y"})})[0]),
            (std::vector<std::string>{"x", "y"}));
}

TEST(Clip, TheUpperBoundWins) {
  EXPECT_EQ(
      values<float>(run(Clip{}, {vector_of<float>({-5, 5}), tensor_of<float>({}, {2}), tensor_of<float>({}, {1})})[0]),
      (std::vector<float>{1, 1}));
  EXPECT_EQ(values<uint64_t>(run(Clip{}, {vector_of<uint64_t>({UINT64_MAX}), tensor_of<uint64_t>({}, {3})})[0]),
            (std::vector<uint64_t>{UINT64_MAX}));
}

TEST(Cast, RoundsOnceFromDouble) {
  // Just above the middle of two neighbours in f16; a detour through f32 would land on the middle and round to even.
  const double above_middle = 1.0 + std::ldexp(1.0, -11) + std::ldexp(1.0, -40);
  const Tensor y = run(cast(DType::f16), {vector_of<double>({above_middle})})[0];
  EXPECT_EQ(to_doubles(y)[0], 1.0 + std::ldexp(1.0, -10));
}

TEST(Cast, WrapsIntegersAndHandlesFloatsOutOfRange) {
  EXPECT_EQ(values<int8_t>(run(cast(DType::i8), {vector_of<int32_t>({200, -129})})[0]),
            (std::vector<int8_t>{-56, 127}));
  EXPECT_EQ(values<int32_t>(run(cast(DType::i32), {vector_of<float>({3e9f, kNaN, -2147483648.0f, -1.9f})})[0]),
            (std::vector<int32_t>{INT32_MIN, INT32_MIN, INT32_MIN, -1}));
  EXPECT_EQ(values<uint64_t>(run(cast(DType::u64), {vector_of<double>({1.8e19})})[0]),
            (std::vector<uint64_t>{18000000000000000000u}));
}

TEST(Cast, SaturatesFloat8UnlessTold) {
  const Tensor x = vector_of<float>({1e6f});
  EXPECT_EQ(to_floats(run(cast(DType::f8e4m3fn), {x})[0])[0], 448);
  EXPECT_TRUE(std::isnan(to_floats(run(cast(DType::f8e4m3fn, false), {x})[0])[0]));
}

TEST(Cast, ReadsAndWritesText) {
  const Tensor text = vector_of<std::string>({"-1.5e1", "+INF", "nan", " 7 "});
  const auto y = values<float>(run(cast(DType::f32), {text})[0]);
  EXPECT_EQ(y[0], -15);
  EXPECT_EQ(y[1], kInf);
  EXPECT_TRUE(std::isnan(y[2]));
  EXPECT_EQ(values<std::string>(run(cast(DType::string), {vector_of<float>({0.47892547f, 2})})[0]),
            (std::vector<std::string>{"0.47892547", "2"}));
  EXPECT_EQ(error_of(cast(DType::i64), {vector_of<std::string>({"12x"})}), ErrorCode::runtime_value);
}

TEST(BitCast, KeepsTheBits) {
  BitCast op;
  op.to = DType::u32;
  EXPECT_EQ(values<uint32_t>(run(op, {vector_of<float>({1})})[0]), (std::vector<uint32_t>{0x3f800000}));
  op.to = DType::u8;
  EXPECT_EQ(run(op, {vector_of<float>({1})})[0].dims(), Dims{4});
  op.to = DType::i64;
  EXPECT_EQ(error_of(op, {vector_of<float>({1, 2, 3})}), ErrorCode::shape_mismatch);
}

TEST(QuantizeLinear, RoundsToEvenAndSaturates) {
  const Tensor y = run(QuantizeLinear{}, {vector_of<float>({1, 3, 1000, -1000, kNaN}), tensor_of<float>({}, {2}),
                                          tensor_of<uint8_t>({}, {128})})[0];
  EXPECT_EQ(values<uint8_t>(y), (std::vector<uint8_t>{128, 130, 255, 0, 128}));
}

TEST(QuantizeLinear, ScalesPerAxisAndPerBlock) {
  const Tensor x = tensor_of<float>({2, 3}, {2, 4, 6, 8, 10, 12});
  QuantizeLinear op;
  op.output = DType::i4;
  op.axis = 0;
  EXPECT_EQ(to_int64s(run(op, {x, vector_of<float>({1, 2})})[0]), (std::vector<int64_t>{2, 4, 6, 4, 5, 6}));
  op.axis = 1;
  op.block_size = 2;
  EXPECT_EQ(to_int64s(run(op, {x, tensor_of<float>({2, 2}, {1, 2, 4, 6})})[0]),
            (std::vector<int64_t>{2, 4, 3, 2, 2, 2}));
  EXPECT_EQ(error_of(op, {x, tensor_of<float>({2, 3}, {1, 1, 1, 1, 1, 1})}), ErrorCode::shape_mismatch);
}

TEST(DequantizeLinear, UndoesBlocksAlongAnOuterAxis) {
  DequantizeLinear op;
  op.axis = 0;
  op.block_size = 2;
  const Tensor x = tensor_of<int8_t>({3, 2}, {1, 2, 3, 4, 5, 6}), scale = tensor_of<float>({2, 2}, {1, 10, 100, 1000});
  const Tensor zero = tensor_of<int8_t>({2, 2}, {0, 1, 0, 1});
  EXPECT_EQ(values<float>(run(op, {x, scale, zero})[0]), (std::vector<float>{1, 10, 3, 30, 500, 5000}));
}

TEST(DynamicQuantizeLinear, WidensTheRangeToZero) {
  const auto y = run(DynamicQuantizeLinear{}, {vector_of<float>({0, 2, -3, -2.5f, 1.34f, 0.5f})});
  EXPECT_EQ(values<uint8_t>(y[0]), (std::vector<uint8_t>{153, 255, 0, 26, 221, 179}));
  EXPECT_FLOAT_EQ(y[1].values<float>()[0], 5.0f / 255);
  EXPECT_EQ(y[2].values<uint8_t>()[0], 153);
}

TEST(Dropout, DrawsWhatNumPyDraws) {
  Dropout op;
  op.seed = 0;
  const auto y = run(op, {vector_of<float>({1, 1, 1, 1}), tensor_of<float>({}, {0.6f}), tensor_of<bool>({}, {true})});
  // RandomState(0).uniform(size=4) is 0.5488, 0.7152, 0.6028, 0.5449.
  EXPECT_EQ(values<bool>(y[1]), (std::vector<bool>{false, true, true, false}));
  EXPECT_FLOAT_EQ(y[0].values<float>()[1], 2.5f);
  EXPECT_EQ(error_of(op, {vector_of<float>({1}), tensor_of<float>({}, {1}), tensor_of<bool>({}, {true})}),
            ErrorCode::runtime_value);
}

TEST(ShapeArithmetic, KeepsSymbols) {
  const Type pair = Type::tensor(DType::i64, {2});
  std::vector<Fact> facts = {Fact(pair), Fact::of(Constant::make(vector_of<int64_t>({2, 4})))};
  facts[0].content = std::vector<Dim>{Dim::symbol("N"), Dim::symbol("N") * Dim(8)};
  struct Context : InferContext {
    using InferContext::InferContext;
    Dim unknown(std::string_view, std::optional<Dim>) override { return Dim(0); }
    void require_equal(const Dim&, const Dim&, std::string_view) override {}
  } cx(facts);
  EXPECT_EQ(Binary(BinaryKind::mul).infer(cx)[0].content,
            (std::vector<Dim>{Dim::symbol("N") * Dim(2), Dim::symbol("N") * Dim(32)}));
  EXPECT_EQ(Binary(BinaryKind::div).infer(cx)[0].content,
            (std::vector<Dim>{floordiv(Dim::symbol("N"), Dim(2)), Dim::symbol("N") * Dim(2)}));
  EXPECT_EQ(Binary(BinaryKind::equal).infer(cx)[0].content, std::nullopt);
  facts[1] = Fact::of(Constant::make(vector_of<int64_t>({-1, -1})));
  EXPECT_EQ(Binary(BinaryKind::equal).infer(cx)[0].content, (std::vector<Dim>{0, 0}));
  EXPECT_EQ(Cast(DType::i32).infer(cx)[0].content, facts[0].content);
}

}  // namespace
}  // namespace tenon::core
