// The text of gemm.cu, emulated, against plain sums.
#include <gtest/gtest.h>

#include "emulate.h"

namespace tenon::core::emulated {
namespace {

namespace plain_half {
#define SCALAR f16
#include "gemm_case.inc"
}  // namespace plain_half
namespace wide_bfloat {
#define SCALAR bf16
#define EARLY_RESIDUAL 1
#define BM 64
#define BN 128
#define WARPS_M 2
#define WARPS_N 4
#define A_LINES_ARE_K 1
#define B_LINES_ARE_K 1
#include "gemm_case.inc"
}  // namespace wide_bfloat
namespace odd_half {
#define SCALAR f16
#define STAGES 2
#define BM 16
#define BN 64
#define WARPS_M 1
#define WARPS_N 4
#define B_LINES_ARE_K 1
#define A_VECTOR 1
#define B_VECTOR 2
#define Y_VECTOR 1
#include "gemm_case.inc"
}  // namespace odd_half
namespace smallest {
#define SCALAR bf16
#define BM 16
#define BN 32
#define WARPS_M 1
#define WARPS_N 2
#define CONV 1
#include "gemm_case.inc"
}  // namespace smallest
namespace together {
#define SCALAR f16
#define CLUSTER 1
#define B_CONSTANT 1
#define EARLY_RESIDUAL 1
#define STAGES 4
#include "gemm_case.inc"
}  // namespace together
namespace warpgroup {
#define SCALAR f16
#define WARPGROUPS 1
#define CLUSTER 1
#define B_CONSTANT 1
#define BM 128
#define BN 64
#define WARPS_M 8
#define WARPS_N 1
#include "gemm_case.inc"
}  // namespace warpgroup
namespace wide_warpgroup {
#define SCALAR bf16
#define WARPGROUPS 1
#define EARLY_RESIDUAL 1
#define BM 64
#define BN 256
#define WARPS_M 4
#define WARPS_N 1
#define A_VECTOR 2
#define B_VECTOR 2
#include "gemm_case.inc"
}  // namespace wide_warpgroup
namespace tf32 {
#define SCALAR float
#include "gemm_case.inc"
}  // namespace tf32
namespace tf32_lines_are_k {
#define SCALAR float
#define A_LINES_ARE_K 1
#define B_LINES_ARE_K 1
#define A_VECTOR 2
#define B_VECTOR 1
#define Y_VECTOR 2
#include "gemm_case.inc"
}  // namespace tf32_lines_are_k
namespace exact {
#define SCALAR float
#define TENSOR_CORES 0
#define BK 16
#define B_LINES_ARE_K 1
#include "gemm_case.inc"
}  // namespace exact
namespace conv_half {
#define SCALAR f16
#define CONV 1
#include "gemm_case.inc"
}  // namespace conv_half
namespace conv_odd_half {
#define SCALAR f16
#define CONV 1
#define A_VECTOR 1
#define Y_VECTOR 1
#include "gemm_case.inc"
}  // namespace conv_odd_half
namespace conv_warpgroup {
#define SCALAR f16
#define WARPGROUPS 1
#define CONV 1
#define BM 64
#define BN 32
#define WARPS_M 4
#define WARPS_N 1
#include "gemm_case.inc"
}  // namespace conv_warpgroup
namespace conv_two_half {
#define SCALAR f16
#define B_CONSTANT 1
#define CONV 1
#define BM 128
#define BN 64
#define WARPS_M 4
#define WARPS_N 2
#define A_VECTOR 2
#define Y_VECTOR 2
#include "gemm_case.inc"
}  // namespace conv_two_half
namespace conv_exact {
#define SCALAR float
#define CONV 1
#define TENSOR_CORES 0
#define BK 16
#include "gemm_case.inc"
}  // namespace conv_exact

#define OUTPUT SCALAR
#define BIAS float
#define ACTIVATION(x) ((x) < 0 ? 0 : (x))
namespace skinny_half {
#define SCALAR f16
#define TILES 2
#define A_VECTOR 8
#define CLUSTER 1
#include "kernels/cuda/skinny.cu"
struct Case {
  typedef f16 Scalar;
  static constexpr int vector = kVector, rows = kRows;
  static void run(const GemmArgs& p) { skinny(p); }
};
#undef SCALAR
#undef TILES
#undef A_VECTOR
#undef CLUSTER
}  // namespace skinny_half
namespace skinny_odd_bfloat {
#define SCALAR bf16
#define TILES 1
#define A_VECTOR 1
#define CLUSTER 0
#include "kernels/cuda/skinny.cu"
struct Case {
  typedef bf16 Scalar;
  static constexpr int vector = kVector, rows = kRows;
  static void run(const GemmArgs& p) { skinny(p); }
};
#undef SCALAR
#undef A_VECTOR
}  // namespace skinny_odd_bfloat
namespace skinny_tf32 {
#define SCALAR float
#define A_VECTOR 4
#include "kernels/cuda/skinny.cu"
struct Case {
  typedef float Scalar;
  static constexpr int vector = kVector, rows = kRows;
  static void run(const GemmArgs& p) { skinny(p); }
};
}  // namespace skinny_tf32

template <class T>
struct Memory {
  std::vector<T> items;
  Memory(int64_t count, std::mt19937& random) : items(static_cast<size_t>(count)) {
    std::uniform_int_distribution<int> draw(-8, 8);
    for (T& x : items) assign(x, static_cast<float>(draw(random)) / 8);
  }
  float operator[](int64_t i) const { return to_float(items.at(static_cast<size_t>(i))); }
};

template <class Case>
void run(GemmArgs& p, int64_t batch, int pieces, std::vector<float>& partial) {
  const int piece = ((p.k + pieces - 1) / pieces + Case::bk - 1) / Case::bk * Case::bk;
  p.split = pieces, p.k_piece = piece;
  partial.assign(static_cast<size_t>(batch * pieces * p.m * p.n + 16), NAN);
  const size_t skip = (32 - reinterpret_cast<uintptr_t>(partial.data()) % 32) % 32 / 4;
  p.partial = partial.data() + skip;
  Grid grid;
  grid.blocks = {static_cast<unsigned>((p.m + Case::bm - 1) / Case::bm * ((p.n + Case::bn - 1) / Case::bn)), 1, static_cast<unsigned>(batch * pieces)};
  grid.threads = Case::threads;
  grid.shared_bytes = Case::shared_bytes;
  grid.cluster = Case::cluster ? static_cast<unsigned>(pieces) : 1;
  launch(grid, [&] { Case::run(p); });
  if (pieces == 1 || Case::cluster) return;
  grid = Grid{{static_cast<unsigned>((p.m * p.n / Case::y_vector + 255) / 256), 1, static_cast<unsigned>(batch)}, 256, 0};
  launch(grid, [&] { Case::sum(p); });
}

constexpr double tolerance(f16) { return 4e-3; }
constexpr double tolerance(bf16) { return 3e-2; }
constexpr double tolerance(float) { return 1e-5; }

template <class Case>
void expect_product(int m, int n, int k, int batch, int pieces) {
  using T = typename Case::Scalar;
  SCOPED_TRACE(testing::Message() << m << " x " << n << " x " << k << ", batch " << batch << ", pieces " << pieces);
  std::mt19937 random(3);
  Memory<T> a(int64_t{batch} * m * k, random), b(int64_t{batch} * k * n, random), residual(int64_t{batch} * m * n, random), y(int64_t{batch} * m * n, random);
  Memory<float> bias(n, random);
  GemmArgs p{};
  p.a = a.items.data(), p.b = b.items.data(), p.bias = bias.items.data(), p.residual = residual.items.data(), p.y = y.items.data();
  p.a_outer = int64_t{m} * k, p.b_outer = int64_t{k} * n, p.y_outer = int64_t{m} * n;
  p.m = m, p.n = n, p.k = k;
  p.a_row = Case::a_lines_are_k ? m : k, p.b_row = Case::b_lines_are_k ? n : k, p.y_row = n;
  p.inner_count = 1, p.bias_column = 1, p.alpha = 0.5f;
  std::vector<float> partial;
  run<Case>(p, batch, pieces, partial);
  for (int64_t z = 0; z < batch; ++z)
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < n; ++j) {
        double sum = 0;
        for (int64_t l = 0; l < k; ++l)
          sum += double(a[z * m * k + (Case::a_lines_are_k ? l * m + i : i * k + l)]) * b[z * k * n + (Case::b_lines_are_k ? l * n + j : j * k + l)];
        const double expected = std::max(0.0, 0.5 * sum + bias[j] + residual[(z * m + i) * n + j]);
        ASSERT_NEAR(y[(z * m + i) * n + j], expected, tolerance(T{}) * (1 + expected)) << z << " " << i << " " << j;
      }
}

TEST(GemmKernel, Products) {
  expect_product<plain_half::Case>(70, 40, 136, 2, 1);
  expect_product<plain_half::Case>(33, 48, 200, 1, 3);
  expect_product<wide_bfloat::Case>(72, 136, 70, 1, 1);
  expect_product<odd_half::Case>(5, 70, 33, 2, 1);
  expect_product<odd_half::Case>(17, 66, 131, 1, 2);
}

TEST(GemmKernel, ProductsOfFloats) {
  expect_product<tf32::Case>(40, 36, 68, 1, 2);
  expect_product<tf32_lines_are_k::Case>(34, 38, 35, 2, 1);
  expect_product<exact::Case>(40, 44, 36, 1, 2);
}

TEST(GemmKernel, PiecesOfAClusterAddUp) {
  expect_product<together::Case>(40, 72, 400, 2, 3);
  expect_product<together::Case>(33, 40, 512, 1, 8);
}

TEST(GemmKernel, ProductsOfWarpgroups) {
  expect_product<warpgroup::Case>(140, 72, 400, 1, 3);
  expect_product<warpgroup::Case>(70, 40, 136, 2, 1);
  expect_product<wide_warpgroup::Case>(66, 264, 70, 1, 1);
  expect_product<wide_warpgroup::Case>(9, 24, 200, 1, 2);
}

TEST(GemmKernel, ManyTilesInTheOrderOfLaunch) { expect_product<plain_half::Case>(300, 72, 16, 1, 1); }

template <class Case>
void expect_few_rows(int m, int n, int k, int pieces) {
  using T = typename Case::Scalar;
  SCOPED_TRACE(testing::Message() << m << " x " << n << " x " << k << ", pieces " << pieces);
  const int line = (k + Case::vector - 1) / Case::vector * Case::vector;
  std::mt19937 random(5);
  Memory<T> a(int64_t{m} * k, random), b(int64_t{n} * line, random), residual(int64_t{m} * n, random), y(int64_t{m} * n, random);
  Memory<float> bias(n, random);
  for (int64_t j = 0; j < n; ++j)
    for (int l = k; l < line; ++l) assign(b.items[static_cast<size_t>(j * line + l)], 0);
  GemmArgs p{};
  p.a = a.items.data(), p.b = b.items.data(), p.bias = bias.items.data(), p.residual = residual.items.data(), p.y = y.items.data();
  p.m = m, p.n = n, p.k = k, p.a_row = k, p.b_row = line, p.y_row = n, p.bias_column = 1, p.alpha = 0.5f;
  p.split = pieces, p.k_piece = ((k + pieces - 1) / pieces + 63) / 64 * 64;
  const auto blocks = [](int size, int block) { return static_cast<unsigned>((size + block - 1) / block); };
  const auto z = static_cast<unsigned>(pieces);
  launch({{blocks(n, 16), blocks(m, Case::rows), z}, 256, size_t{8} * Case::rows * 64, z}, [&] { Case::run(p); });
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j) {
      double sum = 0;
      for (int64_t l = 0; l < k; ++l) sum += double(a[i * k + l]) * b[j * line + l];
      const double expected = std::max(0.0, 0.5 * sum + bias[j] + residual[i * n + j]);
      ASSERT_NEAR(y[i * n + j], expected, tolerance(T{}) * (1 + expected)) << i << " " << j;
    }
}

