#include "passes/merge_siblings.h"
#include "passes/rewrites/families.h"
#include "rewrite_test_util.h"

namespace tenon::core {
namespace {

std::string graph(const std::string& body, const std::string& inputs = "x: f32[N,4]") {
  return "graph g(" + inputs + ") {\n" + body + "}\n";
}

TEST(Gathers, AOneHotProductIsALookup) {
  const Families rules{gather_rules()};
  const char* inputs = "i: i64[N,3,1]";
  const std::string one_hot = "%c = Constant{value=i64[1,2]{0,1}} %1 = Binary{kind=equal}(%i, %c) %2 = Cast(%1)\n";
  const std::string lookup =
      "%s = Constant{value=i64[2]{0,3}} %i2 = Reshape(%i, %s) %z = Constant{value=i64[]{0}} %e = "
      "Constant{value=i64[]{2}}\n"
      "%a = Binary{kind=less}(%i2, %z) %b = Binary{kind=greater_equal}(%i2, %e) %o = Binary{kind=logical_or}(%a, %b) "
      "%w = Where(%o, %e, %i2)\n";
  expect_rewrite(
      graph(one_hot + "%t = Constant{value=f32[2,3]{1,2,3,4,5,6}} %3 = MatMul(%2, %t) return y = %3\n", inputs),
      graph(lookup + "%t = Constant{value=f32[3,3]{1,2,3,4,5,6,0,0,0}} %3 = Gather(%t, %w) return y = %3\n", inputs),
      rules);
  expect_rewrite(
      graph(one_hot + "%t = Constant{value=f32[2,2]{1,2,-3,4}} %3 = MatMul(%2, %t) %b = Constant{value=f32[2]{1,0}} %4 "
                      "= Binary(%3, %b)\n"
                      "%5 = Unary{kind=relu}(%4) return y = %5\n",
            inputs),
      graph(lookup + "%t = Constant{value=f32[3,2]{2,2,0,4,1,0}} %3 = Gather(%t, %w) return y = %3\n", inputs), rules,
      3);
  expect_no_rewrite(graph("%c = Constant{value=i64[1,2]{1,0}} %1 = Binary{kind=equal}(%i, %c) %2 = Cast(%1)\n"
                          "%t = Constant{value=f32[2,3]{1,2,3,4,5,6}} %3 = MatMul(%2, %t) return y = %3\n",
                          inputs),
                    rules);
  expect_no_rewrite(graph("%t = Constant{value=f32[2,2]{1,2,-3,4}} %3 = Gather(%t, %i) %4 = Unary{kind=relu}(%3) "
                          "return y = %4, z = %3\n",
                          inputs),
                    rules);
}

TEST(Zeros, WeightsThatAreAllZeroLeaveTheBias) {
  const Families rules{zero_rules()};
  const char* inputs = "x: f32[N,2,4,4]";
  const std::string conv =
      "%w = Constant{value=f32[1,2,1,1]{0,-0}} %b = Constant{value=f32[1]{3}} %1 = Conv(%x, %w, %b) return y = %1\n";
  expect_rewrite(graph(conv, inputs),
                 graph("%b = Constant{value=f32[1,1,1]{3}} %n = ShapeOf{end=1}(%x) %c = Constant{value=i64[1]{1}}\n"
                       "%h = Constant{value=i64[1]{4}} %v = Constant{value=i64[1]{4}} %s = Concat(%n, %c, %h, %v) %1 = "
                       "Expand(%b, %s) return y = %1\n",
                       inputs),
                 rules);
  PassOptions strict;
  strict.strict_nan = true;
  expect_no_rewrite(graph(conv, inputs), rules, "--strict-nan", strict);
  expect_no_rewrite(graph("%w = Constant{value=f32[1,2,1,1]{0,1e-30}} %1 = Conv(%x, %w) return y = %1\n", inputs),
                    rules);
}

TEST(Sinking, ReshapesMoveBelowPointwiseNodes) {
  const Families rules{sinking_rules(), movement_rules()};
  const char* inputs = "x: f32[N,2,3]";
  expect_rewrite(graph("%s = Constant{value=i64[2]{0,6}} %b = Constant{value=i64[3]{0,2,3}} %1 = Reshape(%x, %s) %2 = "
                       "Unary{kind=exp}(%1)\n"
                       "%3 = Reshape(%2, %b) return y = %3\n",
                       inputs),
                 graph("%2 = Unary{kind=exp}(%x) return y = %2\n", inputs), rules, 2);
  expect_rewrite(graph("%s = Constant{value=i64[2]{-1,3}} %c = Constant{value=f32[1,3]{1,2,3}} %1 = Reshape(%x, %s) %2 "
                       "= Binary(%c, %1) return y = %2\n",
                       inputs),
                 graph("%s = Constant{value=i64[2]{-1,3}} %c = Constant{value=f32[3]{1,2,3}} %1 = Binary(%c, %x) %2 = "
                       "Reshape(%1, %s) return y = %2\n",
                       inputs),
                 rules);
  expect_no_rewrite(graph("%s = Constant{value=i64[2]{0,6}} %c = Constant{value=f32[6]{1,2,3,4,5,6}} %1 = Reshape(%x, "
                          "%s) %2 = Binary(%c, %1) return y = %2\n",
                          inputs),
                    rules);
  expect_no_rewrite(
      graph("%s = Constant{value=i64[2]{0,6}} %1 = Reshape(%x, %s) %2 = Unary{kind=exp}(%1) return y = %2, z = %1\n",
            inputs),
      rules);
}

TEST(Sinking, TransposesMeetBelowPointwiseNodes) {
  const Families rules{sinking_rules(), movement_rules()};
  const char* inputs = "x: f32[2,3,4]";
  expect_rewrite(graph("%c = Constant{value=f32[3]{1,2,3}} %1 = Transpose{permutation=[0,2,1]}(%x) %2 = "
                       "Binary{kind=mul}(%1, %c) %3 = Unary{kind=relu}(%2)\n"
                       "%4 = Transpose{permutation=[0,2,1]}(%3) return y = %4\n",
                       inputs),
                 graph("%c = Constant{value=f32[1,3,1]{1,2,3}} %2 = Binary{kind=mul}(%x, %c) %3 = Unary{kind=relu}(%2) "
                       "return y = %3\n",
                       inputs),
                 rules, 3);
  expect_no_rewrite(graph("%1 = Transpose{permutation=[0,2,1]}(%x) %2 = Unary{kind=relu}(%1) return y = %2\n", inputs),
                    rules);
}

TEST(Sinking, ReductionsKeepTheirDims) {
  const Families rules{sinking_rules()};
  expect_rewrite(graph("%a = Constant{value=i64[1]{1}} %s = Constant{value=i64[2]{0,1}} %1 = "
                       "Reduce{keepdims=false}(%x, %a) %2 = Reshape(%1, %s) return y = %2\n"),
                 graph("%a = Constant{value=i64[1]{1}} %1 = Reduce(%x, %a) return y = %1\n"), rules);
}

const char* kPair =
    "%v = Constant{value=f32[4,2]{1,2,3,4,5,6,7,8}} %w = Constant{value=f32[4,1]{1,0,1,0}} %b = "
    "Constant{value=f32[2]{1,2}}\n"
    "%1 = MatMul(%x, %v, %b) %2 = MatMul(%x, %w) return y = %1, z = %2\n";

TEST(Siblings, ProductsOfFewRowsBecomeOne) {
  PassReport report;
  const Graph g = run_pass(graph(kPair, "x: f32[3,4]"), merge_siblings, report);
  EXPECT_EQ(report.changes, 1);
  EXPECT_EQ(canonical_text(g).find("MatMul"), canonical_text(g).rfind("MatMul"));
}

TEST(Siblings, ProductsOfManyRowsStay) {
  for (const char* inputs : {"x: f32[N,4]", "x: f32[100,4]"}) {
    PassReport report;
    run_pass(graph(kPair, inputs), merge_siblings, report);
    EXPECT_EQ(report.changes, 0);
    ASSERT_EQ(report.near_misses.size(), 1u);
    EXPECT_NE(report.near_misses[0].reason.find("rows"), std::string::npos);
  }
}

TEST(MatMuls, TransposesAndReshapesAroundThem) {
  const Families rules{matmul_rules()};
  const char* inputs = "x: f32[2,3,4]";
  expect_rewrite(
      graph("%w = Constant{value=f32[3,2]{1,2,3,4,5,6}} %1 = Transpose{permutation=[0,2,1]}(%x) %2 = MatMul(%1, %w) "
            "return y = %2\n",
            inputs),
      graph("%w = Constant{value=f32[3,2]{1,2,3,4,5,6}} %2 = MatMul{transpose_a=true}(%x, %w) return y = %2\n", inputs),
      rules);
  expect_rewrite(graph("%w = Constant{value=f32[4,2]{1,2,3,4,5,6,7,8}} %s = Constant{value=i64[2]{-1,4}} %t = "
                       "Constant{value=i64[3]{2,3,2}}\n"
                       "%1 = Reshape(%x, %s) %2 = MatMul(%1, %w) %3 = Reshape(%2, %t) return y = %3\n",
                       inputs),
                 graph("%w = Constant{value=f32[4,2]{1,2,3,4,5,6,7,8}} %2 = MatMul(%x, %w) return y = %2\n", inputs),
                 rules);
  expect_no_rewrite(graph("%1 = Transpose{permutation=[2,0,1]}(%x) %2 = MatMul(%1, %r) return y = %2\n",
                          "x: f32[2,3,4], r: f32[3,2]"),
                    rules, "more than the last two axes");
  expect_no_rewrite(graph("%w = Constant{value=f32[4,2]{1,2,3,4,5,6,7,8}} %s = Constant{value=i64[2]{-1,4}} %t = "
                          "Constant{value=i64[2]{2,6}}\n"
                          "%1 = Reshape(%x, %s) %2 = MatMul(%1, %w) %3 = Reshape(%2, %t) return y = %3\n",
                          inputs),
                    rules, "the columns are reshaped too");
}

TEST(MatMuls, PartsOfAProductOfManyRowsAreComputedApart) {
  const Families rules{matmul_rules()};
  const char* inputs = "x: f32[N,2]";
  const std::string product =
      "%w = Constant{value=f32[2,3]{1,2,3,4,5,6}} %b = Constant{value=f32[3]{7,8,9}} %s = Constant{value=i64[2]{1,2}}\n"
      "%1 = MatMul(%x, %w, %b) %2 = Split{axis=-1, outputs=2}(%1, %s)\n";
  expect_rewrite(
      graph(product + "return y = %2, z = %2.1\n", inputs),
      graph("%v = Constant{value=f32[2,1]{1,4}} %a = Constant{value=f32[1]{7}} %w = Constant{value=f32[2,2]{2,3,5,6}}\n"
            "%b = Constant{value=f32[2]{8,9}} %1 = MatMul(%x, %v, %a) %2 = MatMul(%x, %w, %b) return y = %1, z = %2\n",
            inputs),
      rules);
  expect_no_rewrite(graph(product + "return y = %2, z = %2.1\n", "x: f32[3,2]"), rules, "few rows");
}

TEST(Expands, MoveBelowWhatReadsThem) {
  const Families rules{expand_rules()};
  const char* inputs = "x: f32[1,4], l: f32[N]";
  const std::string expand =
      "%n = ShapeOf(%l) %four = Constant{value=i64[1]{4}} %s = Concat(%n, %four) %e = Expand(%x, %s)\n";
  const std::string again = "%d = ShapeOf{end=1}(%e) %f = Constant{value=i64[1]{4}} %t = Concat(%d, %f)\n";
  expect_rewrite(graph(expand + "%1 = Unary{kind=exp}(%e) return y = %1, z = %e\n", inputs),
                 graph(expand + again + "%1 = Unary{kind=exp}(%x) %2 = Expand(%1, %t) return y = %2, z = %e\n", inputs),
                 rules);
  expect_no_rewrite(graph(expand + "%1 = Binary(%e, %m) return y = %1\n", "x: f32[1,4], l: f32[N], m: f32[N,4]"),
                    rules);
  expect_rewrite(graph("%o = Constant{value=f32[3,1]{0,0,0}} %1 = Binary(%o, %x) return y = %1\n", "x: f32[1,4]"),
                 graph("%s = Constant{value=i64[2]{3,4}} %1 = Expand(%x, %s) return y = %1\n", "x: f32[1,4]"), rules);
}

TEST(Expands, ALookupOfEveryElementAtItsPlaceIsAReshape) {
  const Families rules{expand_rules(), movement_rules()};
  const char* inputs = "x: f32[N,3]";
  const std::string rows =
      "%zero = Constant{value=i64[]{0}} %one = Constant{value=i64[]{1}} %n1 = ShapeOf{end=1}(%x) %none = "
      "Constant{value=i64[0]{}} %n = Reshape(%n1, %none)\n"
      "%range = Range(%zero, %n, %one) %rs = Constant{value=i64[4]{0,1,1,1}} %r = Reshape(%range, %rs) %to = "
      "Constant{value=i64[4]{1,1,3,1}}\n"
      "%er = Expand(%r, %to)\n";
  const std::string columns =
      "%c = Constant{value=i64[1,1,3,1]{0,1,2}} %k = Constant{value=i64[3]{1,3,1}} %ns = Concat(%n1, %k) %ec = "
      "Expand(%c, %ns)\n";
  expect_rewrite(graph(rows + columns + "%i = Concat{axis=-1}(%er, %ec) %1 = GatherND(%x, %i) return y = %1\n", inputs),
                 graph("%s = Constant{value=i64[3]{0,1,3}} %1 = Reshape(%x, %s) return y = %1\n", inputs), rules);
  const std::string swapped =
      "%c = Constant{value=i64[1,1,3,1]{0,2,1}} %k = Constant{value=i64[3]{1,3,1}} %ns = Concat(%n1, %k) %ec = "
      "Expand(%c, %ns)\n";
  expect_no_rewrite(
      graph(rows + swapped + "%i = Concat{axis=-1}(%er, %ec) %1 = GatherND(%x, %i) return y = %1\n", inputs),
      {expand_rules()});
}

TEST(Attentions, ScaledMaskedSoftmaxOfAProduct) {
  const Families rules{attention_rules()};
  const char* inputs = "q: f32[B,2,3,4], k: f32[B,2,5,4], v: f32[B,2,5,4], m: f32[B,1,1,5]";
  expect_rewrite(graph("%s = Constant{value=f32[]{0.5}} %1 = MatMul{transpose_b=true}(%q, %k) %2 = "
                       "Binary{kind=mul}(%1, %s) %3 = Binary(%2, %m)\n"
                       "%4 = Softmax(%3) %5 = MatMul(%4, %v) return y = %5\n",
                       inputs),
                 graph("%5 = Attention{scale=0.5}(%q, %k, %v, %m) return y = %5\n", inputs), rules);
  expect_rewrite(graph("%1 = Transpose{permutation=[0,1,3,2]}(%k) %2 = MatMul{alpha=0.25}(%q, %1) %4 = "
                       "Softmax{axis=3}(%2) %5 = MatMul(%4, %v) return y = %5\n",
                       inputs),
                 graph("%1 = Transpose{permutation=[0,1,3,2]}(%k) %2 = Transpose{permutation=[0,1,3,2]}(%1) %5 = "
                       "Attention{scale=0.25}(%q, %2, %v) return y = %5\n",
                       inputs),
                 rules);
  expect_no_rewrite(
      graph("%1 = MatMul{transpose_b=true}(%q, %k) %4 = Softmax(%1) %5 = MatMul(%4, %v) return y = %5, z = %4\n",
            inputs),
      rules, "used elsewhere");
  expect_no_rewrite(graph("%1 = MatMul{transpose_b=true}(%q, %k) %3 = Binary(%1, %m) %4 = Softmax(%3) %5 = MatMul(%4, "
                          "%v) return y = %5\n",
                          "q: f32[1,2,3,4], k: f32[1,2,5,4], v: f32[1,2,5,4], m: f32[1,1,3,1]"),
                    rules, "broadcasts over the keys");
  expect_no_rewrite(
      graph("%1 = MatMul{transpose_b=true}(%q, %k) %4 = Softmax{axis=2}(%1) %5 = MatMul(%4, %v) return y = %5\n",
            inputs),
      rules);
}

TEST(Attentions, AHidingMaskAndThreeAxes) {
  const Families rules{attention_rules()};
  const char* inputs = "q: f32[2,3,4], k: f32[2,5,4], v: f32[2,5,4], keep: bool[3,5]";
  expect_rewrite(
      graph("%low = Constant{value=f32[]{-10000}} %1 = MatMul{transpose_b=true}(%q, %k) %2 = Where(%keep, %1, %low) %4 "
            "= Softmax(%2)\n"
            "%5 = MatMul(%4, %v) return y = %5\n",
            inputs),
      graph("%z = Constant{value=f32[]{0}} %low = Constant{value=f32[]{-10000}} %m = Where(%keep, %z, %low)\n"
            "%o = Constant{value=i64[1]{0}} %q4 = Unsqueeze(%q, %o) %o2 = Constant{value=i64[1]{0}} %k4 = "
            "Unsqueeze(%k, %o2)\n"
            "%o3 = Constant{value=i64[1]{0}} %v4 = Unsqueeze(%v, %o3) %5 = Attention{scale=1}(%q4, %k4, %v4, %m)\n"
            "%o4 = Constant{value=i64[1]{0}} %y = Squeeze(%5, %o4) return y = %y\n",
            inputs),
      rules);
}

TEST(InputScales, FoldIntoTheConvolutionBelow) {
  const Families rules{scale_rules()};
  const char* inputs = "x: f32[1,2,3,3]";
  const std::string pre =
      "%a = Constant{value=f32[2,1,1]{2,3}} %c = Constant{value=f32[]{1}} %w = Constant{value=f32[1,2,1,1]{1,-1}}\n"
      "%1 = Binary{kind=mul}(%x, %a) %2 = Binary(%1, %c)\n";
  expect_rewrite(graph(pre + "%3 = Conv(%2, %w) return y = %3\n", inputs),
                 graph("%w = Constant{value=f32[1,2,1,1]{2,-3}} %b = Constant{value=f32[1]{0}} %3 = Conv(%x, %w, %b) "
                       "return y = %3\n",
                       inputs),
                 rules, 2);
  expect_no_rewrite(graph(pre + "%3 = Conv{pads=[1,1,1,1]}(%2, %w) return y = %3\n", inputs), rules,
                    "pads the shifted value");
}

}  // namespace
}  // namespace tenon::core
