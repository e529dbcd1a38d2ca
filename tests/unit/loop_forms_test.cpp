#include "build/loop_forms.h"

#include <gtest/gtest.h>

#include "build/build.h"
#include "ir/text.h"
#include "ops/all.h"

namespace tenon::core {
namespace {

/// Four trips of a softmax and a sum.
const char* kLoop =
    "%n = Constant{value=i64[]{4}}\n"
    "%1 = Loop{body=graph b(i: i64[], go: bool[], s: f32[A,16], c: f32[A,16]) { %1 = Softmax{axis=1}(%s) %2 = Binary(%1, %c) return go = %go, s = %2 }, carried=1}(%n, _, %x, %x)\n"
    "return y = %1\n}\n";
/// The same over the rows of a matrix.
const char* kScan =
    "%0 = Constant{value=f32[16]{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}}\n"
    "%1 = Scan{body=graph b(s: f32[16], e: f32[16]) { %1 = Binary(%s, %e) %2 = Softmax{axis=0}(%1) return s = %2, z = %2 }, states=1}(%0, %x) return y = %1.1\n}\n";

Built build_it(const std::string& text, TimingCache& cache, const std::function<void(BuildOptions&)>& change = nullptr) {
  BuildOptions options;
  options.device = "cpu";
  options.threads = 2;
  if (change) change(options);
  return build([&](const auto&, const Log&) { return parse(text, op_registry()); }, options, {&cache, {}});
}


/// Sets both times; how many loops have them.
int inject(TimingCache& cache, double loop, double unrolled) {
  int found = 0;
  const TimingCache::Costs costs = cache.costs();
  for (const auto& entry : costs) {
    const auto& [problem, offer] = entry.first;
    if (offer != "loop" && offer != "unrolled") continue;
    found += offer == "loop";
    cache.edit_cost(problem, offer, offer == "loop" ? loop : unrolled);
  }
  return found;
}

int count(const Graph& g, std::string_view op) {
  int n = 0;
  for (NodeId id : g.order()) n += g.node(id).op->name() == op;
  return n;
}

int kernels(const Built& built) {
  int n = 0;
  for (const Step& step : built.program->plan().steps) n += step.kind == Step::Kind::run;
  return n;
}

TEST(LoopForms, TheFasterFormIsTaken) {
  for (const std::string& text : {std::string("graph g(x: f32[8,16]) {\n") + kLoop, std::string("graph g(x: f32[N,16]) {\n") + kLoop, std::string("graph g(x: f32[4,16]) {\n") + kScan}) {
    TimingCache cache;
    build_it(text, cache);
    ASSERT_EQ(inject(cache, 100, 90), 1);
    const Built unrolled = build_it(text, cache);
    EXPECT_EQ(count(unrolled.data.graph, "Softmax"), 4);
    EXPECT_EQ(count(unrolled.data.graph, "Loop") + count(unrolled.data.graph, "Scan"), 0);
    EXPECT_GE(kernels(unrolled), 8);
    inject(cache, 98, 100);
    EXPECT_EQ(count(build_it(text, cache).data.graph, "Softmax"), 4) << "two percent is noise";
    inject(cache, 90, 100);
    const Built loop = build_it(text, cache);
    EXPECT_EQ(count(loop.data.graph, "Softmax"), 0);
    EXPECT_EQ(count(loop.data.graph, "Loop") + count(loop.data.graph, "Scan"), 1);
    EXPECT_EQ(kernels(loop), 1);
    bool told = false;
    for (const auto& note : loop.report.fusions) told |= !note.fired && note.why_not.find("faster as a loop") != std::string::npos;
    EXPECT_TRUE(told);
  }
}

TEST(LoopForms, ASecondBuildTimesNothingAndIsTheSame) {
  const std::string text = std::string("graph g(x: f32[8,16]) {\n") + kLoop;
  TimingCache cache;
  const Built first = build_it(text, cache);
  TimingCache kept = TimingCache::parse(cache.text(), Log());
  const Built second = build_it(text, kept);
  EXPECT_GE(first.report.tactics_timed, 2);
  EXPECT_EQ(second.report.tactics_timed, 0);
  EXPECT_EQ(engine_bytes({{first.data}, ""}), engine_bytes({{second.data}, ""}));
}

TEST(LoopForms, WithoutMeasuringTheLimitDecides) {
  const std::string text = std::string("graph g(x: f32[8,16]) {\n") + kLoop;
  const std::vector<std::function<void(BuildOptions&)>> ways = {[](BuildOptions& o) { o.opt_level = 0; }, [](BuildOptions& o) { o.chaos_seed = 3; },
                                                                [](BuildOptions& o) { o.time_limit = 1e-9; }};
  for (const auto& way : ways) {
    TimingCache cache;
    EXPECT_EQ(count(build_it(text, cache, way).data.graph, "Softmax"), 4);
    EXPECT_EQ(inject(cache, 1, 2), 0);
  }
}

/// The inner loop of a loop is asked about in its own right; the outer one's forms hold what was decided for it.
TEST(LoopForms, LoopsInsideOfLoops) {
  const std::string text =
      "graph g(x: f32[8,16]) {\n%n = Constant{value=i64[]{3}}\n"
      "%1 = Loop{body=graph b(i: i64[], go: bool[], s: f32[8,16]) { %n = Constant{value=i64[]{2}}\n"
      "%1 = Loop{body=graph c(i: i64[], go: bool[], t: f32[8,16]) { %1 = Softmax{axis=1}(%t) return go = %go, t = %1 }, carried=1}(%n, _, %s)\n"
      "return go = %go, s = %1 }, carried=1}(%n, _, %x)\nreturn y = %1\n}\n";
  TimingCache cache;
  const Built built = build_it(text, cache);
  EXPECT_EQ(built.report.verdict, "PASSED");
  EXPECT_EQ(inject(cache, 1, 100), 2);
  build_it(text, cache);
  EXPECT_EQ(inject(cache, 1, 100), 3);
  const Built loop = build_it(text, cache);
  EXPECT_EQ(count(loop.data.graph, "Loop"), 1);
  EXPECT_EQ(loop.report.verdict, "PASSED");
}

}  // namespace
}  // namespace tenon::core