TEST(GemmKernel, ProductsOfFewRows) {
  expect_few_rows<skinny_half::Case>(16, 40, 2048, 1);
  expect_few_rows<skinny_half::Case>(1, 35, 1160, 3);
  expect_few_rows<skinny_odd_bfloat::Case>(11, 17, 1203, 1);
  expect_few_rows<skinny_tf32::Case>(5, 24, 708, 1);
  expect_few_rows<skinny_tf32::Case>(1, 16, 8, 1);
}

struct ConvCase {
  int images, height, width, channels, filters, groups, kernel_h, kernel_w, stride, dilation, pad;
};

template <class Case>
void expect_conv(const ConvCase& c, int pieces) {
  using T = typename Case::Scalar;
  const int out_h = (c.height + 2 * c.pad - (c.kernel_h - 1) * c.dilation - 1) / c.stride + 1;
  const int out_w = (c.width + 2 * c.pad - (c.kernel_w - 1) * c.dilation - 1) / c.stride + 1;
  const int group_channels = c.channels / c.groups, group_filters = c.filters / c.groups, k = group_channels * c.kernel_h * c.kernel_w;
  const int vector = 16 / static_cast<int>(sizeof(T)), line = (k + vector - 1) / vector * vector;
  std::mt19937 random(4);
  Memory<T> x(int64_t{c.images} * c.height * c.width * c.channels, random), w(int64_t{c.filters} * line, random);
  Memory<T> y(int64_t{c.images} * out_h * out_w * c.filters, random);
  Memory<float> bias(c.filters, random);
  GemmArgs p{};
  p.a = x.items.data(), p.b = w.items.data(), p.bias = bias.items.data(), p.y = y.items.data();
  p.m = c.images * out_h * out_w, p.n = group_filters, p.k = k;
  p.b_row = line, p.y_row = c.filters, p.inner_count = c.groups;
  p.a_inner = group_channels, p.b_inner = int64_t{group_filters} * line, p.y_inner = p.bias_z = group_filters;
  p.bias_column = 1, p.alpha = 1;
  p.height = c.height, p.width = c.width, p.pixel = c.channels, p.channels = group_channels;
  p.kernel_h = c.kernel_h, p.kernel_w = c.kernel_w, p.out_h = out_h, p.out_w = out_w;
  p.stride_h = p.stride_w = c.stride, p.dilation_h = p.dilation_w = c.dilation, p.pad_h = p.pad_w = c.pad;
  std::vector<float> partial;
  run<Case>(p, c.groups, pieces, partial);
  for (int64_t pixel = 0; pixel < p.m; ++pixel)
    for (int f = 0; f < c.filters; ++f) {
      const int64_t image = pixel / (out_h * out_w), oy = pixel / out_w % out_h, ox = pixel % out_w;
      double sum = bias[f];
      for (int r = 0; r < c.kernel_h; ++r)
        for (int s = 0; s < c.kernel_w; ++s)
          for (int g = 0; g < group_channels; ++g) {
            const int64_t iy = oy * c.stride - c.pad + r * c.dilation, ix = ox * c.stride - c.pad + s * c.dilation;
            if (iy < 0 || ix < 0 || iy >= c.height || ix >= c.width) continue;
            sum += double(x[((image * c.height + iy) * c.width + ix) * c.channels + f / group_filters * group_channels + g]) *
                   w[int64_t{f} * line + (r * c.kernel_w + s) * group_channels + g];
          }
      const double expected = std::max(0.0, sum);
      ASSERT_NEAR(y[pixel * c.filters + f], expected, tolerance(T{}) * (1 + expected)) << "pixel " << pixel << " filter " << f;
    }
}

