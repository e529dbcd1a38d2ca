#include "ops/fused.h"
#include "ops/joined_conv.h"
#include "passes/fuse_joined_convs.h"
#include "rewrite_test_util.h"

namespace tenon::core {
namespace {

/// What the only Fused node is, if there is one.
std::optional<JoinedConv> fused(const std::string& body) {
  const std::string text = "graph g(x: f32[N,1,6,H], z: f32[N,1,6,H]) {\n"
                           "%a = Constant{value=f32[1,2,1,1]{1, -2}}\n"
                           "%b = Constant{value=f32[2,1,1]{0.5, -0.25}}\n"
                           "%w = Constant{value=f32[2,2,1,1]{1, 2, -1, 0.5}}\n"
                           "%v = Constant{value=f32[2]{1, 2}}\n"
                           "%1 = Concat{axis=1}(%x, %z)\n" +
                           body + "}\n";
  PassReport report;
  const Graph g = run_pass(text, fuse_joined_convs, report);
  for (NodeId id : g.order())
    if (const Fused* op = g.node(id).as<Fused>()) return joined_conv(*op->body);
  return {};
}

const std::string kNorm = "%2 = Binary{kind=mul}(%a, %1) %3 = Binary{kind=add}(%2, %b) %4 = Unary{kind=relu}(%3)\n";

TEST(FuseJoinedConvs, ALayerBecomesOneNode) {
  const auto joined = fused(kNorm + "%5 = Conv{activation=\"relu\"}(%4, %w, %v) return y = %5\n");
  ASSERT_TRUE(joined);
  EXPECT_EQ(joined->parts, 2);
  EXPECT_EQ(joined->scale, 2);
  EXPECT_EQ(joined->shift, 3);
  EXPECT_EQ(joined->weights, 4);
  EXPECT_EQ(joined->bias, 5);
  EXPECT_EQ(joined->activation.kind, "relu");
}

TEST(FuseJoinedConvs, TheNodeIsNamedFromItsPartsInOrder) {
  PassReport report;
  const Graph g = run_pass("graph g(x: f32[N,1,6,H], z: f32[N,1,6,H]) {\n"
                           "%a = Constant{value=f32[1,2,1,1]{1, -2}} %w = Constant{value=f32[1,2,1,1]{1, 2}}\n"
                           "%1 = Concat{axis=1}(%x, %z)  # 'join' (Concat)\n"
                           "%2 = Binary{kind=mul}(%1, %a) %3 = Binary{kind=add}(%2, %a)  # 'norm' (BatchNormalization)\n"
                           "%4 = Unary{kind=relu}(%3)  # 'relu' (Relu)\n"
                           "%5 = Conv(%4, %w)  # 'conv' (Conv)\n"
                           "return y = %5 }\n",
                           fuse_joined_convs, report);
  EXPECT_EQ(g.display_name(g.outputs()[0].node), "join + norm + relu + conv");
}

TEST(FuseJoinedConvs, OthersStay) {
  EXPECT_TRUE(fused(kNorm + "%5 = Conv(%4, %w) return y = %5\n"));
  EXPECT_FALSE(fused(kNorm + "%5 = Conv(%4, %w) return y = %5, z = %1\n")) << "another reader of the joined tensor";
  EXPECT_FALSE(fused(kNorm + "%5 = Conv(%4, %w) return y = %5, z = %4\n")) << "another reader of the activation";
  EXPECT_FALSE(fused(kNorm + "%5 = Conv{strides=[2,2]}(%4, %w) return y = %5\n")) << "steps";
  EXPECT_FALSE(fused("%2 = Binary{kind=mul}(%a, %1) %3 = Binary{kind=add}(%2, %b) %5 = Conv(%3, %w) return y = %5\n")) << "no ReLU";
  EXPECT_FALSE(fused("%2 = Binary{kind=mul}(%1, %1) %3 = Binary{kind=add}(%2, %b) %4 = Unary{kind=relu}(%3) %5 = Conv(%4, %w) return y = %5\n"))
      << "no constant";
}

}  // namespace
}  // namespace tenon::core
