#include "fusion_table.h"

#include <fmt/format.h>

#include "passes/fuse_pointwise.h"

namespace tenon::core {
namespace {

#define CONV                                                                         \
  "%w = Constant{value=f32[2,2,1,1]{1,-2,3,0.5}} %b = Constant{value=f32[2]{1,2}}\n" \
  "%c = Conv(%x, %w, %b)\n"
#define IMAGE "graph g(x: f32[N,2,4,4], r: f32[N,2,4,4]) {\n"
#define ROWS "graph g(x: f32[N,4]) {\n"

constexpr Fusion kTable[] = {
    {"ReLU + ReLU", "relu(relu(x)) => relu(x)", "always",
     ROWS "%1 = Unary{kind=relu}(%x) %2 = Unary{kind=relu}(%1) return y = %2 }", 1,
     ROWS "%1 = Unary{kind=relu}(%x) %2 = Unary{kind=abs}(%1) return y = %2 }", ""},
    {"Convolution + ReLU", "activation(Conv/MatMul(x)) => Conv/MatMul{activation}(x)",
     "only the activation reads the convolution, nothing lies between",
     IMAGE CONV "%1 = Unary{kind=relu}(%c) return y = %1 }", 1,
     IMAGE CONV "%1 = Unary{kind=relu}(%c) return y = %1, z = %c }", "is used elsewhere"},
    {"Convolution + GELU", "activation(Conv/MatMul(x)) => Conv/MatMul{activation}(x)",
     "both in one precision; the GELU as one node or as its parts",
     IMAGE CONV
     "%k = Constant{value=f32[]{0.70710677}} %h = Constant{value=f32[]{0.5}} %o = Constant{value=f32[]{1}}\n"
     "%1 = Binary{kind=mul}(%c, %k) %2 = Unary{kind=erf}(%1) %3 = Binary(%2, %o) %4 = Binary{kind=mul}(%c, %3)\n"
     "%5 = Binary{kind=mul}(%4, %h) return y = %5 }",
     1, IMAGE CONV "%1 = Cast{to=f16}(%c) %2 = Unary{kind=gelu_erf}(%1) return y = %2 }", "the precision changes"},
    {"Convolution + Clip", "activation(Conv/MatMul(x)) => Conv/MatMul{activation}(x)", "constant bounds",
     IMAGE CONV "%l = Constant{value=f32[]{0}} %h = Constant{value=f32[]{6}} %1 = Clip(%c, %l, %h) return y = %1 }", 1,
     "graph g(x: f32[N,2,4,4], l: f32[]) {\n" CONV "%1 = Clip(%c, %l) return y = %1 }", ""},
    {"Scale + activation", "pointwise nodes of one shape => Fused", "one shape",
     "graph g(x: f32[N,2,4,4]) {\n%s = Constant{value=f32[2,1,1]{2,3}} %1 = Binary{kind=mul}(%x, %s) %2 = Binary(%1, "
     "%s)\n"
     "%3 = Unary{kind=relu}(%2) return y = %3 }",
     1, "graph g(x: f32[1,4], r: f32[3,4]) {\n%1 = Unary{kind=relu}(%x) %2 = Binary{kind=mul}(%1, %r) return y = %2 }",
     ""},
    {"Convolution + sum", "Conv/MatMul(x, w, b) + r => Conv/MatMul(x, w, b, r)",
     "the sum does not broadcast; an activation may follow",
     IMAGE CONV "%1 = Binary(%c, %r) %2 = Unary{kind=relu}(%1) return y = %2 }", 1,
     "graph g(x: f32[N,2,4,4], r: f32[N,2,1,1]) {\n" CONV "%1 = Binary(%c, %r) return y = %1 }", "the sum broadcasts"},
    {"Convolution + min, max", "activation(Conv/MatMul(x)) => Conv/MatMul{activation}(x)",
     "with a number, as a Clip; of two tensors it stays a pointwise node behind the convolution",
     IMAGE CONV "%l = Constant{value=f32[]{-1}} %h = Constant{value=f32[]{2}} %1 = Binary{kind=max}(%c, %l)\n"
                "%2 = Binary{kind=min}(%1, %h) return y = %2 }",
     1, IMAGE CONV "%1 = Binary{kind=max}(%c, %r) return y = %1 }", ""},
    {"Padding + convolution", "Conv(Pad(x, 0)) => Conv{pads}(x)", "zeros on the spatial axes, no padding negative",
     IMAGE "%p = Constant{value=i64[8]{0,0,1,1,0,0,1,1}} %1 = Pad(%x, %p) %w = Constant{value=f32[1,2,1,1]{1,2}}\n"
           "%2 = Conv(%1, %w) return y = %2 }",
     1,
     IMAGE "%p = Constant{value=i64[8]{0,0,1,1,0,0,-1,0}} %1 = Pad(%x, %p) %w = Constant{value=f32[1,2,1,1]{1,2}}\n"
           "%2 = Conv(%1, %w) return y = %2 }",
     "a padding is negative"},
    {"Padding + deconvolution", "ConvTranspose(Pad(x, 0)) => ConvTranspose{pads}(x)",
     "zeros on the spatial axes, which the deconvolution crops away at least",
     IMAGE "%p = Constant{value=i64[8]{0,0,1,1,0,0,1,1}} %1 = Pad(%x, %p) %w = "
           "Constant{value=f32[2,1,3,3]{1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8,9}}\n"
           "%2 = ConvTranspose{pads=[1,1,1,1]}(%1, %w) return y = %2 }",
     1,
     IMAGE "%p = Constant{value=i64[8]{0,0,1,1,0,0,1,1}} %1 = Pad(%x, %p) %w = Constant{value=f32[2,1,1,1]{1,2}}\n"
           "%2 = ConvTranspose(%1, %w) return y = %2 }",
     "crops less than is padded"},
    {"Shuffle + reduce", "Reduce(Transpose(x)) => Transpose(Reduce(x))",
     "only the reduction reads the transposed value",
     "graph g(x: f32[2,3,4]) {\n%a = Constant{value=i64[2]{1,2}} %1 = Transpose{permutation=[1,2,0]}(%x)\n"
     "%2 = Reduce{keepdims=false}(%1, %a) return y = %2 }",
     1,
     "graph g(x: f32[2,3,4]) {\n%a = Constant{value=i64[2]{1,2}} %1 = Transpose{permutation=[1,2,0]}(%x)\n"
     "%2 = Reduce{keepdims=false}(%1, %a) return y = %2, z = %1 }",
     "used elsewhere"},
    {"Shuffle + shuffle", "Transpose(Transpose(x)) => Transpose(x)", "always; inverse ones leave nothing",
     "graph g(x: f32[2,3,4]) {\n%1 = Transpose{permutation=[1,2,0]}(%x) %2 = Transpose{permutation=[2,0,1]}(%1)\n"
     "%3 = Unary{kind=relu}(%2) return y = %3 }",
     1, "graph g(x: f32[2,3,4]) {\n%1 = Transpose{permutation=[1,2,0]}(%x) %2 = Softmax(%1) return y = %2 }", ""},
    {"Scale that does nothing", "x + 0, x * 1, x / 1, x ^ 1 => x", "+ 0, * 1, ^ 1 that broadcast nothing",
     ROWS
     "%z = Constant{value=f32[]{0}} %o = Constant{value=f32[]{1}} %1 = Binary{kind=mul}(%x, %o) %2 = Binary(%1, %z)\n"
     "%3 = Binary{kind=pow}(%2, %o) %4 = Unary{kind=relu}(%3) return y = %4 }",
     1, "graph g(x: f32[1,4]) {\n%z = Constant{value=f32[3,1]{0,0,0}} %1 = Binary(%x, %z) return y = %1 }", ""},
    {"Convolution + scale", "Conv/MatMul(x, w, b) * c => Conv/MatMul(x, w * c, b * c)",
     "constant scale, one factor or one per channel; batch normalization too",
     IMAGE CONV
     "%s = Constant{value=f32[2,1,1]{2,3}} %1 = Binary{kind=mul}(%c, %s) %2 = Binary(%1, %s) return y = %2 }",
     1, IMAGE CONV "%s = Constant{value=f32[4]{1,2,3,4}} %1 = Binary{kind=mul}(%c, %s) return y = %1 }",
     "varies over more than the channels"},
    {"Power of the scale", "x ^ 2 => square(x), x ^ -1 => reciprocal(x)", "constant power",
     ROWS "%t = Constant{value=f32[]{2}} %1 = Binary{kind=pow}(%x, %t) return y = %1 }", 1,
     "graph g(x: f32[N,4], p: f32[]) {\n%1 = Binary{kind=pow}(%x, %p) return y = %1 }", "the power is not constant"},
    {"Reduce to pooling", "mean over H and W => global average Pool",
     "mean over all axes after N and C, rank 4 and more",
     IMAGE "%a = Constant{value=i64[2]{2,3}} %1 = Reduce{kind=mean}(%x, %a) return y = %1 }", 1,
     IMAGE "%a = Constant{value=i64[1]{3}} %1 = Reduce{kind=mean}(%x, %a) return y = %1 }", "not over H and W"},
    {"Convolution + pooling", "activation(Conv/MatMul(x)) => Conv/MatMul{activation}(x)",
     "two steps here: the convolution takes the activation, the pool the padding",
     IMAGE CONV "%1 = Unary{kind=relu}(%c) %2 = Pool{kernel=[2,2]}(%1) return y = %2 }", 2,
     IMAGE CONV "%1 = Pool{kernel=[2,2]}(%c) %2 = Unary{kind=relu}(%1) return y = %2 }", ""},
    {"SoftMax + Log", "log(Softmax(x)) => Softmax{log}(x)", "only the logarithm reads the softmax",
     ROWS "%1 = Softmax(%x) %2 = Unary{kind=log}(%1) return y = %2 }", 1,
     ROWS "%1 = Softmax(%x) %2 = Unary{kind=log}(%1) return y = %2, z = %1 }", "used elsewhere"},
    {"SoftMax (+ Log) + TopK", "indices of TopK(Softmax(x)) => TopK(x)", "the values are not used, one axis",
     ROWS "%k = Constant{value=i64[1]{2}} %1 = Softmax(%x) %2 = Unary{kind=log}(%1) %3 = TopK{axis=1}(%2, %k) return y "
          "= %3.1 }",
     1, ROWS "%k = Constant{value=i64[1]{2}} %1 = Softmax(%x) %3 = TopK{axis=1}(%1, %k) return y = %3.1, z = %3 }",
     "the values are used"},
    {"Fully connected", "MatMul(x, y) + vector => MatMul(x, y, vector)",
     "one node from the start, with the fusions of a convolution",
     "graph g(x: f32[N,4], b: f32[2]) {\n%w = Constant{value=f32[4,2]{1,2,3,4,5,6,7,8}} %1 = MatMul(%x, %w) %2 = "
     "Binary(%1, %b)\n"
     "%3 = Unary{kind=relu}(%2) return y = %3 }",
     1,
     "graph g(x: f32[1,4], b: f32[3,2]) {\n%w = Constant{value=f32[4,2]{1,2,3,4,5,6,7,8}} %1 = MatMul(%x, %w) %2 = "
     "Binary(%1, %b)\n"
     "return y = %2 }",
     ""},
    {"GELU, tanh form", "x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))) => gelu_tanh(x)",
     "the usual constants, up to 0.1%",
     ROWS "%h = Constant{value=f32[]{0.5}} %o = Constant{value=f32[]{1}} %k = Constant{value=f32[]{0.044715}}\n"
          "%s = Constant{value=f32[]{0.7978846}} %three = Constant{value=f32[]{3}} %1 = Binary{kind=pow}(%x, %three)\n"
          "%2 = Binary{kind=mul}(%1, %k) %3 = Binary(%x, %2) %4 = Binary{kind=mul}(%3, %s) %5 = Unary{kind=tanh}(%4) "
          "%6 = Binary(%5, %o)\n"
          "%7 = Binary{kind=mul}(%x, %h) %8 = Binary{kind=mul}(%7, %6) return y = %8 }",
     1,
     ROWS "%h = Constant{value=f32[]{0.5}} %o = Constant{value=f32[]{1}} %k = Constant{value=f32[]{0.05}}\n"
          "%s = Constant{value=f32[]{0.7978846}} %three = Constant{value=f32[]{3}} %1 = Binary{kind=pow}(%x, %three)\n"
          "%2 = Binary{kind=mul}(%1, %k) %3 = Binary(%x, %2) %4 = Binary{kind=mul}(%3, %s) %5 = Unary{kind=tanh}(%4) "
          "%6 = Binary(%5, %o)\n"
          "%7 = Binary{kind=mul}(%x, %h) %8 = Binary{kind=mul}(%7, %6) return y = %8 }",
     ""},
    {"GELU, erf form", "x/2 * (1 + erf(x / sqrt 2)) => gelu_erf(x)",
     "only the GELU reads the inner values, one precision",
     ROWS "%k = Constant{value=f32[]{1.4142135}} %h = Constant{value=f32[]{0.5}} %o = Constant{value=f32[]{1}}\n"
          "%1 = Binary{kind=div}(%x, %k) %2 = Unary{kind=erf}(%1) %3 = Binary(%2, %o) %4 = Binary{kind=mul}(%x, %3)\n"
          "%5 = Binary{kind=mul}(%4, %h) return y = %5 }",
     1,
     ROWS "%k = Constant{value=f32[]{1.4142135}} %h = Constant{value=f32[]{0.5}} %o = Constant{value=f32[]{1}}\n"
          "%1 = Binary{kind=div}(%x, %k) %2 = Unary{kind=erf}(%1) %3 = Binary(%2, %o) %4 = Binary{kind=mul}(%x, %3)\n"
          "%5 = Binary{kind=mul}(%4, %h) return y = %5, z = %2 }",
     "is used elsewhere"},
    {"L1Norm", "sum(abs(x)) => l1(x), sum(square(x)) => sum_square(x)", "only the sum reads the absolute values",
     ROWS "%1 = Unary{kind=abs}(%x) %2 = Reduce(%1) return y = %2 }", 1,
     ROWS "%1 = Unary{kind=abs}(%x) %2 = Reduce(%1) return y = %2, z = %1 }", "is used elsewhere"},
    {"Sum of squares", "sum(abs(x)) => l1(x), sum(square(x)) => sum_square(x)", "a product with itself or a power of 2",
     ROWS "%1 = Binary{kind=mul}(%x, %x) %2 = Reduce(%1) return y = %2 }", 1,
     ROWS "%1 = Binary{kind=mul}(%x, %x) %2 = Reduce{kind=max}(%1) return y = %2 }", ""},
    {"L2Norm", "sqrt(sum_square(x)) => l2(x), log(sum(x)) => log_sum(x)", "only the root reads the sum",
     ROWS "%1 = Unary{kind=square}(%x) %2 = Reduce(%1) %3 = Unary{kind=sqrt}(%2) return y = %3 }", 1,
     ROWS "%1 = Unary{kind=square}(%x) %2 = Reduce(%1) %3 = Unary{kind=sqrt}(%2) return y = %3, z = %2 }",
     "is used elsewhere"},
    {"LogSum", "sqrt(sum_square(x)) => l2(x), log(sum(x)) => log_sum(x)", "only the logarithm reads the sum",
     "graph g(x: f32[N,4]) {\n%0 = Softmax(%x) %2 = Reduce(%0) %3 = Unary{kind=log}(%2) return y = %3, z = %0 }", 2,
     "graph g(x: f32[N,4]) {\n%0 = Softmax(%x) %2 = Reduce(%0) %3 = Unary{kind=log}(%2) return y = %3, z = %2 }",
     "is used elsewhere"},
    {"LogSumExp", "log_sum(exp(x)) => log_sum_exp(x)", "computed from x - max(x), so that it does not overflow",
     ROWS "%1 = Unary{kind=exp}(%x) %2 = Reduce(%1) %3 = Unary{kind=log}(%2) return y = %3 }", 1,
     ROWS "%1 = Unary{kind=exp}(%x) %2 = Reduce(%1) %3 = Unary{kind=log}(%2) return y = %3, z = %1 }",
     "is used elsewhere"},
    {"Pointwise chains", "pointwise nodes of one shape => Fused",
     "Unary, Binary, Where, Clip and Cast of one shape, with numbers and broadcast operands",
     "graph g(x: f32[N,4], v: f32[4]) {\n%1 = Unary{kind=exp}(%x) %2 = Binary(%1, %v) %3 = Unary{kind=sin}(%2)\n"
     "%4 = Binary{kind=greater}(%3, %v) %5 = Where(%4, %3, %v) return y = %5 }",
     1, "graph g(x: f32[N,4]) {\n%1 = Unary{kind=exp}(%x) %2 = Softmax(%1) %3 = Unary{kind=sin}(%2) return y = %3 }",
     ""},
};

#undef CONV
#undef IMAGE
#undef ROWS

}  // namespace

std::span<const Fusion> fusion_table() { return kTable; }

std::string fusions_page() {
  std::string page =
      "# Fusions\n\n"
      "What becomes of the fusions that TensorRT 8's guide lists. Written by `build/bin/fusions_page`, from the table "
      "that the\n"
      "unit tests run (`tests/fusion_table.cpp`): each row's example must end in this many nodes and compute the same, "
      "and its\n"
      "counterexample must not fuse.\n\n"
      "`tenon inspect --fusions` prints what fired in a model, and every near miss with the condition that failed.\n\n"
      "| fusion of the guide | rewrite | when | nodes left |\n|---|---|---|---|\n";
  for (const Fusion& f : kTable)
    page += fmt::format("| {} | `{}` | {} | {} |\n", f.guide, f.equation, f.condition, f.nodes);
  page += fmt::format(
      "\nA fused pointwise body has at most {} nodes, {} inputs and {} outputs. A longer chain is split there, in "
      "order; the rest\n"
      "starts a body of its own.\n\n"
      "Rewrites that change the order of floating-point operations are off under `--exact`, those that may lose a NaN "
      "or an\n"
      "infinity under `--strict-nan`.\n",
      kMaxBodyNodes, kMaxBodyInputs, kMaxBodyOutputs);
  return page;
}

}  // namespace tenon::core
