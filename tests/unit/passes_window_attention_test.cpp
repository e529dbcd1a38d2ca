#include "ir/text.h"
#include "ops/all.h"
#include "ops/attention.h"
#include "passes/rewrites/families.h"
#include "rewrite_test_util.h"

namespace tenon::core {
namespace {

int attentions(const Graph& g) {
  int count = 0;
  for (NodeId id : g.order()) count += g.node(id).as<Attention>() != nullptr;
  return count;
}

/// Two windows of each of B images, three heads; `mask` is added to all windows of an image.
std::string windows(const std::string& inputs, const std::string& scores, const std::string& end = "return y = %y") {
  return "graph g(q: f32[2*B,3,4,2], k: f32[2*B,3,4,2], v: f32[2*B,3,4,2]" + inputs +
         ") {\n"
         "%i = Constant{value=i64[5]{-1,2,3,4,4}} %o = Constant{value=i64[4]{-1,3,4,4}}\n"
         "%1 = MatMul{transpose_b=true, alpha=0.5}(%q, %k) " +
         scores + "\n%p = Softmax(%4) %y = MatMul(%p, %v) " + end + " }";
}

Graph rewritten(const std::string& text, PassReport& report) {
  const Families rules{attention_rules()};
  return run_pass(text, [&](Graph& graph, PassContext& c) { apply_rewrites(graph, c, rules); }, report);
}

TEST(WindowAttention, WindowsBecomeHeadsWithMasksOfTheirOwn) {
  const std::string sum = "%2 = Reshape(%1, %i) %3 = Binary(%2, %m) %4 = Reshape(%3, %o)";
  for (const std::string mask : {"f32[1,2,1,4,4]", "f32[1,2,3,4,4]"}) {
    PassReport report;
    EXPECT_EQ(attentions(rewritten(windows(", m: " + mask, sum), report)), 1) << mask;
  }
}

TEST(WindowAttention, ABiasThatAllWindowsShareJoinsTheMask) {
  const std::string sum = "%b1 = Binary(%1, %b) %2 = Reshape(%b1, %i) %3 = Binary(%m, %2) %4 = Reshape(%3, %o)";
  PassReport report;
  EXPECT_EQ(attentions(rewritten(windows(", m: f32[1,2,1,4,4], b: f32[1,3,4,4]", sum), report)), 1);
  PassReport refused;
  EXPECT_EQ(attentions(rewritten(windows(", m: f32[1,2,1,4,4], b: f32[2*B,1,4,4]", sum), refused)), 0);
  ASSERT_EQ(refused.near_misses.size(), 1u);
  EXPECT_EQ(refused.near_misses[0].reason, "the mask inside the windows differs between them");
}

TEST(WindowAttention, StaysWhereAMaskDiffersBetweenImagesOrProbabilitiesAreRead) {
  const std::string sum = "%2 = Reshape(%1, %i) %3 = Binary(%2, %m) %4 = Reshape(%3, %o)";
  PassReport report;
  EXPECT_EQ(attentions(rewritten(windows(", m: f32[B,2,1,4,4]", sum), report)), 0);
  EXPECT_EQ(attentions(rewritten(windows(", m: f32[1,2,1,4,4]", sum, "return y = %y, z = %p"), report)), 0);
  EXPECT_EQ(attentions(rewritten(windows(", m: f32[1,2,1,4,4]", sum, "return y = %y, z = %3"), report)), 0);
}

}  // namespace
}  // namespace tenon::core
