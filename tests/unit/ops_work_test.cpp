#include <gtest/gtest.h>

#include "ir/text.h"
#include "ops/all.h"
#include "ops/work.h"

namespace tenon::core {
namespace {

Dims numbers(const Type& type) { return evaluate(type.shape, {}); }

/// Of the node that the only output comes from.
double flops_of(const std::string& text) {
  const Graph g = parse(text, op_registry());
  const Node& n = g.node(g.outputs()[0].node);
  std::vector<Dims> in, out;
  for (Value v : n.inputs) in.push_back(v ? numbers(g.type(v)) : Dims{});
  for (const Fact& fact : n.outputs) out.push_back(numbers(fact.type));
  return count_flops(*n.op, in, out);
}

TEST(Work, ConvolutionsCountTwoForEachTap) {
  const std::string inputs = "graph g(x: f32[2,6,8,8], w: f32[4,3,3,3], b: f32[4], r: f32[2,4,6,6]) {\n";
  const double outputs = 2 * 4 * 6 * 6, taps = 3 * 3 * 3;
  EXPECT_EQ(flops_of(inputs + "%1 = Conv{group=2}(%x, %w) return y = %1 }"), 2 * outputs * taps);
  EXPECT_EQ(flops_of(inputs + "%1 = Conv{group=2, activation=\"relu\"}(%x, %w, %b, %r) return y = %1 }"),
            outputs * (2 * taps + 3));
  EXPECT_EQ(flops_of("graph g(x: f32[1,6,5,5], w: f32[6,2,3,3]) {\n%1 = ConvTranspose(%x, %w) return y = %1 }"),
            2.0 * 6 * 5 * 5 * 2 * 3 * 3);
}

TEST(Work, MatrixProducts) {
  EXPECT_EQ(flops_of("graph g(a: f32[3,5,7], b: f32[7,11]) {\n%1 = MatMul(%a, %b) return y = %1 }"), 2.0 * 3 * 5 * 7 * 11);
  EXPECT_EQ(flops_of("graph g(a: f32[7,5], b: f32[7,11], c: f32[11]) {\n"
                     "%1 = MatMul{transpose_a=true, alpha=0.5}(%a, %b, %c) return y = %1 }"),
            5.0 * 11 * (2 * 7 + 2));
  EXPECT_EQ(flops_of("graph g(a: f32[2,3,4], b: f32[2,4,5]) {\n%1 = Einsum{equation=\"bij,bjk->bik\"}(%a, %b) return y = %1 }"),
            2.0 * 2 * 3 * 4 * 5);
  EXPECT_EQ(flops_of("graph g(a: f32[2,3,4], b: f32[4,5]) {\n%1 = Einsum{equation=\"...ij,jk->...ik\"}(%a, %b) return y = %1 }"),
            2.0 * 2 * 3 * 4 * 5);
}

TEST(Work, AttentionCountsBothProductsAndTheSoftmax) {
  EXPECT_EQ(flops_of("graph g(q: f32[1,2,3,8], k: f32[1,2,5,8], v: f32[1,2,5,4]) {\n%1 = Attention(%q, %k, %v) return y = %1 }"),
            2.0 * 3 * 5 * (2 * 8 + 2 * 4 + 6));
}

TEST(Work, PoolsReductionsAndRecurrentLayers) {
  EXPECT_EQ(flops_of("graph g(x: f32[1,2,8,8]) {\n%1 = Pool{kernel=[2,2], strides=[2,2]}(%x) return y = %1 }"), 2.0 * 4 * 4 * 4);
  EXPECT_EQ(flops_of("graph g(x: f32[1,2,8,8]) {\n%1 = Pool{kind=average, global=true}(%x) return y = %1 }"), 2.0 * 8 * 8);
  EXPECT_EQ(flops_of("graph g(x: f32[3,4]) {\n%1 = Reduce(%x) return y = %1 }"), 12);
  EXPECT_EQ(flops_of("graph g(x: f32[7,2,5], w: f32[1,12,5], r: f32[1,12,3]) {\n%1 = LSTM{activations=[\"sigmoid\",\"tanh\",\"tanh\"], alpha=[0,0,0], beta=[0,0,0]}(%x, %w, %r) return y = %1 }"),
            7.0 * 2 * 3 * (2 * 4 * (5 + 3) + 17));
}

TEST(Work, MovesCountNothing) {
  EXPECT_EQ(flops_of("graph g(x: f32[2,3]) {\n%1 = Transpose{permutation=[1,0]}(%x) return y = %1 }"), 0);
  EXPECT_EQ(flops_of("graph g(x: f32[2,3]) {\n%1 = Cast{to=f16}(%x) return y = %1 }"), 0);
}

TEST(Work, FusedBodiesCountTheirScalarFunctions) {
  EXPECT_EQ(flops_of("graph g(x: f32[2,3]) {\n"
                     "%1 = Fused{body=graph b(p: f32[N,3]) {\n%1 = Unary{kind=exp}(%p) %2 = Binary(%1, %p) return q = %2 }}(%x)\n"
                     "return y = %1 }"),
            2.0 * 2 * 3);
}

TEST(Work, ScansCountTheirBodyForEachStep) {
  EXPECT_EQ(flops_of("graph g(s: f32[4], x: f32[5,4]) {\n"
                     "%1 = Scan{body=graph b(s: f32[4], e: f32[4]) {\n%1 = Binary(%s, %e) return t = %1, o = %1 }, states=1, "
                     "sequences=1}(%s, %x)\nreturn y = %1 }"),
            5.0 * 4);
}

TEST(Work, LookupsReadWhatTheyGive) {
  const Graph g = parse("graph g(x: f32[1000,8], i: i64[3]) {\n%1 = Gather(%x, %i) return y = %1 }", op_registry());
  const std::vector<Dims> in{{1000, 8}, {3}}, out{{3, 8}};
  const Op& op = *g.node(g.outputs()[0].node).op;
  EXPECT_EQ(elements_read(op, 0, in, out), 24);
  EXPECT_EQ(elements_read(op, 1, in, out), 3);
}

}  // namespace
}  // namespace tenon::core
