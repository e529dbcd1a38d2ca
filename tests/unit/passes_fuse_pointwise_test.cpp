#include "ir/text.h"
#include "ops/all.h"
#include "ops/fused.h"
#include "passes/fuse_pointwise.h"
#include "rewrite_test_util.h"

namespace tenon::core {
namespace {

std::string graph(const std::string& body, const std::string& inputs = "x: f32[N,4], v: f32[4]") {
  return "graph g(" + inputs + ") {\n" + body + "}\n";
}

struct Result {
  Graph graph;
  PassReport report;
  int fused = 0, others = 0;
  std::vector<int> sizes;  // nodes of each body that are not constants
};

Result fuse(const std::string& text) {
  Result r;
  r.graph = run_pass(text, fuse_pointwise, r.report);
  for (NodeId id : r.graph.order()) {
    const Node& node = r.graph.node(id);
    if (node.as<InputOp>() || node.as<ConstantOp>()) continue;
    const auto* f = node.as<Fused>();
    ++(f ? r.fused : r.others);
    if (!f) continue;
    int size = 0;
    for (NodeId inner : f->body->order())
      size += !f->body->node(inner).as<InputOp>() && !f->body->node(inner).as<ConstantOp>();
    r.sizes.push_back(size);
  }
  return r;
}

TEST(FusePointwise, AChainBecomesOneNode) {
  const Result r =
      fuse(graph("%c = Constant{value=f32[]{2}}\n"
                 "%1 = Binary{kind=mul}(%x, %c)  # 'a' (Mul)\n"
                 "%2 = Binary(%1, %v)  # 'b' (Add)\n"
                 "%3 = Unary{kind=relu}(%2)  # 'c' (Relu)\n"
                 "return y = %3\n"));
  EXPECT_EQ(r.fused, 1);
  EXPECT_EQ(r.others, 0);
  EXPECT_EQ(r.sizes, std::vector<int>{3});
  EXPECT_EQ(r.graph.display_name(r.graph.outputs()[0].node), "fusedPointwiseNode(a, b, c)");
  EXPECT_EQ(r.graph.node(r.graph.outputs()[0].node).inputs.size(), 2u) << "the scalar is in the body";
}

TEST(FusePointwise, ALoneNodeStays) {
  const Result r = fuse(graph("%1 = Unary{kind=relu}(%x) %2 = Reduce(%1) %3 = Unary{kind=exp}(%2) return y = %3\n"));
  EXPECT_EQ(r.fused, 0);
}

TEST(FusePointwise, ASmallerOperandIsNotComputedAgainForEveryElement) {
  const Result r = fuse(graph(
      "%1 = Unary{kind=exp}(%v) %2 = Unary{kind=sigmoid}(%1) %3 = Binary{kind=mul}(%x, %2) %4 = Unary{kind=relu}(%3)\n"
      "return y = %4\n"));
  EXPECT_EQ(r.sizes, (std::vector<int>{2, 2}));
}

TEST(FusePointwise, AValueThatOthersReadIsAnOutput) {
  const Result r =
      fuse(graph("%1 = Unary{kind=exp}(%x) %2 = Unary{kind=sigmoid}(%1) %3 = Reduce(%1) return y = %2, z = %3\n"));
  EXPECT_EQ(r.fused, 1);
  EXPECT_EQ(r.others, 1);
}

TEST(FusePointwise, AGroupDoesNotReadWhatDependsOnIt) {
  const Result r =
      fuse(graph("%1 = Unary{kind=exp}(%x) %2 = Softmax(%1) %3 = Binary{kind=mul}(%1, %2) %4 = Unary{kind=relu}(%3) "
                 "return y = %4\n"));
  EXPECT_EQ(r.sizes, std::vector<int>{2});
  EXPECT_EQ(r.others, 2);
}

TEST(FusePointwise, CastsComparisonsAndSelectionsFuse) {
  const Result r =
      fuse(graph("%z = Constant{value=f32[]{0}} %1 = Binary{kind=greater}(%x, %z) %2 = Cast(%1) %3 = Where(%1, %x, %2) "
                 "%4 = Clip(%3, %z)\n"
                 "return y = %4\n"));
  EXPECT_EQ(r.sizes, std::vector<int>{4});
}

TEST(FusePointwise, ALongChainIsSplitAtTheLimit) {
  std::string body;
  for (int i = 1; i <= kMaxBodyNodes + 5; ++i)
    body += "%" + std::to_string(i) + " = Unary{kind=" + (i % 2 ? "sin" : "cos") + "}(%" +
            (i == 1 ? "x" : std::to_string(i - 1)) + ")\n";
  const Result r = fuse(graph(body + "return y = %" + std::to_string(kMaxBodyNodes + 5) + "\n"));
  EXPECT_EQ(r.sizes, (std::vector<int>{kMaxBodyNodes, 5}));
  ASSERT_EQ(r.report.near_misses.size(), 1u);
  EXPECT_NE(r.report.near_misses[0].reason.find("32 nodes"), std::string::npos);
}

TEST(FusePointwise, ShapeArithmeticStays) {
  const Result r = fuse(graph(
      "%s = ShapeOf{end=1}(%x) %two = Constant{value=i64[]{2}} %1 = Binary{kind=mul}(%s, %two) %2 = Binary(%1, %s)\n"
      "return y = %2\n"));
  EXPECT_EQ(r.fused, 0);
}

TEST(FusePointwise, DifferentShapesAreDifferentGroups) {
  const Result r = fuse(graph("%1 = Unary{kind=exp}(%a) %2 = Binary(%1, %b) %3 = Unary{kind=relu}(%2) return y = %3\n",
                              "a: f32[1,4], b: f32[3,4]"));
  EXPECT_EQ(r.sizes, std::vector<int>{2});
  EXPECT_EQ(r.others, 1);
}

}  // namespace
}  // namespace tenon::core