TEST(GemmKernel, Convolutions) {
  expect_conv<conv_half::Case>({2, 7, 6, 24, 40, 1, 3, 3, 1, 1, 1}, 1);
  expect_conv<conv_half::Case>({1, 9, 9, 8, 16, 1, 3, 2, 2, 2, 3}, 1);
  expect_conv<conv_half::Case>({1, 6, 5, 48, 16, 2, 3, 3, 1, 1, 1}, 2);
  expect_conv<conv_warpgroup::Case>({1, 9, 9, 24, 40, 1, 3, 3, 1, 1, 1}, 2);
  expect_conv<conv_half::Case>({3, 5, 5, 72, 8, 1, 1, 1, 2, 1, 0}, 1);
}

TEST(GemmKernel, ConvolutionsOfOddChannels) {
  expect_conv<conv_odd_half::Case>({1, 8, 7, 3, 5, 1, 5, 3, 2, 1, 2}, 1);
  expect_conv<conv_odd_half::Case>({1, 5, 6, 6, 9, 3, 3, 3, 1, 1, 1}, 1);
  expect_conv<conv_two_half::Case>({1, 6, 7, 10, 14, 1, 3, 3, 1, 1, 1}, 2);
  expect_conv<smallest::Case>({1, 6, 5, 16, 40, 1, 3, 3, 2, 1, 1}, 1);
}

TEST(GemmKernel, ConvolutionsOfFloats) { expect_conv<conv_exact::Case>({1, 6, 5, 12, 20, 1, 3, 3, 1, 1, 1}, 1); }

}  // namespace
}  // namespace tenon::core::emulated
