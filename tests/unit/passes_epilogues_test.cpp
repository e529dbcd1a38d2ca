#include "passes/rewrites/families.h"
#include "rewrite_test_util.h"

namespace tenon::core {
namespace {

const Families rules{scale_rules(), epilogue_rules()};

// One 3x3 convolution of 2 channels to 2, and what is folded into it.
const char* kInputs = "x: f32[N,2,4,4], r: f32[N,2,4,4]";
const char* kConv =
    "%w = Constant{value=f32[2,2,1,1]{1,-2,3,0.5}}\n"
    "%v = Constant{value=f32[2]{1,2}}\n"
    "%c = Constant{value=f32[2,1,1]{2,-1}}\n"
    "%conv = Conv(%x, %w, %v)\n";

std::string graph(const std::string& body, const char* inputs = kInputs) {
  return std::string("graph g(") + inputs + ") {\n" + body + "}\n";
}
std::string with_conv(const std::string& body) { return graph(kConv + body); }

TEST(Epilogues, ScaleAndShiftFoldIntoAConvolution) {
  expect_rewrite(with_conv("%1 = Binary{kind=mul}(%conv, %c) return y = %1\n"),
                 graph("%w = Constant{value=f32[2,2,1,1]{2,-4,-3,-0.5}} %v = Constant{value=f32[2]{2,-2}}\n"
                       "%1 = Conv(%x, %w, %v) return y = %1\n"),
                 rules);
  expect_rewrite(with_conv("%1 = Binary{kind=sub}(%conv, %c) return y = %1\n"),
                 graph("%w = Constant{value=f32[2,2,1,1]{1,-2,3,0.5}} %v = Constant{value=f32[2]{-1,3}}\n"
                       "%1 = Conv(%x, %w, %v) return y = %1\n"),
                 rules);
  expect_no_rewrite(with_conv("%1 = Binary{kind=mul}(%conv, %c) return y = %1, z = %conv\n"), rules,
                    "is used elsewhere");
  expect_no_rewrite(with_conv("%k = Constant{value=f32[4]{1,2,3,4}} %1 = Binary{kind=mul}(%conv, %k) return y = %1\n"),
                    rules, "varies over more than the channels");
  PassOptions exact;
  exact.exact = true;
  expect_no_rewrite(with_conv("%1 = Binary{kind=mul}(%conv, %c) return y = %1\n"), rules, "--exact", exact);
}

TEST(Epilogues, BatchNormFoldsIntoAConvolution) {
  expect_rewrite(with_conv("%m = Constant{value=f32[2]{0.5,0}} %s = Constant{value=f32[2]{1,4}}\n"
                           "%1 = BatchNorm{epsilon=0}(%conv, %v, %v, %m, %s) return y = %1\n"),
                 graph("%w = Constant{value=f32[2,2,1,1]{1,-2,3,0.5}} %v = Constant{value=f32[2]{1.5,4}}\n"
                       "%1 = Conv(%x, %w, %v) return y = %1\n"),
                 rules, 3);
  expect_no_rewrite(graph("%1 = BatchNorm(%x, %s, %s, %s, %s) return y = %1\n", "x: f32[1,2,4,4], s: f32[2]"), rules,
                    "not all constant");
}

TEST(Epilogues, ScaleFoldsIntoAGroupedDeconvolution) {
  const std::string before =
      "%w = Constant{value=f32[4,1,1,2]{1,2,3,4,5,6,7,8}} %c = Constant{value=f32[2,1,1]{2,-1}}\n"
      "%d = ConvTranspose{group=2}(%x, %w) %1 = Binary{kind=mul}(%d, %c) return y = %1\n";
  expect_rewrite(
      graph(before, "x: f32[1,4,3,3]"),
      graph(
          "%w = Constant{value=f32[4,1,1,2]{2,4,6,8,-5,-6,-7,-8}} %1 = ConvTranspose{group=2}(%x, %w) return y = %1\n",
          "x: f32[1,4,3,3]"),
      rules);
}

TEST(Epilogues, ActivationsFoldIntoAConvolution) {
  for (const char* unary :
       {"kind=relu", "kind=sigmoid", "kind=gelu_erf", "kind=hard_swish", "kind=leaky_relu, alpha=0.1"}) {
    std::string kind = std::string(unary).substr(5), alpha;
    if (const auto comma = kind.find(','); comma != std::string::npos)
      alpha = ", activation_alpha=0.1", kind.resize(comma);
    expect_rewrite(with_conv(std::string("%1 = Unary{") + unary + "}(%conv) return y = %1\n"),
                   graph("%w = Constant{value=f32[2,2,1,1]{1,-2,3,0.5}} %v = Constant{value=f32[2]{1,2}}\n"
                         "%1 = Conv{activation=\"" +
                         kind + "\"" + alpha + "}(%x, %w, %v) return y = %1\n"),
                   rules);
  }
  expect_rewrite(
      with_conv(
          "%a = Constant{value=f32[]{-1}} %b = Constant{value=f32[]{2}} %1 = Clip(%conv, %a, %b) return y = %1\n"),
      graph("%w = Constant{value=f32[2,2,1,1]{1,-2,3,0.5}} %v = Constant{value=f32[2]{1,2}}\n"
            "%1 = Conv{activation=\"clip\", activation_alpha=-1, activation_beta=2}(%x, %w, %v) return y = %1\n"),
      rules);
  expect_no_rewrite(with_conv("%1 = Unary{kind=relu}(%conv) return y = %1, z = %conv\n"), rules, "is used elsewhere");
  expect_no_rewrite(
      with_conv(
          "%s = Constant{value=i64[3]{0,2,16}} %1 = Reshape(%conv, %s) %2 = Unary{kind=relu}(%1) return y = %2\n"),
      rules, "a reshape lies between");
  expect_no_rewrite(with_conv("%1 = Cast{to=f16}(%conv) %2 = Unary{kind=gelu_erf}(%1) return y = %2\n"), rules,
                    "the precision changes");
  expect_no_rewrite(with_conv("%1 = Unary{kind=sin}(%conv) return y = %1\n"), rules);
}

TEST(Epilogues, AResidualSumFoldsIntoAConvolution) {
  expect_rewrite(with_conv("%1 = Binary(%r, %conv) %2 = Unary{kind=relu}(%1) return y = %2\n"),
                 graph("%w = Constant{value=f32[2,2,1,1]{1,-2,3,0.5}} %v = Constant{value=f32[2]{1,2}}\n"
                       "%1 = Conv{activation=\"relu\"}(%x, %w, %v, %r) return y = %1\n"),
                 rules, 2);
  expect_no_rewrite(
      graph(kConv + std::string("%1 = Binary(%conv, %r) return y = %1\n"), "x: f32[N,2,4,4], r: f32[N,2,1,1]"), rules,
      "the sum broadcasts");
  expect_no_rewrite(
      graph(kConv + std::string("%1 = Binary(%conv, %r) return y = %1\n"), "x: f32[2,2,4,4], r: f32[1,2,4,4]"), rules,
      "the sum broadcasts");
}

TEST(Epilogues, OfTwoConvolutionsTheLaterTakesTheSum) {
  expect_rewrite(with_conv("%u = Constant{value=f32[2,2,1,1]{1,1,1,1}} %other = Conv(%r, %u) %1 = Binary(%other, "
                           "%conv) return y = %1\n"),
                 with_conv("%u = Constant{value=f32[2,2,1,1]{1,1,1,1}} %1 = Conv(%r, %u, _, %conv) return y = %1\n"),
                 rules);
}

const char* kProduct = "%w = Constant{value=f32[2,3]{1,2,3,4,5,6}}\n%p = MatMul(%x, %w)\n";

TEST(Epilogues, MatMulTakesScaleBiasSumAndActivation) {
  const char* inputs = "x: f32[N,2], r: f32[N,3]";
  expect_rewrite(
      graph(kProduct +
                std::string("%c = Constant{value=f32[3]{1,2,-1}} %1 = Binary{kind=mul}(%p, %c) %2 = Binary(%1, %c)\n"
                            "%3 = Binary(%2, %r) %4 = Unary{kind=gelu_tanh}(%3) return y = %4\n"),
            inputs),
      graph("%w = Constant{value=f32[2,3]{1,4,-3,4,10,-6}} %c = Constant{value=f32[3]{1,2,-1}}\n"
            "%1 = MatMul{activation=\"gelu_tanh\"}(%x, %w, %c, %r) return y = %1\n",
            inputs),
      rules, 4);
  expect_rewrite(
      graph("%1 = MatMul(%x, %r) %c = Constant{value=f32[]{0.5}} %2 = Binary{kind=mul}(%1, %c) return y = %2\n",
            "x: f32[N,2], r: f32[2,3]"),
      graph("%1 = MatMul{alpha=0.5}(%x, %r) return y = %1\n", "x: f32[N,2], r: f32[2,3]"), rules);
  expect_rewrite(
      graph("%c = Constant{value=f32[]{2}} %1 = Binary{kind=div}(%x, %c) %2 = MatMul(%1, %r) return y = %2\n",
            "x: f32[N,2], r: f32[2,3]"),
      graph("%1 = MatMul{alpha=0.5}(%x, %r) return y = %1\n", "x: f32[N,2], r: f32[2,3]"), rules);
  expect_rewrite(
      graph("%1 = MatMul(%x, %w) %2 = Binary(%b, %1) return y = %2\n", "x: f32[N,2], w: f32[2,3], b: f32[3]"),
      graph("%1 = MatMul(%x, %w, %b) return y = %1\n", "x: f32[N,2], w: f32[2,3], b: f32[3]"), rules);
  expect_no_rewrite(
      graph("%1 = MatMul(%x, %w) %2 = Binary{kind=max}(%b, %1) return y = %2\n", "x: f32[N,2], w: f32[2,3], b: f32[3]"),
      rules);
}

TEST(Padding, FoldsIntoConvolutionsAndPools) {
  const Families padding{padding_rules()};
  const char* x = "x: f32[1,2,5,5]";
  const std::string pad = "%p = Constant{value=i64[8]{0,0,1,2,0,0,1,0}} %1 = Pad(%x, %p)\n";
  expect_rewrite(
      graph(
          pad + "%w = Constant{value=f32[1,2,2,2]{1,2,3,4,5,6,7,8}} %2 = Conv{pads=[1,0,0,0]}(%1, %w) return y = %2\n",
          x),
      graph("%w = Constant{value=f32[1,2,2,2]{1,2,3,4,5,6,7,8}}\n"
            "%2 = Conv{strides=[1,1], dilations=[1,1], pads=[2,2,1,0]}(%x, %w) return y = %2\n",
            x),
      padding);
  expect_rewrite(graph(pad + "%2 = Pool{kind=average, kernel=[3,3]}(%1) return y = %2\n", x),
                 graph("%2 = Pool{kind=average, kernel=[3,3], strides=[1,1], dilations=[1,1], pads=[1,2,1,0], "
                       "count_include_pad=true}(%x)\n"
                       "return y = %2\n",
                       x),
                 padding);
  expect_no_rewrite(graph(pad + "%2 = Pool{kernel=[3,3]}(%1) return y = %2\n", x), padding, "-inf");
  expect_no_rewrite(graph("%p = Constant{value=i64[8]{0,0,-1,0,0,0,0,0}} %1 = Pad(%x, %p)\n"
                          "%w = Constant{value=f32[1,2,1,1]{1,2}} %2 = Conv(%1, %w) return y = %2\n",
                          x),
                    padding, "negative");
  expect_no_rewrite(
      graph("%p = Constant{value=i64[8]{0,0,1,1,0,0,1,1}} %v = Constant{value=f32[]{1}} %1 = Pad(%x, %p, %v)\n"
            "%w = Constant{value=f32[1,2,1,1]{1,2}} %2 = Conv(%1, %w) return y = %2\n",
            x),
      padding, "not with zeros");
}

TEST(Padding, FoldsIntoDeconvolutionsThatCropEnough) {
  const Families padding{padding_rules()};
  const char* x = "x: f32[1,1,3,3]";
  const std::string start =
      "%p = Constant{value=i64[8]{0,0,1,1,0,0,0,0}} %1 = Pad(%x, %p) %w = Constant{value=f32[1,1,2,2]{1,2,3,4}}\n";
  expect_rewrite(graph(start + "%2 = ConvTranspose{strides=[2,2], pads=[2,3,0,0]}(%1, %w) return y = %2\n", x),
                 graph("%w = Constant{value=f32[1,1,2,2]{1,2,3,4}}\n"
                       "%2 = ConvTranspose{strides=[2,2], dilations=[1,1], pads=[0,1,0,0]}(%x, %w) return y = %2\n",
                       x),
                 padding);
  expect_no_rewrite(graph(start + "%2 = ConvTranspose{strides=[2,2]}(%1, %w) return y = %2\n", x), padding,
                    "crops less");
}

}  // namespace
}  // namespace tenon::core
