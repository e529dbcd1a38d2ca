#include "ops/all.h"
#include "ops/attention.h"
#include "passes/rewrites/families.h"
#include "rewrite_test_util.h"

namespace tenon::core {
namespace {

/// The attention that is left of one with this constant mask [rows, columns].
const Attention* rewritten(const std::string& type, const std::string& values, Graph& g, int* inputs = nullptr, const std::string& rest = "") {
  PassReport report;
  const Families rules{attention_rules()};
  g = run_pass("graph g(q: f32[B,2,3,4], k: f32[B,2,3,4], v: f32[B,2,3,4], o: i64[1]) {\n%m = Constant{value=" + type + "[3,3]{" + values +
                   "}} %y = Attention(%q, %k, %v, %m" + rest + ") return y = %y }",
               [&](Graph& graph, PassContext& c) { apply_rewrites(graph, c, rules); }, report);
  for (NodeId id : g.order())
    if (const auto* attention = g.node(id).as<Attention>()) {
      if (inputs) *inputs = static_cast<int>(g.node(id).inputs.size());
      return attention;
    }
  return nullptr;
}

TEST(CausalMask, AConstantMaskBecomesAFlag) {
  Graph g;
  int inputs = 0;
  for (const auto& [type, values] : {std::pair("f32", "0, -3.4e38, -3.4e38, 0, 0, -3.4e38, 0, 0, 0"), {"bool", "1, 0, 0, 1, 1, 0, 1, 1, 1"}}) {
    const Attention* attention = rewritten(type, values, g, &inputs);
    ASSERT_NE(attention, nullptr);
    EXPECT_TRUE(attention->causal) << type;
    EXPECT_EQ(inputs, 3) << type;
  }
}

TEST(CausalMask, OtherMasksStay) {
  Graph g;
  for (const auto& [values, rest] : {std::pair("0, -3.4e38, -3.4e38, 0, 0, -3.4e38, 0, 0, -3.4e38", ""),
                                     {"0, -3.4e38, -3.4e38, 0, 0, -3.4e38, 0, 0.5, 0", ""},
                                     {"0, -10, -10, 0, 0, -10, 0, 0, 0", ""},
                                     {"0, -3.4e38, -3.4e38, 0, 0, -3.4e38, 0, 0, 0", ", _, %o"}}) {
    const Attention* attention = rewritten("f32", values, g, nullptr, rest);
    ASSERT_NE(attention, nullptr);
    EXPECT_FALSE(attention->causal) << values << rest;
  }
}

}  // namespace
}  // namespace tenon::core
