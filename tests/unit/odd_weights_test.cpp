#include "build/odd_weights.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "ir/text.h"
#include "ops/all.h"
#include "ops/matmul.h"

namespace tenon::core {
namespace {

std::vector<std::string> odd_weights_of(const std::string& text) {
  Threads threads(2);
  return odd_weights(parse(text, op_registry()), threads);
}

TEST(OddWeights, AreThoseOfTheOperationsThatMultiplyThem) {
  const std::string constants =
      "%w = Constant{value=f32[2,2,1]{1, 2, nan, 4}} %s = Constant{value=f32[2,2]{1, nan, 3, 4}} %v = Constant{value=f32[2]{1, inf}} %k = Constant{value=f32[2]{1, 2}}\n";
  for (const char* node : {"Conv{kernel=[1]}(%x, %w)", "ConvTranspose{kernel=[1]}(%x, %w)", "MatMul(%x, %s)", "MatMul(%s, %x)", "Einsum{equation=\"abc,cd->abd\"}(%x, %s)",
                           "LayerNorm(%x, %v)", "GroupNorm(%x, %k, %v)", "BatchNorm(%x, %k, %k, %v, %k)"}) {
    const auto found = odd_weights_of("graph g(x: f32[2,2,2]) {\n" + constants + "%y = " + node + " return y = %y\n}\n");
    ASSERT_EQ(found.size(), 1U) << node;
    EXPECT_NE(found[0].find("its weights"), std::string::npos) << found[0];
  }
}

TEST(OddWeights, AreFoundBehindTransposesAndInsideBodies) {
  const auto found = odd_weights_of(
      "graph g(x: f32[2,2], n: i64[]) {\n%w = Constant{value=f32[2,2]{1, 2, nan, inf}} %t = Transpose{permutation=[1,0]}(%w)\n"
      "%l = Loop{body=graph b(i: i64[], go: bool[], s: f32[2,2], c: f32[2,2]) { %p = MatMul(%s, %c) return g = %go, s = %p }, carried=1}(%n, _, %x, %t)\n"
      "return y = %l\n}\n");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_NE(found[0].find("1 NaN and 1 infinite numbers of 4, the first at [1,0]"), std::string::npos) << found[0];
}

TEST(OddWeights, OtherConstantsMayHoldAnything) {
  const std::string text = "graph g(x: f32[2,2]) {\n%m = Constant{value=f32[2,2]{0, -inf, 0, 0}} %y = Binary(%x, %m) return y = %y\n}\n";
  EXPECT_TRUE(odd_weights_of(text).empty());
  const auto found = odd_constants(parse(text, op_registry()));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_NE(found[0].find("holds 0 NaN and 1 infinite numbers of 4, the first at [0,1]"), std::string::npos) << found[0];
}

/// At any place of a tensor of several blocks, in each type.
TEST(OddWeights, NoPlaceIsOverlooked) {
  for (DType dtype : {DType::f64, DType::f32, DType::f16, DType::bf16})
    for (int64_t place : {0, 1023, 1024, 300000, 300006}) {
      Tensor w = from_floats(dtype, {300007, 1}, std::vector<float>(300007, -1));
      EXPECT_FALSE(holds_odd_numbers(w));
      const Tensor odd = scalar(dtype, place % 2 ? std::numeric_limits<double>::quiet_NaN() : -std::numeric_limits<double>::infinity());
      std::memcpy(w.mutable_bytes().data() + place * size_of(dtype), odd.bytes().data(), static_cast<size_t>(size_of(dtype)));
      EXPECT_TRUE(holds_odd_numbers(w));
      Graph g;
      const Value x = g.add_input("x", Type::tensor(dtype, {1, 300007}));
      g.add_output("y", g.add(MatMul{}, {x, g.add_constant(w, "w")}));
      Threads threads(3);
      const auto found = odd_weights(g, threads);
      ASSERT_EQ(found.size(), 1U);
      EXPECT_NE(found[0].find("'w'"), std::string::npos) << found[0];
      EXPECT_NE(found[0].find(fmt::format("the first at [{},0]", place)), std::string::npos) << found[0];
    }
}

}  // namespace
}  // namespace tenon::core
