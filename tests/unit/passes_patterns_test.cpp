#include "passes/rewrites/families.h"
#include "rewrite_test_util.h"

namespace tenon::core {
namespace {

std::string graph(const std::string& body, const std::string& inputs = "x: f32[N,4]") {
  return "graph g(" + inputs + ") {\n" + body + "}\n";
}
std::string unary(const std::string& fields) { return graph("%1 = Unary{kind=" + fields + "}(%x) return y = %1\n"); }

const Families activations{activation_rules()};
const Families spelled{identity_rules(), activation_rules()};

const char* kErf =
    "%c = Constant{value=f32[]{0.70710677}} %h = Constant{value=f32[]{0.5}} %o = Constant{value=f32[]{1}}\n"
    "%a = Binary{kind=mul}(%x, %c) %e = Unary{kind=erf}(%a) %s = Binary(%e, %o)\n";

TEST(Activations, GeluWithErfInItsSpellings) {
  expect_rewrite(
      graph(kErf + std::string("%1 = Binary{kind=mul}(%x, %s) %2 = Binary{kind=mul}(%1, %h) return y = %2\n")),
      unary("gelu_erf"), activations);
  expect_rewrite(
      graph(kErf + std::string("%1 = Binary{kind=mul}(%h, %x) %2 = Binary{kind=mul}(%1, %s) return y = %2\n")),
      unary("gelu_erf"), activations);
  expect_rewrite(
      graph(kErf + std::string("%1 = Binary{kind=mul}(%s, %h) %2 = Binary{kind=mul}(%x, %1) return y = %2\n")),
      unary("gelu_erf"), activations);
  expect_rewrite(
      graph("%c = Constant{value=f32[]{1.4142135}} %t = Constant{value=f32[]{2}} %o = Constant{value=f32[]{1}}\n"
            "%a = Binary{kind=div}(%x, %c) %e = Unary{kind=erf}(%a) %s = Binary(%e, %o)\n"
            "%1 = Binary{kind=div}(%x, %t) %2 = Binary{kind=mul}(%1, %s) return y = %2\n"),
      unary("gelu_erf"), activations);
}

TEST(Activations, GeluDoesNotFireWhereItsConditionsFail) {
  expect_no_rewrite(graph(kErf + std::string("%1 = Binary{kind=mul}(%x, %s) return y = %1\n")), activations);
  expect_no_rewrite(
      graph(kErf + std::string("%1 = Binary{kind=mul}(%x, %s) %2 = Binary{kind=mul}(%1, %h) return y = %2, z = %e\n")),
      activations, "is used elsewhere");
  expect_no_rewrite(
      graph("%c = Constant{value=f32[]{0.70710677}} %h = Constant{value=f32[]{0.5}} %o = Constant{value=f32[]{1}}\n"
            "%w = Cast{to=f64}(%x) %e = Unary{kind=erf}(%w) %f = Cast(%e) %s = Binary(%f, %o) %1 = "
            "Binary{kind=mul}(%x, %s)\n"
            "%2 = Binary{kind=mul}(%1, %h) return y = %2\n"),
      activations);
}

TEST(Activations, GeluWithTanhInItsSpellings) {
  const std::string constants =
      "%h = Constant{value=f32[]{0.5}} %o = Constant{value=f32[]{1}} %k = Constant{value=f32[]{0.044715}}\n"
      "%s = Constant{value=f32[]{0.7978846}} %three = Constant{value=f32[]{3}}\n";
  const std::string finish =
      "%e = Unary{kind=tanh}(%a) %g = Binary(%e, %o) %1 = Binary{kind=mul}(%x, %h) %2 = Binary{kind=mul}(%1, %g) "
      "return y = %2\n";
  expect_rewrite(graph(constants +
                       "%p = Binary{kind=pow}(%x, %three) %q = Binary{kind=mul}(%p, %k) %r = Binary(%x, %q)\n"
                       "%a = Binary{kind=mul}(%r, %s)\n" +
                       finish),
                 unary("gelu_tanh"), activations);
  expect_rewrite(graph(constants +
                       "%p = Unary{kind=square}(%x) %q = Binary{kind=mul}(%p, %k) %r = Binary(%q, %o)\n"
                       "%t = Binary{kind=mul}(%x, %s) %a = Binary{kind=mul}(%t, %r)\n" +
                       finish),
                 unary("gelu_tanh"), activations);
}

TEST(Activations, SwishAndItsKin) {
  expect_rewrite(graph("%1 = Unary{kind=sigmoid}(%x) %2 = Binary{kind=mul}(%x, %1) return y = %2\n"),
                 unary("swish, alpha=1"), activations);
  expect_rewrite(graph("%c = Constant{value=f32[]{1.702}} %1 = Binary{kind=mul}(%x, %c) %2 = Unary{kind=sigmoid}(%1)\n"
                       "%3 = Binary{kind=mul}(%2, %x) return y = %3\n"),
                 graph("%1 = Unary{kind=swish, alpha=1.7020000219345093}(%x) return y = %1\n"), activations);
  expect_rewrite(
      graph("%1 = Unary{kind=softplus}(%x) %2 = Unary{kind=tanh}(%1) %3 = Binary{kind=mul}(%x, %2) return y = %3\n"),
      unary("mish"), activations);
  expect_rewrite(graph("%o = Constant{value=f32[]{1}} %1 = Unary{kind=exp}(%x) %2 = Binary(%o, %1) %3 = "
                       "Unary{kind=log}(%2) return y = %3\n"),
                 unary("softplus"), activations);
  expect_rewrite(
      graph("%o = Constant{value=f32[]{1}} %0 = Unary{kind=neg}(%x) %1 = Unary{kind=exp}(%0) %2 = Binary(%1, %o)\n"
            "%3 = Binary{kind=div}(%o, %2) return y = %3\n"),
      unary("sigmoid"), spelled, 2);
  expect_no_rewrite(graph("%1 = Unary{kind=sigmoid}(%x) %2 = Binary{kind=mul}(%x, %1) return y = %2, z = %1\n"),
                    activations, "is used elsewhere");
  expect_no_rewrite(
      graph("%1 = Unary{kind=sigmoid}(%x) %2 = Binary{kind=mul}(%1, %b) return y = %2\n", "x: f32[3], b: f32[3]"),
      activations);
}

TEST(Activations, HardSwish) {
  const std::string clip =
      "%t = Constant{value=f32[]{3}} %z = Constant{value=f32[]{0}} %six = Constant{value=f32[]{6}}\n"
      "%a = Binary(%x, %t) %c = Clip(%a, %z, %six)\n";
  expect_rewrite(graph(clip + "%1 = Binary{kind=mul}(%x, %c) %2 = Binary{kind=div}(%1, %six) return y = %2\n"),
                 unary("hard_swish"), activations);
  expect_rewrite(graph("%1 = Unary{kind=hard_sigmoid, alpha=0.16666667, beta=0.5}(%x) %2 = Binary{kind=mul}(%1, %x) "
                       "return y = %2\n"),
                 unary("hard_swish"), activations);
  expect_rewrite(graph(clip + "%1 = Binary{kind=div}(%c, %six) %2 = Binary{kind=mul}(%1, %x) return y = %2\n"),
                 unary("hard_swish"), activations, 2);
  expect_no_rewrite(graph(clip + "%1 = Binary{kind=mul}(%x, %c) return y = %1\n"), activations);
}

const Families norms{norm_rules()};
const Families norms_spelled{identity_rules(), norm_rules()};

const char* kCenter =
    "%ax = Constant{value=i64[1]{-1}} %m = Reduce{kind=mean}(%x, %ax) %c = Binary{kind=sub}(%x, %m)\n";
const char* kVariance =
    "%two = Constant{value=f32[]{2}} %q = Binary{kind=pow}(%c, %two) %v = Reduce{kind=mean}(%q, %ax)\n"
    "%eps = Constant{value=f32[]{1e-05}} %ve = Binary(%v, %eps)\n";
const char* kScale = "%g = Constant{value=f32[4]{1,2,3,4}} %b = Constant{value=f32[4]{0,1,0,2}}\n";

TEST(Norms, LayerNormInItsSpellings) {
  const std::string after =
      graph(std::string(kScale) + "%1 = LayerNorm{axis=1, epsilon=9.999999747378752e-06}(%x, %g, %b) return y = %1\n");
  const std::string tail = "%n = Binary{kind=mul}(%r, %g) %y = Binary(%b, %n) return y = %y\n";
  const std::string head = std::string(kCenter) + kVariance + kScale;
  expect_rewrite(graph(head + "%s = Unary{kind=sqrt}(%ve) %r = Binary{kind=div}(%c, %s)\n" + tail), after,
                 norms_spelled, 4);
  expect_rewrite(
      graph(head + "%h = Constant{value=f32[]{-0.5}} %s = Binary{kind=pow}(%ve, %h) %r = Binary{kind=mul}(%s, %c)\n" +
            tail),
      after, norms_spelled, 5);
  expect_rewrite(
      graph(head + "%s = Unary{kind=sqrt}(%ve) %i = Unary{kind=reciprocal}(%s) %r = Binary{kind=mul}(%c, %i)\n" + tail),
      after, norms_spelled, 5);
}

TEST(Norms, RmsNorm) {
  expect_rewrite(graph("%ax = Constant{value=i64[1]{1}} %q = Binary{kind=mul}(%x, %x) %v = Reduce{kind=mean}(%q, %ax)\n"
                       "%eps = Constant{value=f32[]{0.001}} %ve = Binary(%v, %eps) %s = Unary{kind=rsqrt}(%ve)\n"
                       "%r = Binary{kind=mul}(%x, %s) %g = Constant{value=f32[4]{1,2,3,4}} %y = Binary{kind=mul}(%g, "
                       "%r) return y = %y\n"),
                 graph("%g = Constant{value=f32[4]{1,2,3,4}} %1 = LayerNorm{axis=1, epsilon=0.0010000000474974513, "
                       "rms=true}(%x, %g) return y = %1\n"),
                 norms_spelled, 3);
}

TEST(Norms, DoNotFireWhereTheirConditionsFail) {
  const std::string square = "%q = Unary{kind=square}(%c) %v = Reduce{kind=mean}(%q, %ax) %s = Unary{kind=sqrt}(%v)\n";
  expect_no_rewrite(graph(kCenter + square + "%r = Binary{kind=div}(%x, %s) return y = %r\n"), norms,
                    "of another value");
  expect_no_rewrite(
      graph("%ax = Constant{value=i64[1]{0}} %q = Unary{kind=square}(%x) %v = Reduce{kind=mean}(%q, %ax)\n"
            "%s = Unary{kind=sqrt}(%v) %r = Binary{kind=div}(%x, %s) return y = %r\n"),
      norms);
  expect_no_rewrite(graph("%n = LayerNorm(%x) %r = Binary{kind=mul}(%n, %x) return y = %r\n"), norms, "other dims");
  PassOptions exact;
  exact.exact = true;
  expect_no_rewrite(graph(kCenter + square + "%r = Binary{kind=div}(%c, %s) return y = %r\n"), norms, "--exact", exact);
}

TEST(Norms, GroupNorm) {
  const char* x = "x: f32[N,4,3,3]";
  const std::string before =
      "%s = Constant{value=i64[3]{0,2,-1}} %1 = Reshape(%x, %s) %one = Constant{value=f32[2]{1,1}} %zero = "
      "Constant{value=f32[2]{0,0}}\n"
      "%2 = GroupNorm(%1, %one, %zero) %back = Constant{value=i64[4]{0,4,3,3}} %3 = Reshape(%2, %back)\n"
      "%g = Constant{value=f32[4,1,1]{1,2,3,4}} %b = Constant{value=f32[4,1,1]{0,1,0,1}} %4 = Binary{kind=mul}(%3, %g) "
      "%5 = Binary(%4, %b) return y = %5\n";
  expect_rewrite(graph(before, x),
                 graph("%g = Constant{value=f32[4]{1,2,3,4}} %b = Constant{value=f32[4]{0,1,0,1}} %1 = "
                       "GroupNorm{groups=2}(%x, %g, %b) return y = %1\n",
                       x),
                 norms, 3);
  expect_no_rewrite(
      graph("%s = Constant{value=i64[3]{0,2,-1}} %1 = Reshape(%x, %s) %one = Constant{value=f32[2]{1,2}}\n"
            "%2 = GroupNorm(%1, %one) %back = Constant{value=i64[4]{0,4,3,3}} %3 = Reshape(%2, %back) return y = %3\n",
            x),
      norms, "a scale of their own");
}

TEST(Norms, LpNorm) {
  expect_rewrite(graph("%ax = Constant{value=i64[1]{1}} %n = Reduce{kind=l2}(%x, %ax) %e = Constant{value=f32[]{0.5}} "
                       "%c = Clip(%n, %e)\n"
                       "%1 = Binary{kind=div}(%x, %c) return y = %1\n"),
                 graph("%1 = LpNorm{axis=1, epsilon=0.5}(%x) return y = %1\n"), norms);
  expect_no_rewrite(graph("%n = Reduce{kind=l2}(%x) %1 = Binary{kind=div}(%x, %n) return y = %1\n"), norms);
}

TEST(Reductions, FromTheirParts) {
  const Families rules{reduction_rules()};
  const auto reduce = [](const std::string& kind) {
    return graph("%1 = Reduce{kind=" + kind + "}(%x) return y = %1\n");
  };
  expect_rewrite(graph("%1 = Unary{kind=abs}(%x) %2 = Reduce(%1) return y = %2\n"), reduce("l1"), rules);
  expect_rewrite(graph("%1 = Unary{kind=square}(%x) %2 = Reduce(%1) return y = %2\n"), reduce("sum_square"), rules);
  expect_rewrite(graph("%1 = Unary{kind=square}(%x) %2 = Reduce(%1) %3 = Unary{kind=sqrt}(%2) return y = %3\n"),
                 reduce("l2"), rules, 2);
  expect_rewrite(graph("%1 = Unary{kind=exp}(%x) %2 = Reduce(%1) %3 = Unary{kind=log}(%2) return y = %3\n"),
                 reduce("log_sum_exp"), rules, 2);
  expect_no_rewrite(graph("%1 = Unary{kind=abs}(%x) %2 = Reduce(%1) return y = %2, z = %1\n"), rules,
                    "is used elsewhere");
  expect_no_rewrite(graph("%1 = Unary{kind=abs}(%x) %2 = Reduce{kind=max}(%1) return y = %2\n"), rules);
}

TEST(Reductions, OfTransposes) {
  const Families rules{reduction_rules()};
  const char* x = "x: f32[2,3,4]";
  expect_rewrite(graph("%a = Constant{value=i64[1]{1}} %1 = Transpose{permutation=[2,0,1]}(%x) %2 = "
                       "Reduce{kind=max}(%1, %a) return y = %2\n",
                       x),
                 graph("%a = Constant{value=i64[1]{0}} %1 = Reduce{kind=max}(%x, %a) %2 = "
                       "Transpose{permutation=[2,0,1]}(%1) return y = %2\n",
                       x),
                 rules);
  expect_rewrite(graph("%a = Constant{value=i64[1]{1}} %1 = Transpose{permutation=[2,0,1]}(%x) %2 = "
                       "Reduce{keepdims=false}(%1, %a) return y = %2\n",
                       x),
                 graph("%a = Constant{value=i64[1]{0}} %1 = Reduce{keepdims=false}(%x, %a) %2 = "
                       "Transpose{permutation=[1,0]}(%1) return y = %2\n",
                       x),
                 rules);
  expect_no_rewrite(graph("%1 = Transpose(%x) %2 = Reduce(%1) return y = %2, z = %1\n", x), rules, "used elsewhere");
}

TEST(Reductions, MeanOverHeightAndWidthIsAPool) {
  const Families rules{pool_rules()};
  const char* x = "x: f32[N,3,4,4]";
  expect_rewrite(graph("%a = Constant{value=i64[2]{2,3}} %1 = Reduce{kind=mean}(%x, %a) return y = %1\n", x),
                 graph("%1 = Pool{kind=average, global=true}(%x) return y = %1\n", x), rules);
  expect_rewrite(
      graph("%a = Constant{value=i64[2]{-1,-2}} %1 = Reduce{kind=mean, keepdims=false}(%x, %a) return y = %1\n", x),
      graph("%1 = Pool{kind=average, global=true}(%x) %s = Constant{value=i64[2]{0,3}} %2 = Reshape(%1, %s) return y = "
            "%2\n",
            x),
      rules);
  expect_no_rewrite(graph("%a = Constant{value=i64[1]{3}} %1 = Reduce{kind=mean}(%x, %a) return y = %1\n", x), rules,
                    "not over H and W");
}

TEST(Softmaxes, LogTopKAndParts) {
  const Families rules{softmax_rules()};
  expect_rewrite(graph("%1 = Softmax(%x) %2 = Unary{kind=log}(%1) return y = %2\n"),
                 graph("%1 = Softmax{log=true}(%x) return y = %1\n"), rules);
  expect_no_rewrite(graph("%1 = Softmax(%x) %2 = Unary{kind=log}(%1) return y = %2, z = %1\n"), rules,
                    "used elsewhere");
  const std::string top = "%k = Constant{value=i64[1]{2}} %1 = Softmax(%x) %2 = TopK{axis=1}(%1, %k)\n";
  expect_rewrite(graph(top + "return y = %2.1\n"),
                 graph("%k = Constant{value=i64[1]{2}} %2 = TopK{axis=1}(%x, %k) return y = %2.1\n"), rules);
  expect_no_rewrite(graph(top + "return y = %2.1, z = %2\n"), rules, "the values are used");
  expect_no_rewrite(
      graph("%k = Constant{value=i64[1]{1}} %1 = Softmax{axis=0}(%x) %2 = TopK{axis=1}(%1, %k) return y = %2.1\n"),
      rules, "another axis");
  expect_rewrite(graph("%1 = Softmax(%x) %2 = ArgReduce{axis=1}(%1) return y = %2\n"),
                 graph("%2 = ArgReduce{axis=1}(%x) return y = %2\n"), rules);
  expect_rewrite(graph("%a = Constant{value=i64[1]{1}} %m = Reduce{kind=max}(%x, %a) %d = Binary{kind=sub}(%x, %m) %e "
                       "= Unary{kind=exp}(%d)\n"
                       "%s = Reduce(%e, %a) %1 = Binary{kind=div}(%e, %s) return y = %1\n"),
                 graph("%1 = Softmax{axis=1}(%x) return y = %1\n"), rules);
  expect_rewrite(graph("%a = Constant{value=i64[1]{1}} %m = Reduce{kind=log_sum_exp}(%x, %a) %1 = Binary{kind=sub}(%x, "
                       "%m) return y = %1\n"),
                 graph("%1 = Softmax{axis=1, log=true}(%x) return y = %1\n"), rules);
}

}  // namespace
}  // namespace tenon::core
