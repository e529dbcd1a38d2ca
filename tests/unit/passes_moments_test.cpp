#include "ops/normalize.h"
#include "passes/rewrites/families.h"
#include "rewrite_test_util.h"

namespace tenon::core {
namespace {

/// mean and mean square over `axes` with the dims kept, and 1 / sqrt(variance + 0.01) as %i.
std::string moments(const std::string& input, const std::string& axes, const std::string& variance = "%v1 = Binary{kind=sub}(%q, %m2) %v = Unary(%v1)") {
  return "graph g(" + input + ", s: f32[4], b: f32[4]) {\n%a = Constant{value=i64[1]{" + axes +
         "}} %e = Constant{value=f32[]{0.01}}\n"
         "%m = Reduce{kind=mean}(%x, %a) %m2 = Unary{kind=square}(%m) %x2 = Unary{kind=square}(%x) %q = Reduce{kind=mean}(%x2, %a)\n" +
         variance + "\n%v2 = Binary(%v, %e) %i = Unary{kind=rsqrt}(%v2)\n";
}

Graph rewritten(const std::string& text) {
  PassReport report;
  const Families rules{moment_rules()};
  return run_pass(text, [&](Graph& g, PassContext& c) { apply_rewrites(g, c, rules); }, report);
}

int norms(const Graph& g) {
  int count = 0;
  for (NodeId id : g.order()) count += g.node(id).as<LayerNorm>() != nullptr;
  return count;
}

const std::string kCentered = "%c = Binary{kind=sub}(%x, %m) %r = Binary{kind=mul}(%c, %i) return y = %r }";

TEST(Moments, AVarianceFromTheMeanSquareIsALayerNorm) {
  expect_rewrite(moments("x: f32[N,4]", "1") + kCentered,
                 "graph g(x: f32[N,4], s: f32[4], b: f32[4]) {\n"
                 "%1 = LayerNorm{axis=1, epsilon=0.009999999776482582}(%x) return y = %1 }",
                 {moment_rules()});
  EXPECT_EQ(norms(rewritten(moments("x: f32[N,4]", "1") +
                            "%j = Binary{kind=mul}(%i, %s) %c = Binary{kind=sub}(%x, %m) %r = Binary{kind=mul}(%j, %c) return y = %r }")),
            1);
}

TEST(Moments, TheFormOfABatchNormalization) {
  const std::string sums = "%j = Binary{kind=mul}(%i, %s) %p = Binary{kind=mul}(%x, %j) %t = Binary{kind=mul}(%m, %j)\n";
  EXPECT_EQ(norms(rewritten(moments("x: f32[N,4]", "1") + sums + "%u = Binary{kind=sub}(%b, %t) %r = Binary(%p, %u) return y = %r }")), 1);
  // The shift is by another value than the mean.
  const std::string other = "%j = Binary{kind=mul}(%i, %s) %p = Binary{kind=mul}(%x, %j) %t = Binary{kind=mul}(%b, %j)\n";
  EXPECT_EQ(norms(rewritten(moments("x: f32[N,4]", "1") + other + "%u = Binary{kind=sub}(%b, %t) %r = Binary(%p, %u) return y = %r }")), 0);
}

TEST(Moments, SumsWithoutTheirAxesAndAnAxisInTheMiddle) {
  const std::string text =
      "graph g(x: f32[N,3,4]) {\n%a = Constant{value=i64[1]{1}} %n = Constant{value=f32[]{0.33333334}} %e = Constant{value=f32[]{0.01}}\n"
      "%m0 = Reduce{keepdims=false}(%x, %a) %m = Binary{kind=mul}(%m0, %n) %m2 = Unary{kind=square}(%m)\n"
      "%q0 = Reduce{kind=sum_square, keepdims=false}(%x, %a) %q = Binary{kind=mul}(%q0, %n) %v1 = Binary{kind=sub}(%q, %m2)\n"
      "%v = Unary(%v1) %v2 = Binary(%v, %e) %i0 = Unary{kind=rsqrt}(%v2) %k = Constant{value=i64[3]{-1,1,4}}\n"
      "%i = Reshape(%i0, %k) %mk = Reshape(%m, %k) %c = Binary{kind=sub}(%x, %mk) %r = Binary{kind=mul}(%c, %i) return y = %r }";
  EXPECT_EQ(norms(rewritten(text)), 1);
}

TEST(Moments, OtherVariancesStay) {
  const std::string one = "%one = Constant{value=f32[]{1}} ";
  for (const std::string& variance :
       {std::string("%v = Binary{kind=sub}(%m2, %q)"), std::string("%v = Binary{kind=sub}(%q, %m)"),
        one + "%z = Constant{value=f32[]{0}} %v1 = Binary{kind=sub}(%q, %m2) %v = Clip(%v1, %z, %one)"})
    EXPECT_EQ(norms(rewritten(moments("x: f32[N,4]", "1", variance) + kCentered)), 0) << variance;
}

}  // namespace
}  // namespace tenon::core
