#include "ops/bottleneck.h"
#include "ops/fused.h"
#include "passes/fuse_bottlenecks.h"
#include "rewrite_test_util.h"

namespace tenon::core {
namespace {

/// What the only Fused node is, if there is one. `size`: rows and columns of x; 363 make 2 channels large.
std::optional<Bottleneck> fused(const std::string& body, int size = 372) {
  const std::string dims = std::to_string(size) + "," + std::to_string(size);
  const std::string text = "graph g(x: f32[N,1," + dims + "]) {\n"
                           "%w = Constant{value=f32[2,1,1,1]{1, 2}}\n"
                           "%v = Constant{value=f32[2,1,1,1]{-1, 3}}\n"
                           "%u = Constant{value=f32[1,2,1,1]{2, 1}}\n"
                           "%b = Constant{value=f32[2]{1, -2}}\n" +
                           body + "}\n";
  PassReport report;
  const Graph g = run_pass(text, fuse_bottlenecks, report);
  for (NodeId id : g.order())
    if (const Fused* op = g.node(id).as<Fused>()) return bottleneck(*op->body);
  return {};
}

const std::string kTwo = "%1 = Conv{activation=\"relu\"}(%x, %w, %b) %2 = Conv{group=2, strides=[2,2]}(%1, %v)\n";

TEST(FuseBottlenecks, ExpansionAndDepthwise) {
  const auto b = fused(kTwo + "return y = %2\n");
  ASSERT_TRUE(b);
  EXPECT_EQ(b->x, 0);
  EXPECT_EQ(b->expand.weights, 1);
  EXPECT_EQ(b->expand.bias, 2);
  EXPECT_EQ(b->expand.activation.kind, "relu");
  EXPECT_EQ(b->middle.weights, 3);
  EXPECT_EQ(b->middle.bias, -1);
  EXPECT_FALSE(b->project.present());
  EXPECT_EQ(b->window.strides, (std::vector<int64_t>{2, 2}));
}

TEST(FuseBottlenecks, AllThreeAndASum) {
  const auto b = fused("%1 = Conv(%x, %w) %2 = Conv{group=2}(%1, %v, %b) %3 = Conv(%2, %u, _, %x) return y = %3\n");
  ASSERT_TRUE(b);
  EXPECT_TRUE(b->expand.present());
  EXPECT_EQ(b->project.weights, 4);
  EXPECT_EQ(b->residual, 5);
}

TEST(FuseBottlenecks, WhatIsSmallAfterTheDepthwiseOneIsLeftThere) {
  const auto b = fused(kTwo + "%3 = Conv(%2, %u) return y = %3\n");
  ASSERT_TRUE(b);
  EXPECT_FALSE(b->project.present());
}

TEST(FuseBottlenecks, TheNodeIsNamedFromItsPartsInOrder) {
  PassReport report;
  const Graph g = run_pass("graph g(x: f32[N,1,372,372]) {\n"
                           "%w = Constant{value=f32[2,1,1,1]{1, 2}} %v = Constant{value=f32[2,1,1,1]{-1, 3}}\n"
                           "%1 = Conv(%x, %w)  # 'expand' (Conv)\n"
                           "%2 = Conv{group=2}(%1, %v)  # 'depthwise' (Conv)\n"
                           "return y = %2 }\n",
                           fuse_bottlenecks, report);
  EXPECT_EQ(g.display_name(g.outputs()[0].node), "expand + depthwise");
}

TEST(FuseBottlenecks, OthersStay) {
  EXPECT_FALSE(fused(kTwo + "return y = %2\n", 360)) << "the tensor between them is small";
  EXPECT_FALSE(fused(kTwo + "return y = %2, z = %1\n")) << "another reader";
  EXPECT_FALSE(fused("%1 = Conv{strides=[1,2]}(%x, %w) %2 = Conv{group=2}(%1, %v) return y = %2\n", 600)) << "steps";
}

/// How many nodes a GPU's fusion of an expansion leaves of a 1x1 convolution with `inputs` and a depthwise one with `options`.
int nodes_after_expansion(const PassOptions& options, int inputs = 8, const std::string& depthwise = "group=16", const std::string& type = "f32", const std::string& more = "") {
  std::string text = "graph g(x: " + type + "[N," + std::to_string(inputs) + ",14,14]) {\n";
  const auto weights = [&](const char* name, const std::string& dims, int count) {
    text += std::string(name) + " = Constant{value=" + type + "[" + dims + "]{";
    for (int i = 0; i < count; ++i) text += i == 0 ? "1" : ", 1";
    text += "}}\n";
  };
  weights("%w", "16," + std::to_string(inputs) + ",1,1", 16 * inputs);
  weights("%v", "16,1,3,3", 16 * 9);
  text += "%1 = Conv(%x, %w) %2 = Conv{" + depthwise + "}(%1, %v) return y = %2" + more + " }";
  Graph g = parse(text, op_registry());
  PassReport report;
  Passes(options, Log(), report).run("fuse_expansions", g, fuse_expansions);
  int count = 0;
  for (NodeId id : g.order()) count += g.node(id).as<Conv>() || g.node(id).as<Fused>();
  return count;
}

TEST(FuseExpansions, OnlyForDevicesWithTheKernel) {
  PassOptions gpu;
  EXPECT_EQ(nodes_after_expansion(gpu), 2);
  gpu.fuse_gates = true;
  EXPECT_EQ(nodes_after_expansion(gpu), 2) << "f32 without tensor cores";
  EXPECT_EQ(nodes_after_expansion(gpu, 8, "group=16", "f16"), 1);
  gpu.f32_on_tensor_cores = true;
  EXPECT_EQ(nodes_after_expansion(gpu), 1);
  EXPECT_EQ(nodes_after_expansion(gpu, 8, "group=16, strides=[2,1], pads=[1,1,1,1]"), 1);
}

TEST(FuseExpansions, OthersStay) {
  PassOptions gpu;
  gpu.fuse_gates = gpu.f32_on_tensor_cores = true;
  EXPECT_EQ(nodes_after_expansion(gpu, 16), 2) << "not twice as many channels";
  EXPECT_EQ(nodes_after_expansion(gpu, 4), 2) << "channels that fill no vectors";
  EXPECT_EQ(nodes_after_expansion(gpu, 8, "group=16, dilations=[2,2]"), 2) << "gaps";
  EXPECT_EQ(nodes_after_expansion(gpu, 8, "group=16", "f32", ", z = %1"), 2) << "another reader";
}

}  // namespace
}  // namespace tenon::core
