#include "passes/rewrites/families.h"
#include "rewrite_test_util.h"

namespace tenon::core {
namespace {

const Families rules{identity_rules()};

std::string graph(const std::string& body, const std::string& inputs = "x: f32[N,4]") {
  return "graph g(" + inputs + ") {\n" + body + "}\n";
}

void becomes_x(const std::string& body, int times = 1) {
  expect_rewrite(graph("%r = Unary{kind=exp}(%x)\n" + body), graph("%r = Unary{kind=exp}(%x)\nreturn y = %r\n"), rules,
                 times);
}

TEST(Identities, NeutralNumbersVanish) {
  for (const char* kind : {"add", "sub"})
    becomes_x("%c = Constant{value=f32[1]{0}} %2 = Binary{kind=" + std::string(kind) + "}(%r, %c) return y = %2\n");
  for (const char* kind : {"mul", "div", "pow"})
    becomes_x("%c = Constant{value=f32[]{1}} %2 = Binary{kind=" + std::string(kind) + "}(%r, %c) return y = %2\n");
}

TEST(Identities, ANeutralNumberThatBroadcastsStays) {
  expect_no_rewrite(graph("%c = Constant{value=f32[1,1,1]{0}} %2 = Binary(%c, %x) return y = %2\n"), rules);
}

TEST(Identities, ReluOfRelu) {
  becomes_x("%1 = Unary{kind=neg}(%r) %2 = Unary{kind=neg}(%1) return y = %2\n");
  expect_rewrite(graph("%1 = Unary{kind=relu}(%x) %2 = Unary{kind=relu}(%1) return y = %2\n"),
                 graph("%1 = Unary{kind=relu}(%x) return y = %1\n"), rules);
  expect_no_rewrite(graph("%1 = Unary{kind=relu}(%x) %2 = Unary{kind=exp}(%1) return y = %2\n"), rules);
}

TEST(Identities, ClipForms) {
  expect_rewrite(
      graph("%a = Constant{value=f32[]{0}} %b = Constant{value=f32[]{6}}\n"
            "%1 = Unary{kind=relu}(%x) %2 = Clip(%1, _, %b) return y = %2\n"),
      graph("%a = Constant{value=f32[]{0}} %b = Constant{value=f32[]{6}} %1 = Clip(%x, %a, %b) return y = %1\n"),
      rules);
  expect_rewrite(graph("%a = Constant{value=f32[]{0}} %2 = Clip(%x, %a) return y = %2\n"),
                 graph("%2 = Unary{kind=relu}(%x) return y = %2\n"), rules);
  expect_rewrite(
      graph("%a = Constant{value=f32[]{-1}} %b = Constant{value=f32[]{2}}\n"
            "%1 = Binary{kind=max}(%a, %x) %2 = Binary{kind=min}(%1, %b) return y = %2\n"),
      graph("%a = Constant{value=f32[]{-1}} %b = Constant{value=f32[]{2}} %1 = Clip(%x, %a, %b) return y = %1\n"),
      rules, 3);
  expect_no_rewrite(graph("%1 = Clip(%x, %low) %2 = Clip(%1, %low) return y = %2\n", "x: f32[3], low: f32[]"), rules);
}

TEST(Identities, CastsThatLoseNothing) {
  becomes_x("%1 = Cast{to=f64}(%r) %2 = Cast(%1) return y = %2\n");
  expect_no_rewrite(graph("%1 = Cast{to=f16}(%x) %2 = Cast(%1) return y = %2\n"), rules);
}

TEST(Identities, WhereOfAConstant) {
  expect_rewrite(graph("%c = Constant{value=bool[1]{true}} %e = Unary{kind=exp}(%x) %n = Unary{kind=abs}(%x)\n"
                       "%1 = Where(%c, %e, %n) return y = %1\n"),
                 graph("%e = Unary{kind=exp}(%x) return y = %e\n"), rules);
  expect_no_rewrite(
      graph("%c = Constant{value=bool[2,1]{true,false}} %e = Unary{kind=exp}(%x) %n = Unary{kind=abs}(%x)\n"
            "%1 = Where(%c, %e, %n) return y = %1\n",
            "x: f32[2,4]"),
      rules);
}

TEST(Identities, PowersWithAConstantExponent) {
  expect_rewrite(graph("%c = Constant{value=f32[]{2}} %1 = Binary{kind=pow}(%x, %c) return y = %1\n"),
                 graph("%1 = Unary{kind=square}(%x) return y = %1\n"), rules);
  expect_rewrite(graph("%1 = Binary{kind=mul}(%x, %x) return y = %1\n"),
                 graph("%1 = Unary{kind=square}(%x) return y = %1\n"), rules);
  expect_no_rewrite(graph("%1 = Binary{kind=pow}(%x, %p) return y = %1\n", "x: f32[3], p: f32[]"), rules,
                    "the power is not constant");
  PassOptions strict;
  strict.strict_nan = true;
  expect_no_rewrite(graph("%c = Constant{value=f32[]{0.5}} %1 = Binary{kind=pow}(%x, %c) return y = %1\n"), rules,
                    "--strict-nan", strict);
}

TEST(Identities, OneOverASquareRoot) {
  expect_rewrite(graph("%c = Constant{value=f32[]{1}} %a = Unary{kind=exp}(%x) %1 = Unary{kind=sqrt}(%a)\n"
                       "%2 = Binary{kind=div}(%c, %1) return y = %2\n"),
                 graph("%a = Unary{kind=exp}(%x) %1 = Unary{kind=rsqrt}(%a) return y = %1\n"), rules, 2);
  PassOptions exact;
  exact.exact = true;
  expect_no_rewrite(
      graph("%a = Unary{kind=exp}(%x) %1 = Unary{kind=sqrt}(%a) %2 = Unary{kind=reciprocal}(%1) return y = %2\n"),
      rules, "--exact", exact);
}

TEST(Identities, UniformAndExpandedOperands) {
  expect_rewrite(graph("%c = Constant{value=f32[1,4]{3,3,3,3}} %1 = Binary{kind=mul}(%x, %c) return y = %1\n"),
                 graph("%c = Constant{value=f32[]{3}} %1 = Binary{kind=mul}(%x, %c) return y = %1\n"), rules);
  expect_rewrite(
      graph("%s = Constant{value=i64[2]{2,4}} %e = Expand(%v, %s) %1 = Binary{kind=mul}(%x, %e) return y = %1\n",
            "x: f32[2,4], v: f32[4]"),
      graph("%1 = Binary{kind=mul}(%x, %v) return y = %1\n", "x: f32[2,4], v: f32[4]"), rules);
  expect_no_rewrite(
      graph("%s = Constant{value=i64[2]{2,4}} %e = Expand(%v, %s) %1 = Binary{kind=mul}(%x, %e) return y = %1\n",
            "x: f32[1,4], v: f32[4]"),
      rules);
}

TEST(Identities, NumbersThatMeet) {
  expect_rewrite(graph("%a = Constant{value=f32[]{3}} %b = Constant{value=f32[]{0.5}}\n"
                       "%1 = Binary{kind=mul}(%x, %a) %2 = Binary{kind=mul}(%b, %1) return y = %2\n"),
                 graph("%c = Constant{value=f32[]{1.5}} %1 = Binary{kind=mul}(%x, %c) return y = %1\n"), rules);
}

TEST(Identities, AnOutputDoesNotBecomeAnInput) { expect_no_rewrite(graph("%1 = Identity(%x) return y = %1\n"), rules); }

}  // namespace
}  // namespace tenon::core
