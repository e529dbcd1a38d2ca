#include "ops/all.h"
#include "ops/fused.h"
#include "ops/squeeze.h"
#include "passes/fuse_gates.h"
#include "rewrite_test_util.h"

namespace tenon::core {
namespace {

PassOptions with_gates() {
  PassOptions options;
  options.fuse_gates = true;
  return options;
}

/// The gate of the only Fused node, if there is one.
std::optional<SqueezeGate> fused_gate(const std::string& body, const PassOptions& options = with_gates()) {
  const std::string text = "graph g(x: f32[N,4,6,H]) {\n"
                           "%a = Constant{value=f32[2,4,1,1]{1, -2, 3, 0.5, 2, 1, -1, 0.25}}\n"
                           "%b = Constant{value=f32[2]{0.5, -0.25}}\n"
                           "%c = Constant{value=f32[4,2,1,1]{1, 2, -1, 0.5, 0.25, 1, -2, 1}}\n" +
                           body + "}\n";
  PassReport report;
  const Graph g = run_pass(text, fuse_gates, report, options);
  for (NodeId id : g.order())
    if (const Fused* fused = g.node(id).as<Fused>()) return squeeze_gate(*fused->body);
  return {};
}

TEST(FuseGates, SqueezeAndExciteBecomesOneNode) {
  const auto gate = fused_gate("%1 = Pool{kind=average, global=true}(%x)\n"
                               "%2 = Conv{activation=\"relu\"}(%1, %a, %b)\n"
                               "%3 = Conv{activation=\"sigmoid\"}(%2, %c)\n"
                               "%4 = Binary{kind=mul}(%3, %x)\n"
                               "return y = %4\n");
  ASSERT_TRUE(gate);
  EXPECT_EQ(gate->x, 0);
  EXPECT_EQ(gate->first, 1);
  EXPECT_EQ(gate->first_bias, 2);
  EXPECT_EQ(gate->second, 3);
  EXPECT_EQ(gate->second_bias, -1);
  EXPECT_EQ(gate->inner.kind, "relu");
  EXPECT_EQ(gate->outer.kind, "sigmoid");
}

const char* const kGate = "%1 = Pool{kind=average, global=true}(%x)\n"
                          "%2 = Conv(%1, %a)\n"
                          "%3 = Conv(%2, %c)\n";

TEST(FuseGates, OnlyWhereTheDeviceHasAKernel) { EXPECT_FALSE(fused_gate(std::string(kGate) + "%4 = Binary{kind=mul}(%x, %3) return y = %4\n", {})); }

TEST(FuseGates, TheNodeIsNamedFromItsPartsInOrder) {
  PassReport report;
  const Graph g = run_pass("graph g(x: f32[N,2,6,H]) {\n"
                           "%a = Constant{value=f32[1,2,1,1]{1, -2}} %c = Constant{value=f32[2,1,1,1]{1, 2}}\n"
                           "%1 = Pool{kind=average, global=true}(%x)  # 'squeeze' (GlobalAveragePool)\n"
                           "%2 = Conv(%1, %a)  # 'reduce' (Conv)\n"
                           "%3 = Conv(%2, %c)  # 'expand' (Conv)\n"
                           "%4 = Binary{kind=mul}(%x, %3)  # 'gate' (Mul)\n"
                           "return y = %4 }\n",
                           fuse_gates, report, with_gates());
  EXPECT_EQ(g.display_name(g.outputs()[0].node), "squeeze + reduce + expand + gate");
}

TEST(FuseGates, OthersStay) {
  EXPECT_TRUE(fused_gate(std::string(kGate) + "%4 = Binary{kind=mul}(%x, %3) return y = %4\n"));
  EXPECT_FALSE(fused_gate(std::string(kGate) + "%4 = Binary{kind=mul}(%x, %3) return y = %4, z = %2\n")) << "another reader";
  EXPECT_FALSE(fused_gate(std::string(kGate) + "%4 = Unary{kind=relu}(%x) %5 = Binary{kind=mul}(%4, %3) return y = %5\n")) << "another tensor";
  EXPECT_FALSE(fused_gate(std::string(kGate) + "%4 = Binary{kind=add}(%x, %3) return y = %4\n")) << "not a product";
}

}  // namespace
}  // namespace tenon::core
