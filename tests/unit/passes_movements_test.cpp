#include "passes/rewrites/families.h"
#include "rewrite_test_util.h"

namespace tenon::core {
namespace {

const Families rules{movement_rules()};

std::string moving_graph(const std::string& body, const std::string& inputs = "x: f32[N,4]") {
  return "graph g(" + inputs + ") {\n%r = Unary{kind=exp}(%x)\n" + body + "}\n";
}
void becomes_x(const std::string& body, const std::string& inputs = "x: f32[N,4]", int times = 1) {
  expect_rewrite(moving_graph(body, inputs), moving_graph("return y = %r\n", inputs), rules, times);
}

TEST(Movements, ReshapesOfKnownShapeAreConstant) {
  expect_rewrite(moving_graph("%a = Constant{value=i64[1]{1}} %1 = Unsqueeze(%r, %a) return y = %1\n"),
                 moving_graph("%s = Constant{value=i64[3]{0,1,4}} %1 = Reshape(%r, %s) return y = %1\n"), rules);
  expect_rewrite(moving_graph("%1 = Flatten{axis=2}(%r) return y = %1\n", "x: f32[2,3,4]"),
                 moving_graph("%s = Constant{value=i64[2]{6,4}} %1 = Reshape(%r, %s) return y = %1\n", "x: f32[2,3,4]"),
                 rules);
  expect_rewrite(moving_graph("%n = ShapeOf{end=1}(%x) %m = Constant{value=i64[2]{2,2}} %s = Concat(%n, %m) %1 = Reshape(%r, "
                       "%s) return y = %1\n"),
                 moving_graph("%s = Constant{value=i64[3]{0,2,2}} %1 = Reshape(%r, %s) return y = %1\n"), rules);
}

TEST(Movements, ReshapesCancel) {
  becomes_x(
      "%a = Constant{value=i64[2]{2,-1}} %b = Constant{value=i64[2]{6,4}} %1 = Reshape(%r, %a) %2 = Reshape(%1, %b) "
      "return y = %2\n",
      "x: f32[6,4]");
  expect_rewrite(moving_graph("%a = Constant{value=i64[2]{-1,2}} %b = Constant{value=i64[3]{-1,2,2}} %1 = Reshape(%r, %a) %2 "
                       "= Reshape(%1, %b) return y = %2, z = %1\n"),
                 moving_graph("%a = Constant{value=i64[2]{-1,2}} %b = Constant{value=i64[3]{0,2,2}} %1 = Reshape(%r, %a) %2 = "
                       "Reshape(%r, %b) return y = %2, z = %1\n"),
                 rules);
}

TEST(Movements, TransposesCombine) {
  becomes_x("%1 = Transpose{permutation=[1,2,0]}(%r) %2 = Transpose{permutation=[2,0,1]}(%1) return y = %2\n",
            "x: f32[2,3,4]");
  expect_rewrite(
      moving_graph("%1 = Transpose{permutation=[1,2,0]}(%r) %2 = Transpose{permutation=[1,2,0]}(%1) return y = %2\n",
            "x: f32[2,3,4]"),
      moving_graph("%2 = Transpose{permutation=[2,0,1]}(%r) return y = %2\n", "x: f32[2,3,4]"), rules);
  expect_rewrite(moving_graph("%1 = Transpose{permutation=[0,2,1]}(%r) return y = %1\n", "x: f32[N,1,4]"),
                 moving_graph("%s = Constant{value=i64[3]{0,4,1}} %1 = Reshape(%r, %s) return y = %1\n", "x: f32[N,1,4]"),
                 rules);
  expect_no_rewrite(moving_graph("%1 = Transpose{permutation=[0,2,1]}(%r) return y = %1\n", "x: f32[2,3,4]"), rules);
}

TEST(Movements, MovesThatMoveNothing) {
  becomes_x("%s = Constant{value=i64[2]{1,4}} %1 = Expand(%r, %s) return y = %1\n");
  becomes_x(
      "%a = Constant{value=i64[1]{0}} %e = Constant{value=i64[1]{9223372036854775807}} %1 = Slice(%r, %a, %e, %a) "
      "return y = %1\n");
  becomes_x("%p = Constant{value=i64[4]{0,0,0,0}} %1 = Pad(%r, %p) return y = %1\n");
  becomes_x("%1 = Concat{axis=1}(%r) return y = %1\n");
  becomes_x("%1 = Split{axis=1, outputs=2}(%r) %2 = Concat{axis=-1}(%1, %1.1) return y = %2\n");
  becomes_x("%a = Constant{value=i64[1]{1}} %1 = Reduce(%r, %a) return y = %1\n", "x: f32[N,1]");
  expect_no_rewrite(moving_graph("%s = Constant{value=i64[2]{3,4}} %1 = Expand(%r, %s) return y = %1\n", "x: f32[1,4]"),
                    rules);
  expect_no_rewrite(
      moving_graph("%a = Constant{value=i64[1]{1}} %e = Constant{value=i64[1]{4}} %1 = Slice(%r, %a, %e, %a) return y = %1\n"),
      rules);
  expect_no_rewrite(moving_graph("%a = Constant{value=i64[1]{-1}} %e = Constant{value=i64[1]{-9223372036854775807}} %s = "
                          "Constant{value=i64[1]{1}} %1 = Slice(%r, %a, %e, %s, %a) return y = %1\n"),
                    rules);
  expect_no_rewrite(moving_graph("%1 = Split{axis=1, outputs=2}(%r) %2 = Concat{axis=1}(%1.1, %1) return y = %2\n"), rules);
}

TEST(Movements, ConcatsTakeTheWholeOfASplit) {
  expect_rewrite(moving_graph("%1 = Split{axis=1, outputs=2}(%r) %2 = Unary{kind=abs}(%1.1) %3 = Concat{axis=1}(%x, %1, %1.1, %2) return y = %3\n", "x: f32[2,4]"),
                 moving_graph("%1 = Split{axis=1, outputs=2}(%r) %2 = Unary{kind=abs}(%1.1) %3 = Concat{axis=1}(%x, %r, %2) return y = %3\n", "x: f32[2,4]"), rules);
  expect_no_rewrite(moving_graph("%1 = Split{axis=1, outputs=2}(%r) %2 = Concat{axis=0}(%1, %1.1) return y = %2\n", "x: f32[2,4]"), rules);
  expect_no_rewrite(moving_graph("%1 = Split{axis=1, outputs=3}(%r) %2 = Concat{axis=1}(%1, %1.1) return y = %2\n", "x: f32[2,6]"), rules);
}

TEST(Movements, ConcatsFlatten) {
  expect_rewrite(moving_graph("%1 = Concat{axis=1}(%r, %x) %2 = Concat{axis=-1}(%x, %1) return y = %2\n"),
                 moving_graph("%2 = Concat{axis=-1}(%x, %r, %x) return y = %2\n"), rules);
  expect_no_rewrite(
      moving_graph("%1 = Concat{axis=0}(%r, %x) %2 = Concat{axis=0}(%x, %1) return y = %2, z = %1\n", "x: f32[2,4]"), rules);
}

}  // namespace
}  // namespace tenon::core
