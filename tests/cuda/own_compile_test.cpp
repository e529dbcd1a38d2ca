// Every hand-written kernel compiles for the architectures it claims. Needs NVRTC, no GPU.
#include <gtest/gtest.h>

#include "tactics/cuda/own_attention.h"
#include "tactics/cuda/own_depthwise.h"
#include "tactics/cuda/own_expand.h"
#include "tactics/cuda/own_gemm.h"
#include "tactics/cuda/own_pool.h"
#include "tactics/cuda/own_squeeze.h"
#include "tactics/cuda/own_stem.h"

namespace tenon::core::cuda::own {
namespace {

class OwnCompile : public testing::Test {
 protected:
  void SetUp() override {
    const std::string why = why_no_compiler();
    if (!why.empty()) GTEST_SKIP() << why;
  }
  /// For each of `archs` that the compiler knows.
  static void expect_compiles(const KernelText& text, std::initializer_list<int> archs) {
    const std::vector<int> known = compiler_archs();
    for (int arch : archs) {
      if (std::find(known.begin(), known.end(), arch) == known.end()) continue;
      EXPECT_NO_THROW(compile_only(text, arch)) << error_of(text, arch);
    }
  }
  static std::string error_of(const KernelText& text, int arch) try {
    compile_only(text, arch);
    return {};
  } catch (const std::exception& e) {
    return e.what();
  }
};

GemmPlan plan(DType type, bool conv, bool tensor_cores, int64_t bm, int64_t bn) {
  GemmPlan p;
  p.type = p.output = type;
  p.conv = conv, p.tensor_cores = tensor_cores;
  p.a_vector = p.b_vector = p.y_vector = static_cast<int>(16 / size_of(type));
  p.tile = *find_tile(tensor_cores ? Multiplier::tensor_cores : Multiplier::plain, bm, bn);
  return p;
}

TEST_F(OwnCompile, Products) {
  for (const auto& [bm, bn] : {std::pair{256, 128}, {128, 256}, {128, 128}, {64, 64}, {128, 32}, {32, 32}, {16, 64}})
    expect_compiles(plan(DType::f16, true, true, bm, bn).text(), {90});
  expect_compiles(plan(DType::f16, true, true, 64, 128).text(), {80, 89, 120});
  expect_compiles(plan(DType::bf16, false, true, 128, 64).text(), {80, 90});
  expect_compiles(plan(DType::f32, true, true, 128, 128).text(), {80, 90});
  expect_compiles(plan(DType::f32, true, false, 128, 64).text(), {80, 90});
  GemmPlan together = plan(DType::f16, true, true, 64, 64);
  together.args.k = 1024;
  together.split_into(4, 90);
  EXPECT_TRUE(together.cluster);
  together.settle(true, true);
  EXPECT_TRUE(together.early_residual);
  expect_compiles(together.text(), {90, 100});
  GemmPlan odd = plan(DType::f16, false, true, 32, 64);
  odd.a_lines_are_k = odd.b_lines_are_k = true;
  odd.a_vector = 1, odd.b_vector = 2, odd.y_vector = 1;
  odd.activation = "ACTIVATION(x)=((x) * 0.5f * (1 + erff((x) * 0.70710678f)))";
  expect_compiles(odd.text(), {80, 90});
}

TEST_F(OwnCompile, ProductsOfWarpgroups) {
  for (const auto& [bm, bn] : {std::pair{128, 128}, {64, 128}, {128, 64}, {64, 64}, {64, 32}})
    for (bool conv : {false, true}) {
      GemmPlan p = plan(bm == 64 ? DType::f16 : DType::bf16, conv, true, 64, 64);
      p.warpgroups = true;
      p.tile = *find_tile(Multiplier::warpgroups, bm, bn);
      p.args.k = 1024;
      p.split_into(conv ? 1 : 4, 90);
      p.settle(true, true);
      EXPECT_LE(p.shared_bytes(), 227 << 10);
      expect_compiles(p.text(), {90});
    }
}

TEST_F(OwnCompile, ProductsOfFewRows) {
  for (DType type : {DType::f32, DType::f16, DType::bf16})
    for (int rows : {8, 16}) {
      GemmPlan p;
      p.type = p.output = type, p.tensor_cores = true, p.skinny = rows, p.a_vector = rows == 8 ? static_cast<int>(16 / size_of(type)) : 1;
      expect_compiles(p.text(), {80, 90});
      p.args.k = 2048;
      p.split_into(4, 90);
      EXPECT_TRUE(p.cluster);
      expect_compiles(p.text(), {90});
    }
}

TEST_F(OwnCompile, Attentions) {
  AttentionPlan p;
  p.type = DType::f16, p.mask = DType::f32;
  p.args.depth = p.args.width = 72;
  expect_compiles(p.text(), {75, 80, 90});
  p.flash = true, p.vector = 8, p.pieces = 4, p.keys = 32, p.mask_vector = 2;
  expect_compiles(p.text(), {80, 90, 120});
  p.type = DType::f32, p.precise = true, p.vector = 4, p.keys = 16;
  expect_compiles(p.text(), {80, 90, 120});
  p.precise = false;
  p.type = DType::bf16, p.mask = DType::boolean, p.sink = DType::f32;
  p.args.depth = p.args.width = 256, p.keys = 32, p.pieces = 1, p.mask_rows = false, p.vector = 1;
  expect_compiles(p.text(), {80, 90});
}

TEST_F(OwnCompile, Depthwise) {
  for (DType type : {DType::f32, DType::f16, DType::bf16})
    for (int size : {3, 7, 9}) {
      DepthwisePlan p;
      p.type = type, p.fixed = size <= 7;
      p.vector = static_cast<int>(16 / size_of(type)), p.tile = size == 3 ? 2 : size == 7 ? 7 : 1;
      p.args.kernel_h = p.args.kernel_w = size, p.args.stride_w = 2, p.args.dilation_w = 1, p.args.channels = 144;
      p.shape_block(128);
      expect_compiles(p.text(), {75, 90});
    }
}

TEST_F(OwnCompile, DepthwiseThatWalks) {
  for (DType type : {DType::f16, DType::bf16}) {
    DepthwisePlan p;
    p.type = type, p.fixed = true;
    p.vector = 4, p.tile = 4, p.walk = 7;
    p.args.kernel_h = p.args.kernel_w = 3, p.args.stride_w = 1, p.args.dilation_w = 1, p.args.channels = 144;
    p.shape_block(128);
    expect_compiles(p.text(), {75, 90});
  }
}

TEST_F(OwnCompile, Expansions) {
  for (DType type : {DType::f32, DType::f16, DType::bf16})
    for (int line : {0, 32}) {
      ExpandPlan p;
      p.type = type, p.line = line, p.tensor_cores = true;
      p.kernel_h = 3, p.kernel_w = 5, p.stride_w = 2, p.channels = 48, p.tile_w = 14;
      expect_compiles(p.text(), {80, 90, 120});
    }
  ExpandPlan plain;
  plain.type = DType::f32, plain.line = 16;
  expect_compiles(plain.text(), {80, 90});
}

TEST(OwnDepthwise, BlocksCoverTheirThreads) {
  for (int channels : {8, 24, 32, 96, 144, 240, 336, 384, 672, 960, 1152, 1160})
    for (int most : {64, 128})
      for (int tile : {1, 2, 4, 7}) {
        DepthwisePlan p;
        p.vector = 8, p.tile = tile, p.args.channels = channels;
        p.shape_block(most);
        EXPECT_LE(p.threads(), most);
        EXPECT_GE(p.threads(), most * 3 / 4) << channels << " " << most << " " << tile;
      }
}

TEST_F(OwnCompile, FirstConvolutions) {
  StemPlan p;
  p.input = DType::f32, p.type = DType::f16;
  p.channels = 3, p.kernel_h = p.kernel_w = 7, p.stride = 2;
  p.bn = 64, p.warps = 4, p.tile_h = 8, p.tile_w = 16;
  p.load_rows(224, 3);
  EXPECT_EQ(p.input_vector, 4);
  EXPECT_EQ(p.lead, 1);
  expect_compiles(p.text(), {80, 90, 120});
  p.input = DType::f16, p.stride = 1, p.kernel_w = 9;
  p.load_rows(28, 4);
  expect_compiles(p.text(), {80, 90});
}

TEST_F(OwnCompile, Gates) {
  for (DType type : {DType::f32, DType::f16}) {
    SqueezePlan p;
    p.type = type, p.vector = 4, p.first_bias = DType::f32;
    p.args.channels = 1152, p.args.hidden = 48, p.args.second_line = 48, p.args.pixels = 49;
    p.share(1, 1, 96 << 10);
    EXPECT_FALSE(p.held && p.held_x);
    p.inner = "ACTIVATION_1(x)=((x) / (1 + __expf(-(x))))";
    expect_compiles(p.text(), {80});
    p.clusters = true, p.vector = static_cast<int>(16 / size_of(type));
    p.share(4, 2, 160 << 10);
    EXPECT_TRUE(p.held && p.held_x);
    expect_compiles(p.text(), {90, 120});
  }
}

TEST_F(OwnCompile, Poolings) {
  for (PoolKind kind : {PoolKind::max, PoolKind::average, PoolKind::lp})
    for (bool last : {true, false}) {
      PoolPlan p;
      p.type = DType::f16, p.kind = kind, p.channels_last = last, p.vector = last ? 8 : 1;
      expect_compiles(p.text(), {75, 90});
      p.clusters = true, p.window_h = p.window_w = 3;
      if (kind == PoolKind::max) expect_compiles(p.text(), {90});
    }
}

}  // namespace
}  // namespace tenon::core::cuda::own
