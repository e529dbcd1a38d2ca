#include "ops/attention.h"
#include "passes/rewrites/families.h"
#include "passes/rewrites/moves.h"
#include "rewrite_test_util.h"

namespace tenon::core {
namespace {

const Families kRules{chain_rules()};

std::string graph(const std::string& inputs, const std::string& body) { return "graph g(" + inputs + ") {\n" + body + "\n}\n"; }

TEST(Moves, CombineOverTheCommonPartsOfBothShapes) {
  const Dim b = Dim::symbol("B");
  const auto move = combined({7, b, 24}, {0, 1, 2}, {7, b * 4, 6}, {1, 0, 2});
  ASSERT_TRUE(move);
  EXPECT_EQ(to_string(move->dims), "[7,4*B,6]");
  EXPECT_EQ(move->permutation, (std::vector<int64_t>{1, 0, 2}));
  EXPECT_FALSE(combined({6}, {0}, {4}, {0}));
  EXPECT_FALSE(combined({b, 6}, {1, 0}, {Dim::symbol("C"), 6}, {1, 0}));
}

TEST(Chains, TwoTransposesAroundAReshapeAreOne) {
  expect_rewrite(graph("x: f32[B,5,6]",
                       "%1 = Transpose{permutation=[1,0,2]}(%x) %s = Constant{value=i64[3]{5,-1,3}} %2 = Reshape(%1, %s)\n"
                       "%3 = Transpose{permutation=[1,0,2]}(%2) return y = %3"),
                 graph("x: f32[B,5,6]",
                       "%s = Constant{value=i64[4]{0,5,2,3}} %1 = Reshape(%x, %s) %2 = Transpose{permutation=[0,2,1,3]}(%1)\n"
                       "%t = Constant{value=i64[3]{-1,5,3}} %3 = Reshape(%2, %t) return y = %3"),
                 kRules);
  // The first transpose is needed as it is.
  expect_no_rewrite(graph("x: f32[B,5,6]",
                          "%1 = Transpose{permutation=[1,0,2]}(%x) %s = Constant{value=i64[3]{5,-1,3}} %2 = Reshape(%1, %s)\n"
                          "%3 = Transpose{permutation=[1,0,2]}(%2) return y = %3, z = %1"),
                    kRules);
  // 5 and 6 have no common parts with 10 and 3.
  expect_no_rewrite(graph("x: f32[5,6]",
                          "%1 = Transpose(%x) %s = Constant{value=i64[2]{10,3}} %2 = Reshape(%1, %s)\n"
                          "%3 = Transpose(%2) return y = %3"),
                    kRules);
}

TEST(Chains, OfTwoTransposesAroundAProductOneIsLeft) {
  const std::string weights = "%w = Constant{value=f32[2,4]{1,2,3,4,5,6,7,8}} %b = Constant{value=f32[4]{1,2,3,4}}\n";
  expect_rewrite(graph("x: f32[B,5,2]", weights + "%1 = Transpose{permutation=[1,0,2]}(%x) %2 = MatMul(%1, %w, %b)\n"
                                                  "%s = Constant{value=i64[4]{5,-1,2,2}} %3 = Reshape(%2, %s)\n"
                                                  "%4 = Transpose{permutation=[1,2,0,3]}(%3) return y = %4"),
                 graph("x: f32[B,5,2]", weights + "%2 = MatMul(%x, %w, %b) %s = Constant{value=i64[4]{0,5,2,2}} %3 = Reshape(%2, %s)\n"
                                                  "%4 = Transpose{permutation=[0,2,1,3]}(%3) return y = %4"),
                 kRules);
  const std::string six = "%w = Constant{value=f32[6,2]{1,2,3,4,5,6,7,8,9,10,11,12}}\n";
  expect_rewrite(graph("x: f32[5,B,3,2]", six + "%1 = Transpose{permutation=[1,0,2,3]}(%x) %s = Constant{value=i64[3]{-1,5,6}}\n"
                                                "%2 = Reshape(%1, %s) %3 = MatMul(%2, %w) %4 = Transpose{permutation=[1,0,2]}(%3)\n"
                                                "return y = %4"),
                 graph("x: f32[5,B,3,2]", six + "%s = Constant{value=i64[3]{5,0,6}} %1 = Reshape(%x, %s) %2 = MatMul(%1, %w)\n"
                                                "return y = %2"),
                 kRules);
  // Weights of their own for each row's place.
  expect_no_rewrite(graph("x: f32[5,3,2], w: f32[3,2,4]", "%1 = Transpose{permutation=[1,0,2]}(%x) %2 = MatMul(%1, %w)\n"
                                                          "%3 = Transpose{permutation=[1,0,2]}(%2) return y = %3"),
                    kRules);
}

TEST(Chains, SelectionsOfOneProductAreProductsOfPartsOfItsWeights) {
  const std::string product =
      "%w = Constant{value=f32[2,4]{1,2,3,4,5,6,7,8}} %b = Constant{value=f32[4]{1,2,3,4}} %1 = MatMul(%x, %w, %b)\n"
      "%s = Constant{value=i64[4]{0,5,2,2}} %2 = Reshape(%1, %s) %i = Constant{value=i64[]{0}} %j = Constant{value=i64[]{-1}}\n"
      "%3 = Gather{axis=2}(%2, %i) %4 = Gather{axis=2}(%2, %j) %5 = Transpose{permutation=[1,0,2]}(%3)\n";
  expect_rewrite(graph("x: f32[B,5,2]", product + "%6 = Transpose{permutation=[1,0,2]}(%4) return y = %5, z = %6"),
                 graph("x: f32[B,5,2]",
                       "%w = Constant{value=f32[2,2]{1,2,5,6}} %b = Constant{value=f32[2]{1,2}} %1 = MatMul(%x, %w, %b)\n"
                       "%5 = Transpose{permutation=[1,0,2]}(%1)\n"
                       "%v = Constant{value=f32[2,2]{3,4,7,8}} %c = Constant{value=f32[2]{3,4}} %2 = MatMul(%x, %v, %c)\n"
                       "%6 = Transpose{permutation=[1,0,2]}(%2) return y = %5, z = %6"),
                 kRules, 2);
  // The product is needed as a whole.
  expect_no_rewrite(graph("x: f32[B,5,2]", product + "%6 = Transpose{permutation=[1,0,2]}(%4) return y = %5, z = %6, v = %2"), kRules);
}

TEST(Chains, SelectionsOfATransposeMoveInFrontOfItWhereAnotherLiesBelow) {
  const std::string selected =
      "%1 = Transpose{permutation=[2,1,0,3]}(%x) %i = Constant{value=i64[]{1}} %2 = Gather(%1, %i)\n";
  expect_rewrite(graph("x: f32[4,5,3,2]", selected + "%3 = Transpose{permutation=[1,0,2]}(%2) return y = %3"),
                 graph("x: f32[4,5,3,2]", "%i = Constant{value=i64[]{1}} %1 = Gather{axis=2}(%x, %i)\n"
                                          "%2 = Transpose{permutation=[1,0,2]}(%1) %3 = Transpose{permutation=[1,0,2]}(%2) return y = %3"),
                 kRules);
  expect_no_rewrite(graph("x: f32[4,5,3,2]", selected + "return y = %2"), kRules);
}

TEST(Chains, ScalesOfQueriesAndKeysJoinTheScaleOfTheirAttention) {
  const Families rules{attention_rules()};
  const std::string inputs = "q: f32[1,3,8], k: f32[1,2,5,4], v: f32[1,2,5,4]";
  const std::string scaled = "%n = Constant{value=f32[]{0.5}} %1 = Binary{kind=mul}(%q, %n) %s = Constant{value=i64[4]{1,3,2,4}}\n"
                             "%2 = Reshape(%1, %s) %3 = Transpose{permutation=[0,2,1,3]}(%2)\n";
  expect_rewrite(graph(inputs, scaled + "%4 = Attention{scale=2}(%3, %k, %v) return y = %4"),
                 graph(inputs, "%s = Constant{value=i64[4]{1,3,2,4}} %2 = Reshape(%q, %s) %3 = Transpose{permutation=[0,2,1,3]}(%2)\n"
                               "%4 = Attention{scale=1}(%3, %k, %v) return y = %4"),
                 rules);
  expect_no_rewrite(graph(inputs, scaled + "%4 = Attention{scale=2, softcap=3}(%3, %k, %v) return y = %4"), rules);
  expect_no_rewrite(graph(inputs, scaled + "%4 = Attention{scale=2}(%3, %k, %v) return y = %4, z = %1"), rules);
}

}  // namespace
}  // namespace tenon::core
