#include "ir/text.h"
#include "ops/all.h"
#include "ops/control.h"
#include "passes/control_flow.h"
#include "passes/optimize.h"
#include "rewrite_test_util.h"

namespace tenon::core {
namespace {

std::string graph(const std::string& body, const std::string& inputs = "x: f32[2]") {
  return "graph g(" + inputs + ") {\n" + body + "}\n";
}

void expect_pass(const std::string& before, const std::string& after, const Passes::Body& pass) {
  PassReport report;
  const Graph g = run_pass(before, pass, report);
  EXPECT_EQ(canonical_text(g), canonical_text(parse(after, op_registry())));
  EXPECT_EQ(report.changes, 1);
}

void expect_unchanged(const std::string& text, const Passes::Body& pass) {
  PassReport report;
  run_pass(text, pass, report);
  EXPECT_EQ(report.changes, 0);
}

std::string if_graph(const std::string& condition, const std::string& inputs) {
  return graph(
      condition +
          "%1 = If{then_branch=graph t(a: f32[2]) { %1 = Unary{kind=exp}(%a) return y = %1 },\n"
          "else_branch=graph e(b: f32[2]) { %1 = Unary{kind=sin}(%b) return y = %1 }}(%c, %x, %x) return y = %1\n",
      inputs);
}

TEST(ControlFlow, IfWithAConstantConditionIsItsBranch) {
  expect_pass(if_graph("%c = Constant{value=bool[]{true}}\n", "x: f32[2]"),
              graph("%1 = Unary{kind=exp}(%x) return y = %1\n"), inline_branches);
  expect_pass(if_graph("%c = Constant{value=bool[1]{false}}\n", "x: f32[2]"),
              graph("%1 = Unary{kind=sin}(%x) return y = %1\n"), inline_branches);
  expect_unchanged(if_graph("", "x: f32[2], c: bool[]"), inline_branches);
}

TEST(ControlFlow, ABranchThatGivesAnInputLeavesAnIdentity) {
  expect_pass(graph("%c = Constant{value=bool[]{true}} %1 = If{then_branch=graph t(a: f32[2]) { return y = %a },\n"
                    "else_branch=graph e(b: f32[2]) { return y = %b }}(%c, %x, %x) return y = %1\n"),
              graph("%1 = Identity(%x) return y = %1\n"), inline_branches);
}

TEST(ControlFlow, CapturedConstantsMoveIntoTheBodies) {
  expect_pass(graph("%k = Constant{value=f32[]{2}}\n"
                    "%1 = If{then_branch=graph t(a: f32[2], k: f32[]) { %1 = Binary(%a, %k) return y = %1 },\n"
                    "else_branch=graph e(b: f32[2]) { return y = %b }}(%c, %x, %k, %x) return y = %1\n",
                    "x: f32[2], c: bool[]"),
              graph("%1 = If{then_branch=graph t(a: f32[2]) { %k = Constant{value=f32[]{2}} %1 = Binary(%a, %k) return "
                    "y = %1 },\n"
                    "else_branch=graph e(b: f32[2]) { return y = %b }}(%c, %x, %x) return y = %1\n",
                    "x: f32[2], c: bool[]"),
              sink_constants);
}

// carried = carried * exp(captured), three times
std::string loop_graph(const std::string& trips, const std::string& inputs, const std::string& condition) {
  return graph(trips +
                   "%1 = Loop{body=graph b(i: i64[], go: bool[], s: f32[2], k: f32[2]) {\n"
                   "  %1 = Unary{kind=sin}(%k) %2 = Binary{kind=mul}(%s, %1) " +
                   condition +
                   " return go = %go2, s = %2, t = %2\n"
                   "}, carried=1}(%n, _, %x, %x) return y = %1, z = %1.1\n",
               inputs);
}

TEST(ControlFlow, LoopsOfFewKnownTripsAreWrittenOut) {
  expect_pass(loop_graph("%n = Constant{value=i64[]{2}}\n", "x: f32[2]", "%go2 = Identity(%go)"),
              graph("%a = Unary{kind=sin}(%x) %b = Binary{kind=mul}(%x, %a) %c = Unary{kind=sin}(%x) %d = "
                    "Binary{kind=mul}(%b, %c)\n"
                    "%o = Constant{value=i64[1]{0}} %p = Constant{value=i64[1]{0}} %e = Unsqueeze(%b, %o) %f = "
                    "Unsqueeze(%d, %p) %h = Concat(%e, %f)\n"
                    "return y = %d, z = %h\n"),
              unroll_loops);
  expect_unchanged(loop_graph("%n = Constant{value=i64[]{1000}}\n", "x: f32[2]", "%go2 = Identity(%go)"), unroll_loops);
  expect_unchanged(loop_graph("", "x: f32[2], n: i64[]", "%go2 = Identity(%go)"), unroll_loops);
  expect_unchanged(loop_graph("%n = Constant{value=i64[]{2}}\n", "x: f32[2]",
                              "%l = Constant{value=i64[]{0}} %go2 = Binary{kind=less}(%i, %l)"),
                   unroll_loops);
}

TEST(ControlFlow, InvariantCodeLeavesTheLoop) {
  PassReport report;
  const Graph g = run_pass(loop_graph("", "x: f32[2], n: i64[]", "%go2 = Identity(%go)"), hoist_invariants, report);
  EXPECT_EQ(report.changes, 1);
  int inside = 0, outside = 0;
  for (NodeId id : g.order()) {
    outside += g.node(id).as<InputOp>() == nullptr;
    if (const auto* loop = g.node(id).as<Loop>())
      for (NodeId inner : loop->body->order()) inside += loop->body->node(inner).as<InputOp>() == nullptr;
  }
  EXPECT_EQ(outside, 2);  // the sine and the loop
  EXPECT_EQ(inside, 2);   // the product and the condition
}

const char* kScan =
    "%1 = Scan{body=graph b(s: f32[3], e: f32[3]) { %1 = Binary(%s, %e) %2 = Unary{kind=exp}(%1) return s = %1, y = %2 "
    "},\n"
    "states=1, input_axes=[1], input_directions=[1], output_axes=[-1]}(%s, %x) return s = %1, y = %1.1\n";

TEST(ControlFlow, ScansOfFewStepsAreWrittenOut) {
  PassReport report;
  const Graph g = run_pass(graph(kScan, "s: f32[3], x: f32[3,4]"), unroll_loops, report);
  EXPECT_EQ(report.changes, 1);
  for (NodeId id : g.order()) EXPECT_FALSE(g.node(id).as<Scan>());
  expect_unchanged(graph(kScan, "s: f32[3], x: f32[3,N]"), unroll_loops);
}

TEST(ControlFlow, BodiesAreOptimizedToo) {
  Graph g = parse(if_graph("", "x: f32[2], c: bool[]"), op_registry());
  const Graph before = g;
  PassReport report;
  optimize(g, {}, Log(), report);
  EXPECT_EQ(report.changes, 0);
  g = parse(graph("%1 = If{then_branch=graph t(a: f32[2]) { %1 = Unary{kind=relu}(%a) %2 = Unary{kind=relu}(%1) return "
                  "y = %2 },\n"
                  "else_branch=graph e(b: f32[2]) { return y = %b }}(%c, %x, %x) return y = %1\n",
                  "x: f32[2], c: bool[]"),
            op_registry());
  optimize(g, {}, Log(), report);
  ASSERT_EQ(report.applied.size(), 1u);
  EXPECT_EQ(report.applied[0].equation, "relu(relu(x)) => relu(x)");
}

}  // namespace
}  // namespace tenon::core
