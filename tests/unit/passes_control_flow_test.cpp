#include "ir/evaluate.h"
#include "ir/subgraphs.h"
#include "ir/text.h"
#include "ops/all.h"
#include "ops/control.h"
#include "ops/matmul.h"
#include "ops/pointwise.h"
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

/// Nodes of one kind in the graph and in its bodies.
template <class T>
std::pair<int, int> outside_and_inside(const Graph& g) {
  int outside = 0, inside = 0;
  for (NodeId id : g.order()) {
    outside += g.node(id).as<T>() != nullptr;
    for (const GraphRef& body : subgraphs(*g.node(id).op))
      for (NodeId inner : body->order()) inside += body->node(inner).as<T>() != nullptr;
  }
  return {outside, inside};
}

std::vector<float> first_output(const Graph& g, const std::vector<HostValue>& inputs) {
  Threads threads(1);
  return to_floats(std::get<Tensor>(evaluate(g, inputs, threads)[0]));
}

Tensor counted(Dims dims) {
  Tensor t(DType::f32, std::move(dims));
  for (int64_t i = 0; i < t.size(); ++i) t.mutable_data<float>()[i] = static_cast<float>(i % 5) * 0.25f - 0.5f;
  return t;
}

// state = tanh(element . w + bias + state . u): the first product needs no state
const char* kRecurrent =
    "%1 = Scan{body=graph b(s: f32[2,3], e: f32[2,4], w: f32[4,3], u: f32[3,3], bias: f32[3]) {\n"
    "  %1 = MatMul(%e, %w) %2 = Binary{kind=add}(%1, %bias) %3 = MatMul(%s, %u) %4 = Binary{kind=add}(%2, %3)\n"
    "  %5 = Unary{kind=tanh}(%4) return s = %5, y = %5 }, states=1, input_axes=[1], input_directions=[1]}\n"
    "(%s, %x, %w, %u, %bias) return y = %1.1\n";

TEST(ControlFlow, ProductsWithoutAStateAreOneProductInFrontOfTheScan) {
  const std::string text = graph(kRecurrent, "s: f32[2,3], x: f32[2,T,4], w: f32[4,3], u: f32[3,3], bias: f32[3]");
  const Graph before = parse(text, op_registry());
  PassReport report;
  const Graph after = run_pass(text, batch_scans, report);
  EXPECT_EQ(report.changes, 1);
  EXPECT_EQ(outside_and_inside<MatMul>(before), (std::pair{0, 2}));
  EXPECT_EQ(outside_and_inside<MatMul>(after), (std::pair{1, 1}));
  EXPECT_EQ(outside_and_inside<Binary>(after), (std::pair{1, 1}));
  const std::vector<HostValue> inputs{counted({2, 3}), counted({2, 5, 4}), counted({4, 3}), counted({3, 3}), counted({3})};
  const auto expected = first_output(before, inputs), found = first_output(after, inputs);
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-6);
}

TEST(ControlFlow, ProductsOfTheStateStayInTheScan) {
  PassReport report;
  run_pass(graph("%1 = Scan{body=graph b(s: f32[2,3], e: f32[2,3], w: f32[3,3]) {\n"
                 "  %1 = Binary{kind=add}(%s, %e) %2 = MatMul(%1, %w) return s = %2 }, states=1}(%s, %x, %w) return y = %1\n",
                 "s: f32[2,3], x: f32[T,2,3], w: f32[3,3]"),
           batch_scans, report);
  EXPECT_EQ(report.changes, 0);
}

std::string counted_loop(const std::string& op, const std::string& begin, const std::string& trips = "%n") {
  return "Loop{body=graph b(i: i64[], c: bool[], s: f32[A]) { %1 = Unary{kind=" + op +
         "}(%s) return c = %c, s = %1, t = %1 }, carried=1}(" + trips + ", _, " + begin + ")";
}

TEST(ControlFlow, LoopsOverOneRangeBecomeOne) {
  const std::string text = graph("%1 = " + counted_loop("sin", "%x") + " %2 = " + counted_loop("exp", "%y") +
                                     " %3 = Concat{axis=1}(%1.1, %2.1) return a = %3, b = %1, c = %2\n",
                                 "x: f32[2], y: f32[3], n: i64[]");
  const Graph before = parse(text, op_registry());
  PassReport report;
  const Graph after = run_pass(text, merge_loops, report);
  EXPECT_EQ(outside_and_inside<Loop>(before).first, 2);
  EXPECT_EQ(outside_and_inside<Loop>(after).first, 1);
  EXPECT_EQ(outside_and_inside<Unary>(after), (std::pair{0, 2}));
  const std::vector<HostValue> inputs{counted({2}), counted({3}), tensor_of<int64_t>({}, {3})};
  EXPECT_EQ(first_output(after, inputs), first_output(before, inputs));
}

TEST(ControlFlow, LoopsThatNeedEachOtherOrCountOtherwiseStayTwo) {
  PassReport report;
  run_pass(graph("%1 = " + counted_loop("sin", "%x") + " %2 = " + counted_loop("exp", "%1") + " return y = %2\n", "x: f32[2], n: i64[]"),
           merge_loops, report);
  run_pass(graph("%1 = " + counted_loop("sin", "%x") + " %2 = " + counted_loop("exp", "%x", "%m") + " return y = %1, z = %2\n",
                 "x: f32[2], n: i64[], m: i64[]"),
           merge_loops, report);
  EXPECT_EQ(report.changes, 0);
}

TEST(ControlFlow, ScansOverOneRangeBecomeOne) {
  const auto scan = [](const std::string& op, const std::string& axis) {
    return "Scan{body=graph b(s: f32[3], e: f32[3], k: f32[3]) { %1 = Binary{kind=" + op +
           "}(%s, %e) %2 = Binary{kind=mul}(%1, %k) return s = %1, y = %2 }, states=1, input_axes=[" + axis + "], output_directions=[1]}";
  };
  const std::string text = graph("%1 = " + scan("add", "1") + "(%s, %x, %k) %2 = " + scan("sub", "0") +
                                     "(%k, %z, %s) %3 = Concat{axis=0}(%1.1, %2.1, %p) return y = %3, s = %1, t = %2\n",
                                 "s: f32[3], x: f32[3,T], z: f32[T,3], k: f32[3], p: f32[1,3]");
  const Graph before = parse(text, op_registry());
  PassReport report;
  const Graph after = run_pass(text, merge_loops, report);
  EXPECT_EQ(outside_and_inside<Scan>(after).first, 1);
  const std::vector<HostValue> inputs{counted({3}), counted({3, 4}), counted({4, 3}), counted({3}), counted({1, 3})};
  EXPECT_EQ(first_output(after, inputs), first_output(before, inputs));
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
