#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>

#include "build/build.h"
#include "ir/evaluate.h"
#include "ir/text.h"
#include "kernels/cpu/strip_functions.h"
#include "ops/all.h"
#include "ops/conv.h"
#include "ops/matmul.h"
#include "ops/normalize.h"
#include "ops/pointwise.h"
#include "runtime/execution.h"
#include "tactic_test_util.h"
#include "tactics/reorder.h"

namespace tenon::core {
namespace {

constexpr Tolerance kBf16{4e-2, 2e-2};  // inputs and results are rounded to 8 bits

std::vector<float> awkward_floats() {
  std::vector<float> values{0.0f, -0.0f, INFINITY, -INFINITY, NAN, -NAN, 3.4e38f, 1e-40f, -1e-45f, 1.00390625f, 1.01171875f};
  std::mt19937 random(1);
  for (int i = 0; i < 1000; ++i) values.push_back(std::bit_cast<float>(static_cast<uint32_t>(random())));
  return values;
}

TEST(Bf16, VectorConversionsAreThoseOfOneNumber) {
  const auto values = awkward_floats();
  const auto count = static_cast<int64_t>(values.size());
  std::vector<BF16> narrow(values.size());
  std::vector<float> wide(values.size()), rounded(values.size());
  const auto run = [&](std::string_view op, void* out, const void* in) {
    cpu::find_strip_function(op, DType::bf16, DType::f32, 0)({out, {in, nullptr, nullptr}, count, 0, 0});
  };
  run("narrow", narrow.data(), values.data());
  run("widen", wide.data(), narrow.data());
  run("round_to", rounded.data(), values.data());
  for (size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ(narrow[i].bits, from_float<BF16>(values[i]).bits) << values[i];
    EXPECT_EQ(std::bit_cast<uint32_t>(wide[i]), std::bit_cast<uint32_t>(to_float(narrow[i]))) << values[i];
    EXPECT_EQ(std::bit_cast<uint32_t>(rounded[i]), std::bit_cast<uint32_t>(wide[i])) << values[i];
  }
}

TEST(Bf16, AReorderConvertsAndMoves) {
  Threads threads(2);
  std::mt19937 random(2);
  const Dims dims{2, 5, 3, 7};
  const Tensor values = random_tensor(DType::f32, dims, random);
  Format plain, narrow, narrow_last;
  narrow.storage = narrow_last.storage = DType::bf16;
  narrow_last.layout = channels_last(4);
  const auto moved = [&](const Tensor& from, const Format& a, const Format& b) {
    Tensor to(stored_as(b, DType::f32), dims);
    const auto executable = host_reorder(DType::f32, dims, a, b);
    Tensor workspace(DType::u8, {executable->workspace_bytes()});
    const TensorArg in{const_cast<std::byte*>(from.bytes().data()), &dims}, out{to.mutable_bytes().data(), &dims};
    executable->run(nullptr, {{&in, 1}, {&out, 1}, {}, {}, workspace.mutable_bytes().data()}, threads);
    return to;
  };
  const auto expected = to_floats(from_floats(DType::bf16, dims, to_floats(values)));
  EXPECT_EQ(to_floats(moved(moved(values, plain, narrow), narrow, plain)), expected);
  EXPECT_EQ(to_floats(moved(moved(values, plain, narrow_last), narrow_last, plain)), expected);
  EXPECT_EQ(to_floats(moved(moved(moved(values, plain, narrow), narrow, narrow_last), narrow_last, plain)), expected);
}

class Bf16Tactics : public testing::Test {
 protected:
  void SetUp() override {
    if (!__builtin_cpu_supports("avx512f")) GTEST_SKIP() << "no AVX-512: bf16 storage is not offered";
  }
  /// How many offers of `tactic` ran with values stored in bf16.
  static int64_t ran_in_bf16(TacticCase test, std::string_view tactic) {
    test.options.precisions = {DType::bf16};
    const auto ran = check_tactics(test, kBf16);
    return std::count_if(ran.begin(), ran.end(), [&](const std::string& s) { return s.find(tactic) == 0 && s.find(" in bf16") != std::string::npos; });
  }
};

TEST_F(Bf16Tactics, Convolutions) {
  std::mt19937 random(3);
  for (const int64_t group : {1, 4}) {
    Conv conv;
    conv.group = group;
    conv.window.pads = {1, 1, 1, 1};
    conv.activation = {"relu"};
    const TacticCase test{std::make_shared<Conv>(conv),
                          {random_tensor(DType::f32, {2, 16, 14, 14}, random, -1, 1), random_tensor(DType::f32, {32, 16 / group, 3, 3}, random, -0.1, 0.1),
                           random_tensor(DType::f32, {32}, random), random_tensor(DType::f32, {2, 32, 14, 14}, random)},
                          {1, 2},
                          {}};
    EXPECT_GT(ran_in_bf16(test, "onednn_conv"), 0) << "group " << group;
  }
}

TEST_F(Bf16Tactics, ProductsAndPoolings) {
  std::mt19937 random(4);
  const TacticCase product{std::make_shared<MatMul>(),
                           {random_tensor(DType::f32, {65, 96}, random, -1, 1), random_tensor(DType::f32, {96, 40}, random, -0.2, 0.2), random_tensor(DType::f32, {40}, random)},
                           {1, 2},
                           {}};
  EXPECT_GT(ran_in_bf16(product, "onednn_matmul"), 0);
  Pool pool;
  pool.window.strides = {2, 2};
  pool.window.kernel = {3, 3};
  EXPECT_GT(ran_in_bf16({std::make_shared<Pool>(pool), {random_tensor(DType::f32, {1, 32, 15, 15}, random)}, {}, {}}, "onednn_pool"), 0);
}

TEST_F(Bf16Tactics, SoftmaxAndLayerNormOfRows) {
  std::mt19937 random(7);
  for (int round = 0; round < 20; ++round) {
    const Dims dims{1 + static_cast<int64_t>(random() % 3), 1 + static_cast<int64_t>(random() % 20), 1 + static_cast<int64_t>(random() % 70)};
    Softmax softmax;
    softmax.axis = random() % 2 ? -1 : 1;
    softmax.log = random() % 2;
    const TacticCase rows{std::make_shared<Softmax>(softmax), {random_tensor(DType::f32, dims, random, -5, 5)}, {}, {}};
    EXPECT_EQ(ran_in_bf16(rows, "softmax"), 1) << "axis " << softmax.axis;
    LayerNorm norm;
    norm.axis = -1;
    norm.rms = random() % 2;
    const TacticCase norms{std::make_shared<LayerNorm>(norm),
                           {random_tensor(DType::f32, dims, random), random_tensor(DType::f32, {dims[2]}, random), random_tensor(DType::f32, {dims[2]}, random)},
                           {1, 2},
                           {}};
    EXPECT_EQ(ran_in_bf16(norms, "layer_norm"), 1);
  }
}

TEST_F(Bf16Tactics, PointwiseInputsResultsOrBoth) {
  std::mt19937 random(5);
  const TacticCase sum{std::make_shared<Binary>(BinaryKind::add),
                       {random_tensor(DType::f32, {2, 8, 5, 5}, random), random_tensor(DType::f32, {8, 1, 1}, random)}, {1}, {}};
  EXPECT_EQ(ran_in_bf16(sum, "pointwise"), 6);  // in two layouts
}

TEST_F(Bf16Tactics, NetworksOfRandomKernelsAgreeWithTheReference) {
  const std::string text = R"(graph g(x: f32[1,16,12,12], w: f32[16,16,3,3], v: f32[16,10]) {
%1 = Conv{pads=[1, 1, 1, 1]}(%x, %w) %2 = Unary{kind=relu}(%1) %3 = Binary{kind=add}(%2, %x)
%4 = Conv{pads=[1, 1, 1, 1]}(%3, %w) %5 = Unary{kind=tanh}(%4) %6 = Transpose{permutation=[0, 2, 3, 1]}(%5)
%7 = MatMul(%6, %v) %8 = Unary{kind=sigmoid}(%7) return y = %8, z = %5
})";
  std::mt19937 random(6);
  const std::vector<HostValue> inputs{random_tensor(DType::f32, {1, 16, 12, 12}, random, -1, 1), random_tensor(DType::f32, {16, 16, 3, 3}, random, -0.1, 0.1),
                                      random_tensor(DType::f32, {16, 10}, random, -0.3, 0.3)};
  Threads threads(2);
  const auto expected = evaluate(parse(text, op_registry()), inputs, threads);
  int with_bf16 = 0;
  for (int seed = 0; seed < 20; ++seed) {
    BuildOptions options;
    options.device = "cpu";
    options.threads = 2;
    options.precisions = {DType::bf16};
    options.chaos_seed = seed;
    options.verify = false;
    const Built built = build([&](const auto&, const Log&) { return parse(text, op_registry()); }, options);
    for (const Offer& offer : built.data.choices.offers) with_bf16 += offer.str().find("bf16") != std::string::npos;
    Execution execution(built.program);
    for (size_t i = 0; i < inputs.size(); ++i) execution.set_input(static_cast<int>(i), inputs[i]);
    execution.run();
    for (size_t i = 0; i < expected.size(); ++i) {
      const auto found = to_floats(std::get<Tensor>(execution.output(static_cast<int>(i)).value())), wanted = to_floats(std::get<Tensor>(expected[i]));
      for (size_t k = 0; k < wanted.size(); ++k) ASSERT_NEAR(found[k], wanted[k], 0.05) << "seed " << seed << ", output " << i << ", element " << k;
    }
  }
  EXPECT_GT(with_bf16, 10);
}

}  // namespace
}  // namespace tenon::core
