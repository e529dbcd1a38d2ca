#include "build/coverage.h"

#include <gtest/gtest.h>

#include "ir/text.h"
#include "ops/all.h"

namespace tenon::core {
namespace {

BuildReport report_of(const std::string& text) {
  BuildOptions options;
  options.device = "cpu";
  options.threads = 1;
  options.opt_level = 0;
  return build([&](const auto&, const Log&) { return parse(text, op_registry()); }, options).report;
}

TEST(TimeShares, TellStepsOfTheReferenceApart) {
  const BuildReport report = report_of("graph g(x: f32[8,32,32]) {\n%1 = Softmax{axis=2}(%x) %2 = Det(%1) return y = %2\n}\n");
  EXPECT_NE(report.coverage.find("1 reference ("), std::string::npos) << report.coverage;
  EXPECT_NE(report.coverage.find("% in reference"), std::string::npos) << report.coverage;
  EXPECT_EQ(report.coverage.find(" 0.0% in reference"), std::string::npos) << report.coverage;
}

TEST(TimeShares, NothingIsLeftToTheReference) {
  const BuildReport report = report_of("graph g(x: f32[8,64]) {\n%1 = Softmax{axis=1}(%x) %2 = Unary{kind=sin}(%1) %3 = Binary{kind=add}(%2, %x) return y = %3\n}\n");
  EXPECT_EQ(report.coverage.find(" 0.0% in generated"), std::string::npos) << report.coverage;
  EXPECT_NE(report.coverage.find(" 0.0% in reference"), std::string::npos) << report.coverage;
  EXPECT_GT(report.peak_host_bytes, 1 << 20);
}

TEST(TimeShares, CountStepsInsideBodies) {
  const BuildReport report = report_of(
      "graph g(x: f32[64,64]) {\n%go = Constant{value=bool[]{true}}\n"
      "%1 = Loop{body=graph b(i: i64[], c: bool[], s: f32[64,64]) {\n"
      "  %1 = Det(%s) %2 = Binary{kind=add}(%s, %1) %3 = Constant{value=i64[]{3}} %4 = Binary{kind=less}(%i, %3)\n"
      "  return c = %4, s = %2\n}, carried=1}(_, %go, %x) return y = %1\n}\n");
  EXPECT_NE(report.coverage.find("% in reference"), std::string::npos) << report.coverage;
  EXPECT_EQ(report.coverage.find(" 0.0% in reference"), std::string::npos) << report.coverage;
}

/// Vectorised functions are kernels as others are; a body with one that is not is generated, and its nodes are not in fast steps.
TEST(Coverage, CountsVectorisedBodiesAsFast) {
  const std::string before = "graph g(x: f32[8,64]) {\n%1 = Softmax{axis=1}(%x) %2 = Unary{kind=", after = "}(%1) %3 = Binary{kind=add}(%2, %x) return y = %3\n}\n";
  const std::string vectorised = report_of(before + "exp" + after).coverage, plain = report_of(before + "sin" + after).coverage;
  EXPECT_NE(vectorised.find(" in 2 fast steps; 0 generated; 0 reference"), std::string::npos) << vectorised;
  EXPECT_NE(plain.find(" in 1 fast steps; 1 generated; 0 reference"), std::string::npos) << plain;
}

}  // namespace
}  // namespace tenon::core
