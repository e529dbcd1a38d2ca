#include "ir/text.h"
#include "ops/all.h"
#include "ops/pointwise.h"
#include "passes/fold_constants.h"
#include "passes/merge_common.h"
#include "passes/optimize.h"
#include "passes/rewrites/families.h"
#include "rewrite_test_util.h"

namespace tenon::core {
namespace {

const char* kChain =
    "graph g(x: f32[N,4]) {\n"
    "  %1 = Unary{kind=relu}(%x)  # 'a' (Relu)\n"
    "  %2 = Unary{kind=relu}(%1)  # 'b' (Relu)\n"
    "  %3 = Identity(%2)  # 'c' (Identity)\n"
    "  %4 = Unary{kind=exp}(%3)  # 'd' (Exp)\n"
    "  return y = %4\n"
    "}\n";

int64_t nodes(const Graph& g) { return static_cast<int64_t>(g.order().size()); }

TEST(Driver, StopsAfterTheGivenNumberOfRewrites) {
  for (int64_t limit : {0, 1, 2}) {
    Graph g = parse(kChain, op_registry());
    PassOptions options;
    options.stop_after_rewrite = limit;
    PassReport report;
    optimize(g, options, Log(), report);
    EXPECT_EQ(report.changes, limit);
    EXPECT_EQ(nodes(g), 5 - limit);
    expect_same_results(parse(kChain, op_registry()), g);
  }
}

TEST(Driver, DisabledPassesDoNotRun) {
  Graph g = parse(kChain, op_registry());
  PassOptions options;
  options.disabled = {"canonicalize"};
  PassReport report;
  Passes passes(options, Log(), report);
  EXPECT_FALSE(passes.run("canonicalize", g, [](Graph&, PassContext&) { FAIL(); }));
}

TEST(Driver, EveryRewriteIsOneLineWithTheNamesOfItsNodes) {
  std::string lines;
  const Log log([&](Severity, std::string_view, std::string_view text) { lines += std::string(text) + "\n"; });
  Graph g = parse(kChain, op_registry());
  PassReport report;
  optimize(g, {}, log, report);
  EXPECT_NE(lines.find("canonicalize: relu(relu(x)) => relu(x): a + b"), std::string::npos) << lines;
  ASSERT_FALSE(report.applied.empty());
  EXPECT_EQ(report.applied[0].pass, "canonicalize");
}

TEST(Driver, SpellingsAreLoggedAtVerboseOnly) {
  std::string info, verbose;
  const auto sink = [&](Severity severity, std::string_view, std::string_view text) {
    (severity == Severity::info ? info : verbose) += std::string(text) + "\n";
  };
  Graph g = parse(kChain, op_registry());
  PassReport report;
  optimize(g, {}, Log(sink, Severity::verbose), report);
  EXPECT_EQ(info.find("Identity(x)"), std::string::npos) << info;
  EXPECT_NE(verbose.find("canonicalize: Identity(x) => x"), std::string::npos) << verbose;
}

TEST(Driver, ANearMissAtANodeThatGoesLaterIsNotReported) {
  Graph g = parse(kChain, op_registry());
  PassReport report;
  const PassOptions options;
  const Log log;
  Passes passes(options, log, report);
  passes.run("first", g, [](Graph& graph, PassContext& context) {
    for (const NodeId id : graph.order()) context.near_miss(graph, id, "rule", "why");
  });
  const Value relu{g.order()[1], 0}, again{g.order()[2], 0};
  passes.run("second", g, [&](Graph& graph, PassContext& context) { context.apply(graph, replace(again, relu), "r"); });
  passes.finish(g);
  EXPECT_EQ(static_cast<int64_t>(report.near_misses.size()), nodes(g));
}

TEST(FoldConstants, FoldsWhatDependsOnConstantsAndWhatIsKnown) {
  PassReport report;
  const Graph g = run_pass(
      "graph g(x: f32[2,3]) {\n"
      "  %1 = Constant{value=f32[2]{1,2}} %2 = Unary{kind=exp}(%1) %3 = ShapeOf(%x)\n"
      "  return a = %2, b = %3, c = %x\n}\n",
      fold_constants, report);
  EXPECT_EQ(report.changes, 2);
  EXPECT_EQ(canonical_text(g),
            canonical_text(parse("graph g(x: f32[2,3]) {\n"
                                 "  %1 = Constant{value=f32[2]{2.7182817,7.389056}} %2 = Constant{value=i64[2]{2,3}}\n"
                                 "  return a = %1, b = %2, c = %x\n}\n",
                                 op_registry())));
}

TEST(FoldConstants, LargeResultsStayExpressions) {
  Graph g;
  const Value w = g.add_constant(Tensor(DType::f32, {256, 128}), "w");
  g.add_output("y", g.add(Unary(UnaryKind::exp), {w}));
  PassReport report;
  Passes(PassOptions{}, Log(), report).run("fold", g, fold_constants);
  const ConstRef c = g.constant(g.outputs()[0]);
  ASSERT_TRUE(c);
  EXPECT_TRUE(c->is_expression());
  EXPECT_EQ(c->inputs()[0]->name(), "w");
}

TEST(FoldConstants, AFailingNodeStays) {
  PassReport report;
  Graph g = parse(
      "graph g() { %1 = Constant{value=i64[1]{1}} %2 = Constant{value=i64[1]{0}}\n"
      "%3 = Binary{kind=div}(%1, %2) return y = %3 }",
      op_registry());
  Passes(PassOptions{}, Log(), report).run("fold", g, fold_constants);
  EXPECT_EQ(report.changes, 0);
}

TEST(MergeCommon, EqualNodesBecomeOne) {
  PassReport report;
  const Graph g = run_pass(
      "graph g(x: f32[2,3]) {\n"
      "  %1 = Unary{kind=exp}(%x) %2 = Unary{kind=exp}(%x) %3 = Unary{kind=leaky_relu, alpha=0.1}(%1)\n"
      "  %4 = Unary{kind=leaky_relu, alpha=0.2}(%2) %5 = Binary(%3, %4) return y = %5\n}\n",
      merge_common, report);
  EXPECT_EQ(report.changes, 1);
  EXPECT_EQ(nodes(g), 5);
}

}  // namespace
}  // namespace tenon::core
