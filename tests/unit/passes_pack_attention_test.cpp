#include "ops/all.h"
#include "ops/fused.h"
#include "ops/matmul.h"
#include "ops/packed_attention.h"
#include "passes/merge_siblings.h"
#include "passes/pack_attention.h"
#include "rewrite_test_util.h"

namespace tenon::core {
namespace {

PassOptions packing() {
  PassOptions options;
  options.fuse_gates = true;
  return options;
}

struct Found {
  const Graph* body;
  PackedAttention attention;
  std::optional<std::array<StridedView, 3>> at(const Dims& packed) const { return views_at(*body, attention, packed); }
};

/// What pack_attention makes of the graph; nothing where there is no Fused node that `packed_attention` understands.
std::optional<Found> packed(const std::string& text, Graph& g) {
  PassReport report;
  g = run_pass(text, pack_attention, report, packing());
  for (NodeId id : g.order())
    if (const auto* fused = g.node(id).as<Fused>())
      if (const auto attention = packed_attention(*fused->body)) return Found{fused->body.get(), *attention};
  return std::nullopt;
}

TEST(PackAttention, PartsOfARow) {
  Graph g;
  const auto found = packed(
      "graph g(x: f32[2,5,24], m: f32[2,1,1,5]) {\n"
      "%s = Constant{value=i64[4]{2,5,2,4}}\n"
      "%p = Split{axis=2, outputs=3}(%x) %q = Reshape(%p, %s) %k = Reshape(%p.1, %s) %v = Reshape(%p.2, %s)\n"
      "%a = Transpose{permutation=[0,2,1,3]}(%q) %b = Transpose{permutation=[0,2,1,3]}(%k) %c = "
      "Transpose{permutation=[0,2,1,3]}(%v)\n"
      "%y = Attention(%a, %b, %c, %m) return y = %y }",
      g);
  ASSERT_TRUE(found);
  const auto views = found->at({2, 5, 24});
  ASSERT_TRUE(views);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ((*views)[i].offset, 8 * i);
    EXPECT_EQ((*views)[i].dims, (Dims{2, 2, 5, 4}));
    EXPECT_EQ((*views)[i].strides, (Dims{120, 4, 24, 1}));
  }
  EXPECT_EQ(found->attention.packed, 0);
  EXPECT_EQ(found->attention.inputs[3], 1);
}

TEST(PackAttention, OfAnOpenBatch) {
  Graph g;
  const auto found = packed(
      "graph g(x: f32[B,S,24]) {\n"
      "%s = Constant{value=i64[4]{0,0,2,4}}\n"
      "%p = Split{axis=2, outputs=3}(%x) %q = Reshape(%p, %s) %k = Reshape(%p.1, %s) %v = Reshape(%p.2, %s)\n"
      "%a = Transpose{permutation=[0,2,1,3]}(%q) %b = Transpose{permutation=[0,2,1,3]}(%k) %c = "
      "Transpose{permutation=[0,2,1,3]}(%v)\n"
      "%y = Attention(%a, %b, %c) return y = %y }",
      g);
  ASSERT_TRUE(found);
  for (const int64_t batch : {1, 2, 3, 24}) {
    const auto views = found->at({batch, 5, 24});
    ASSERT_TRUE(views) << batch;
    EXPECT_EQ((*views)[1].offset, 8);
    EXPECT_EQ((*views)[1].dims, (Dims{batch, 2, 5, 4}));
    for (const size_t axis : {1, 2, 3}) EXPECT_EQ((*views)[1].strides[axis], (Dims{0, 4, 24, 1})[axis]);
    if (batch > 1) {
      EXPECT_EQ((*views)[1].strides[0], 120);
    }
  }
  EXPECT_FALSE(found->at({0, 5, 24}));
}

TEST(PackAttention, RowsOutsideAndPickedParts) {
  Graph g;
  const auto found = packed(
      "graph g(x: f32[5,2,24]) {\n"
      "%s = Constant{value=i64[5]{5,2,3,2,4}} %0 = Constant{value=i64[]{0}} %1 = Constant{value=i64[]{1}} %2 = "
      "Constant{value=i64[1]{-1}}\n"
      "%r = Reshape(%x, %s) %t = Transpose{permutation=[2,1,3,0,4]}(%r)\n"
      "%q = Gather(%t, %0) %k = Gather(%t, %1) %w = Gather(%t, %2) %d = Constant{value=i64[4]{2,2,5,4}} %v = "
      "Reshape(%w, %d)\n"
      "%y = Attention(%q, %k, %v) return y = %y }",
      g);
  ASSERT_TRUE(found);
  const auto views = found->at({5, 2, 24});
  ASSERT_TRUE(views);
  EXPECT_EQ((*views)[2].offset, 16);
  EXPECT_EQ((*views)[2].strides, (Dims{24, 4, 48, 1}));
}

TEST(PackAttention, ProductsOfOneValueBecomeOne) {
  for (const char* x : {"f32[1,70,3]", "f32[B,70,3]"}) {
    PassReport report;
    const Graph g = run_pass(
        "graph g(x: " + std::string(x) +
            ") {\n"
            "%a = Constant{value=f32[3,2]{1,2,3,4,5,6}} %b = Constant{value=f32[3,2]{2,2,3,4,5,6}} %c = "
            "Constant{value=f32[3,2]{3,2,3,4,5,6}}\n"
            "%q = MatMul(%x, %a) %k = MatMul(%x, %b) %v = MatMul(%x, %c) %0 = Constant{value=i64[1]{1}}\n"
            "%1 = Unsqueeze(%q, %0) %2 = Unsqueeze(%k, %0) %3 = Unsqueeze(%v, %0)\n"
            "%y = Attention(%1, %2, %3) return y = %y }",
        [](Graph& graph, PassContext& c) {
          merge_siblings(graph, c);
          pack_attention(graph, c);
        },
        report, packing());
    int products = 0, fused = 0;
    for (NodeId id : g.order())
      products += g.node(id).as<MatMul>() != nullptr, fused += g.node(id).as<Fused>() != nullptr;
    EXPECT_EQ(products, 1) << x;
    EXPECT_EQ(fused, 1) << x;
  }
}

TEST(PackAttention, StaysWhereOperandsAreNoViewsOfOneTensor) {
  Graph g;
  EXPECT_FALSE(packed("graph g(q: f32[1,2,5,4], k: f32[1,2,5,4]) {\n%y = Attention(%q, %k, %k) return y = %y }", g));
  // A dim that is more than a symbol.
  EXPECT_FALSE(
      packed("graph g(x: f32[2*B,5,24]) {\n%p = Split{axis=2, outputs=3}(%x) %0 = Constant{value=i64[1]{1}}\n"
             "%q = Unsqueeze(%p, %0) %k = Unsqueeze(%p.1, %0) %v = Unsqueeze(%p.2, %0) %y = Attention(%q, %k, %v) "
             "return y = %y }",
             g));
}

}  // namespace
}  // namespace tenon::core
