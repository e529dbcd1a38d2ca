#include "api/device_use.h"

#include <gtest/gtest.h>

#include "ops/matmul.h"

namespace tenon::core {
namespace {

TEST(TensorCores, PaddingIsNamed) {
  const Dims q{1, 12, 128, 72}, v{1, 12, 128, 64};
  EXPECT_EQ(padding_added("own_attention:flash f16", {q, q, v}), "heads of 72 filled up to 80 inside the kernel");
  EXPECT_EQ(padding_added("own_attention:flash f16", {v, v, q}), "values of 72 filled up to 80 inside the kernel");
  EXPECT_EQ(padding_added("own_attention:flash f16", {v, v, v}), "no padding added");
  EXPECT_EQ(padding_added("cudnn:engine 38 tensor cores", {q, q, v}), "no padding added");
}

TEST(TensorCores, AReasonForEachProductWithoutThem) {
  DeviceInfo h200;
  h200.compute = 90;
  const auto why = [&](DType stored, Dims a, bool tf32) { return why_no_tensor_cores(MatMul(), stored, {std::move(a), {64, 64}}, "kernel", h200, tf32); };
  EXPECT_NE(why(DType::f32, {8, 64}, false).find("--precision tf32"), std::string::npos);
  EXPECT_NE(why(DType::f32, {8, 63}, true).find("63 is not a multiple of 4"), std::string::npos);
  EXPECT_NE(why(DType::f16, {8, 12}, false).find("12 is not a multiple of 8"), std::string::npos);
  EXPECT_NE(why(DType::f16, {8, 64}, false).find("measured faster without"), std::string::npos);
}

}  // namespace
}  // namespace tenon::core
