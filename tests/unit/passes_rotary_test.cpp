#include "ir/text.h"
#include "ops/all.h"
#include "ops/attention.h"
#include "passes/rewrites/families.h"
#include "rewrite_test_util.h"

namespace tenon::core {
namespace {

const Families kRotary{rotary_rules()};

std::string rotary_graph(const std::string& body, const std::string& inputs = "x: f32[B,3,S,8], f: f32[1,1,S,4]") {
  return "graph g(" + inputs + ") {\n%zero = Constant{value=i64[1]{0}} %one = Constant{value=i64[1]{1}} %two = Constant{value=i64[1]{2}}\n"
         "%four = Constant{value=i64[1]{4}} %end = Constant{value=i64[1]{9223372036854775807}} %axis = Constant{value=i64[1]{3}}\n" + body + "}\n";
}

const std::string kAngles = "%ff = Concat{axis=-1}(%f, %f) %cos = Unary{kind=cos}(%ff) %sin = Unary{kind=sin}(%ff)\n";
const std::string kHalves =
    "%lo = Slice(%x, %zero, %four, %axis, %one) %hi = Slice(%x, %four, %end, %axis, %one) %not = Unary{kind=neg}(%hi)\n"
    "%turned = Concat{axis=-1}(%not, %lo)\n";
const std::string kSum = "%1 = Binary{kind=mul}(%x, %cos) %2 = Binary{kind=mul}(%turned, %sin) %3 = Binary(%1, %2) return y = %3\n";

/// The rotary embedding that the graph becomes, if it does.
std::optional<RotaryEmbedding> rotary_of(const std::string& text, int times = 1) {
  PassReport report;
  const Graph g = run_pass(text, [](Graph& graph, PassContext& context) { apply_rewrites(graph, context, rotary_rules()); }, report);
  std::optional<RotaryEmbedding> found;
  for (NodeId id : g.order())
    if (const auto* op = g.node(id).as<RotaryEmbedding>()) found = *op;
  EXPECT_EQ(report.changes, found ? times : 0) << print(g);
  return found;
}

TEST(Rotary, HalvesWithDoubledAngles) {
  const auto op = rotary_of(rotary_graph(kAngles + kHalves + kSum));
  ASSERT_TRUE(op);
  EXPECT_FALSE(op->interleaved);
  EXPECT_EQ(op->heads, 0);
  EXPECT_TRUE(rotary_of(rotary_graph(kAngles + kHalves + "%1 = Binary{kind=mul}(%cos, %x) %2 = Binary{kind=mul}(%sin, %turned) %3 = Binary(%2, %1) return y = %3\n")));
}

TEST(Rotary, AnglesOfEachSampleOrBehindAReshapeAndAScale) {
  EXPECT_TRUE(rotary_of(rotary_graph(kAngles + kHalves + kSum, "x: f32[B,3,S,8], f: f32[B,1,S,4]")));
  EXPECT_TRUE(rotary_of(rotary_graph("%ff = Concat{axis=-1}(%f, %f) %c = Unary{kind=cos}(%ff) %s = Unary{kind=sin}(%ff) %k = Constant{value=f32[]{1.5}}\n"
                                     "%cs = Binary{kind=mul}(%c, %k) %ss = Binary{kind=mul}(%s, %k)\n"
                                     "%dims = Constant{value=i64[4]{1, 1, -1, 8}} %cos = Reshape(%cs, %dims) %sin = Reshape(%ss, %dims)\n" + kHalves + kSum,
                                     "x: f32[B,3,S,8], f: f32[1,S,4]")));
}

TEST(Rotary, ATableOfConstants) {
  const std::string table = "%t = Constant{value=f32[3,8]{1,2,3,4,1,2,3,4, 5,6,7,8,5,6,7,8, 2,1,2,1,2,1,2,1}}\n";
  const std::string look = "%cos = Gather{axis=0}(%t, %p) %sin = Unary{kind=neg}(%cos)\n";
  EXPECT_TRUE(rotary_of(rotary_graph(table + "%p = Constant{value=i64[2]{2, 0}}\n" + look + kHalves + kSum, "x: f32[B,3,2,8]")));
  const std::string other = "%t = Constant{value=f32[3,8]{1,2,3,4,1,2,3,5, 5,6,7,8,5,6,7,8, 2,1,2,1,2,1,2,1}}\n";
  EXPECT_FALSE(rotary_of(rotary_graph(other + "%p = Constant{value=i64[2]{2, 0}}\n" + look + kHalves + kSum, "x: f32[B,3,2,8]")));
}

TEST(Rotary, HeadsBehindTheTokens) {
  const auto op = rotary_of(rotary_graph(kAngles + kHalves + kSum, "x: f32[B,S,3,8], f: f32[1,S,1,4]"));
  ASSERT_TRUE(op);
  EXPECT_EQ(op->heads, 3);
}

TEST(Rotary, EvenAndOddElements) {
  const std::string parts =
      "%lo = Slice(%x, %zero, %end, %axis, %two) %hi = Slice(%x, %one, %end, %axis, %two) %not = Unary{kind=neg}(%hi)\n"
      "%d = Constant{value=i64[5]{0, 0, 3, 4, 1}} %a = Reshape(%not, %d) %b = Reshape(%lo, %d) %j = Concat{axis=-1}(%a, %b)\n"
      "%e = Constant{value=i64[4]{0, 0, 3, 8}} %turned = Reshape(%j, %e)\n";
  const std::string angles =
      "%o = Constant{value=i64[5]{1, 2, 1, 4, 1}} %t = Constant{value=i64[5]{1, 2, 1, 4, 2}} %u = Constant{value=i64[4]{1, 2, 1, 8}}\n"
      "%f1 = Reshape(%f, %o) %f2 = Expand(%f1, %t) %cos = Reshape(%f2, %u) %sin = Unary{kind=sin}(%cos)\n";
  const auto op = rotary_of(rotary_graph(parts + angles + kSum, "x: f32[B,2,3,8], f: f32[1,2,4]"));
  ASSERT_TRUE(op);
  EXPECT_TRUE(op->interleaved);
  EXPECT_EQ(op->heads, 3);
  EXPECT_FALSE(rotary_of(rotary_graph(parts + kSum, "x: f32[B,2,3,8], cos: f32[1,2,1,8], sin: f32[1,2,1,8]")));
}

TEST(Rotary, SumsAndDifferencesOfTheHalves) {
  const std::string parts = "%lo = Split{axis=3, outputs=2}(%x)\n";
  const std::string products = "%1 = Binary{kind=mul}(%lo, %c) %2 = Binary{kind=mul}(%lo.1, %s) %3 = Binary{kind=sub}(%1, %2)\n";
  const std::string inputs = "x: f32[B,3,S,8], c: f32[1,1,S,4], s: f32[1,1,S,4]";
  const std::string both = "%4 = Binary{kind=mul}(%lo.1, %c) %5 = Binary{kind=mul}(%lo, %s) %6 = Binary(%4, %5) %7 = Concat{axis=-1}(%3, %6) return y = %7\n";
  EXPECT_TRUE(rotary_of(rotary_graph(parts + products + both, inputs)));
  const std::string swapped = "%4 = Binary{kind=mul}(%lo.1, %s) %5 = Binary{kind=mul}(%lo, %c) %6 = Binary(%4, %5) %7 = Concat{axis=-1}(%3, %6) return y = %7\n";
  EXPECT_FALSE(rotary_of(rotary_graph(parts + products + swapped, inputs)));
}

TEST(Rotary, APartOfEachHead) {
  const std::string split = "%sizes = Constant{value=i64[2]{8, 2}} %x = Split{axis=3, outputs=2}(%whole, %sizes)\n";
  const std::string sum = "%1 = Binary{kind=mul}(%x, %cos) %2 = Binary{kind=mul}(%turned, %sin) %3 = Binary(%1, %2)\n";
  const std::string inputs = "whole: f32[B,3,S,10], f: f32[1,1,S,4]";
  const auto op = rotary_of(rotary_graph(kAngles + split + kHalves + sum + "%4 = Concat{axis=-1}(%3, %x.1) return y = %4\n", inputs), 2);
  ASSERT_TRUE(op);
  EXPECT_EQ(op->rotary, 8);
  const auto front = rotary_of(rotary_graph(kAngles + split + kHalves + sum + "%4 = Concat{axis=-1}(%x.1, %3) return y = %4\n", inputs));
  ASSERT_TRUE(front);
  EXPECT_EQ(front->rotary, 0);
}

TEST(Rotary, OthersStay) {
  const std::string free = "x: f32[B,3,S,8], cos: f32[1,1,S,8], sin: f32[1,1,S,8]";
  expect_no_rewrite(rotary_graph(kHalves + kSum, free), kRotary, "not known to have one angle");
  expect_no_rewrite(rotary_graph(kAngles + kHalves + kSum, "x: f32[B,3,S,8], f: f32[1,3,S,4]"), kRotary, "shared by all heads");
  expect_no_rewrite(rotary_graph(kAngles + "%lo = Slice(%x, %zero, %four, %axis, %one) %hi = Slice(%x, %four, %end, %axis, %one) %not = Unary{kind=neg}(%lo)\n"
                                           "%turned = Concat{axis=-1}(%not, %hi)\n" + kSum),
                    kRotary);
  PassOptions exact;
  exact.exact = true;
  expect_no_rewrite(rotary_graph(kAngles + kHalves + kSum), kRotary, "--exact", exact);
}

}  // namespace
}  // namespace tenon::core
