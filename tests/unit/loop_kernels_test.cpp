#include <gtest/gtest.h>

#include "build/build.h"
#include "ir/text.h"
#include "ops/all.h"

namespace tenon::core {
namespace {

/// Kernels that a program runs, outside of bodies and in them.
using KernelCounts = std::pair<int, int>;

int kernels_of(const Program& program) {
  int n = 0;
  for (const Step& step : program.plan().steps) n += step.kind == Step::Kind::run && program.bodies(step.node).empty();
  return n;
}

KernelCounts kernels_of_build(const std::string& text, const std::string& disabled) {
  BuildOptions options;
  options.device = "cpu";
  options.threads = 1;
  options.opt_level = 0;
  if (!disabled.empty()) options.disabled_passes = {disabled};
  const Built built = build([&](const auto&, const Log&) { return parse(text, op_registry()); }, options);
  EXPECT_EQ(built.report.verdict, "PASSED") << text;
  KernelCounts counts{kernels_of(*built.program), 0};
  for (const Step& step : built.program->plan().steps)
    if (step.kind == Step::Kind::run)
      for (const auto& body : built.program->bodies(step.node)) counts.second += kernels_of(*body);
  return counts;
}

/// One rule for loops: the kernels with it, and with its pass left out.
struct LoopRule {
  const char *name, *pass, *text;
  KernelCounts with, without;
};

void PrintTo(const LoopRule& rule, std::ostream* out) { *out << rule.name; }

constexpr const char* kInvariant =
    "graph g(x: f32[4,8], n: i64[]) {\n"
    "%1 = Loop{body=graph b(i: i64[], go: bool[], s: f32[4,8], k: f32[4,8]) {\n"
    "  %1 = Softmax{axis=1}(%k) %2 = Binary{kind=mul}(%s, %1) return go = %go, s = %2 }, carried=1}(%n, _, %x, %x) return y = %1 }";
constexpr const char* kFewTrips =
    "graph g(x: f32[4,8]) {\n%n = Constant{value=i64[]{3}}\n"
    "%1 = Loop{body=graph b(i: i64[], go: bool[], s: f32[4,8]) { %1 = Softmax{axis=1}(%s) return go = %go, s = %1 }, carried=1}(%n, _, %x) return y = %1 }";
constexpr const char* kProducts =
    "graph g(s: f32[2,3], x: f32[T,2,4], w: f32[4,3], u: f32[3,3]) {\n"
    "%1 = Scan{body=graph b(s: f32[2,3], e: f32[2,4], w: f32[4,3], u: f32[3,3]) {\n"
    "  %1 = MatMul(%e, %w) %3 = MatMul(%s, %u) %4 = Binary{kind=add}(%1, %3) %5 = Softmax{axis=1}(%4) return s = %5, y = %5 },\n"
    "states=1}(%s, %x, %w, %u) return y = %1.1 }";
constexpr const char* kNeighbours =
    "graph g(x: f32[2,8], y: f32[3,8], n: i64[]) {\n"
    "%1 = Loop{body=graph b(i: i64[], c: bool[], s: f32[A,8]) { %1 = Softmax{axis=1}(%s) return c = %c, s = %1 }, carried=1}(%n, _, %x)\n"
    "%2 = Loop{body=graph b(i: i64[], c: bool[], s: f32[A,8]) { %1 = Softmax{axis=1}(%s) return c = %c, s = %1 }, carried=1}(%n, _, %y)\n"
    "return a = %1, b = %2 }";

class LoopRules : public testing::TestWithParam<LoopRule> {};

TEST_P(LoopRules, CountKernels) {
  EXPECT_EQ(kernels_of_build(GetParam().text, ""), GetParam().with);
  EXPECT_EQ(kernels_of_build(GetParam().text, GetParam().pass), GetParam().without);
}

constexpr LoopRule kLoopRules[] = {
    {"InvariantCodeRunsOnce", "hoist_invariants", kInvariant, {1, 1}, {0, 2}},
    {"FewTripsAreWrittenOut", "unroll_loops", kFewTrips, {3, 0}, {0, 1}},
    {"ProductsWithoutAStateAreOne", "batch_scans", kProducts, {1, 2}, {0, 3}},
};
INSTANTIATE_TEST_SUITE_P(Each, LoopRules, testing::ValuesIn(kLoopRules), [](const auto& info) { return std::string(info.param.name); });

int loops_of_build(const std::string& disabled) {
  BuildOptions options;
  options.device = "cpu";
  options.threads = 1;
  options.opt_level = 0;
  if (!disabled.empty()) options.disabled_passes = {disabled};
  const Built built = build([](const auto&, const Log&) { return parse(kNeighbours, op_registry()); }, options);
  int n = 0;
  for (const Step& step : built.program->plan().steps) n += step.kind == Step::Kind::run && !built.program->bodies(step.node).empty();
  return n;
}

/// The same kernels under one loop instead of two.
TEST(LoopRulesMerge, NeighboursOverOneRangeAreOneStep) {
  EXPECT_EQ(loops_of_build(""), 1);
  EXPECT_EQ(loops_of_build("merge_loops"), 2);
  EXPECT_EQ(kernels_of_build(kNeighbours, ""), (KernelCounts{0, 2}));
}

}  // namespace
}  // namespace tenon::core
