#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <limits>

#include "ir/compare.h"

namespace tenon::core {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

Tensor floats(const std::vector<float>& values) {
  return tensor_of<float>({static_cast<int64_t>(values.size())}, values);
}

TEST(Compare, EqualTensors) {
  Comparison c = compare_tensors(floats({1, -2, 0}), floats({1, -2, 0}), {});
  EXPECT_TRUE(c.pass);
  EXPECT_EQ(c.max_abs, 0);
  EXPECT_EQ(c.cosine, 1);
  EXPECT_EQ(c.sqnr_db, kInf);
}

TEST(Compare, FiguresAreThoseOfTheRange) {
  Comparison c = compare_tensors(floats({100, 0.5f}), floats({100, 1}), default_tolerance(DType::f32));
  EXPECT_FALSE(c.pass);
  EXPECT_EQ(c.max_abs, 0.5);
  EXPECT_DOUBLE_EQ(c.max_rel, 0.005);
  EXPECT_NEAR(c.sqnr_db, 10 * std::log10(10001 / 0.25), 1e-9);
  EXPECT_EQ(c.why, "element 1: 0.5 against 1, apart 0.5; 0.1 is allowed");
  EXPECT_TRUE(compare_tensors(floats({100, 0.95f}), floats({100, 1}), default_tolerance(DType::f32)).pass);
}

TEST(Compare, SpecialValuesEqualThemselves) {
  float inf = static_cast<float>(kInf);
  EXPECT_TRUE(compare_tensors(floats({kNan, inf, -inf}), floats({kNan, inf, -inf}), {}).pass);
  EXPECT_FALSE(compare_tensors(floats({kNan}), floats({1}), {1, 1}).pass);
  EXPECT_FALSE(compare_tensors(floats({1}), floats({kNan}), {1, 1}).pass);
  EXPECT_FALSE(compare_tensors(floats({inf}), floats({-inf}), {1, 1}).pass);
  EXPECT_FALSE(compare_tensors(floats({3e38f}), floats({inf}), {1, 1}).pass);
}

TEST(Compare, TypesAndShapesMustAgree) {
  EXPECT_EQ(compare_tensors(floats({1}), scalar(DType::f32, 1), {}).why, "shape [1] against []");
  EXPECT_EQ(compare_tensors(scalar(DType::i32, 1), scalar(DType::i64, 1), {}).why, "type i32 against i64");
  EXPECT_TRUE(compare_tensors(Tensor(DType::f32, {0, 3}), Tensor(DType::f32, {0, 3}), {}).pass);
}

TEST(Compare, LargeIntegersAreExact) {
  int64_t big = int64_t{1} << 60;
  EXPECT_FALSE(compare_tensors(tensor_of<int64_t>({1}, {big}), tensor_of<int64_t>({1}, {big + 1}), {}).pass);
  EXPECT_TRUE(compare_tensors(tensor_of<int64_t>({1}, {big}), tensor_of<int64_t>({1}, {big}), {}).pass);
}

TEST(Compare, StringsComplexAndStrips) {
  EXPECT_FALSE(compare_tensors(tensor_of<std::string>({1}, {"a"}), tensor_of<std::string>({1}, {"b"}), {}).pass);
  Tensor c(DType::c64, {1}), d(DType::c64, {1});
  d.mutable_data<std::complex<float>>()[0] = {0, 2};
  EXPECT_EQ(compare_tensors(c, d, {}).max_abs, 2);
  Tensor a(DType::f32, {200000}), b(DType::f32, {200000});
  b.mutable_data<float>()[150000] = 3;
  EXPECT_EQ(compare_tensors(a, b, {}).why, "element 150000: 0 against 3, apart 3; 0 is allowed");
}

TEST(Compare, SequencesGiveTheWorst) {
  HostValue a = std::vector<Tensor>{floats({1}), floats({2})}, b = std::vector<Tensor>{floats({1}), floats({3})};
  Comparison c = compare_values(a, b, {});
  EXPECT_FALSE(c.pass);
  EXPECT_EQ(c.max_abs, 1);
  EXPECT_EQ(c.why.rfind("sequence element 1, ", 0), 0u);
  EXPECT_FALSE(compare_values(a, HostValue{}, {}).pass);
  EXPECT_TRUE(compare_values(HostValue{}, HostValue{}, {}).pass);
}

TEST(Compare, TableCoversAllTypes) {
  EXPECT_EQ(default_tolerance(DType::f32).rtol, 1e-3);
  EXPECT_EQ(default_tolerance(DType::i8).rtol, 0);
  EXPECT_GT(default_tolerance(DType::bf16).rtol, default_tolerance(DType::f16).rtol);
}

}  // namespace
}  // namespace tenon::core
