// The texts of depthwise.cu, stem.cu, pool.cu and squeeze.cu, emulated, against plain sums.
#include <gtest/gtest.h>

#include "emulate.h"

namespace tenon::core::emulated {
namespace {

#define BIAS float
#define ACTIVATION(x) ((x) < 0 ? 0 : (x))
namespace depthwise_tiles {
#define SCALAR f16
#define VECTOR 8
#define TILE 4
#define WALK 1
#define VECTORS 2
#define COLUMNS 3
#define ROWS 4
#define KERNEL_H 3
#define KERNEL_W 3
#define STRIDE_W 2
#define DILATION_W 2
#include "kernels/cuda/depthwise.cu"
#undef TILE
#undef VECTORS
#undef COLUMNS
#undef ROWS
#undef KERNEL_H
#undef KERNEL_W
#undef STRIDE_W
#undef DILATION_W
}  // namespace depthwise_tiles
#undef WALK
namespace depthwise_walk {
#define TILE 4
#define WALK 3
#define VECTORS 3
#define COLUMNS 2
#define ROWS 2
#define KERNEL_H 3
#define KERNEL_W 3
#define STRIDE_W 1
#define DILATION_W 1
#include "kernels/cuda/depthwise.cu"
#undef STRIDE_W
#undef TILE
#undef WALK
#undef VECTORS
#undef COLUMNS
#undef ROWS
#undef KERNEL_H
#undef KERNEL_W
#undef STRIDE_W
#undef DILATION_W
}  // namespace depthwise_walk
#define WALK 1
namespace depthwise_any {
#define TILE 1
#define VECTORS 3
#define COLUMNS 5
#define ROWS 2
#define KERNEL_H 0
#define KERNEL_W 0
#define STRIDE_W 1
#define DILATION_W 1
#include "kernels/cuda/depthwise.cu"
#undef TILE
#undef KERNEL_H
#undef KERNEL_W
#undef SCALAR
#undef VECTOR
#undef COLUMNS
}  // namespace depthwise_any
#define SCALAR f16
#define STEM_CASE                                                                                                    \
  struct Case {                                                                                                      \
    static constexpr int kernel_h = KERNEL_H, kernel_w = KERNEL_W, stride = STRIDE, columns = COLUMNS, shift = SHIFT; \
    static constexpr int steps = kSteps, threads = kThreads, bytes = sizeof(StemMemory);                             \
    static void run(const StemArgs& p) { stem(p); }                                                                  \
  };
namespace stem_wide {
#define INPUT float
#define CHANNELS 3
#define KERNEL_H 5
#define KERNEL_W 3
#define STRIDE 2
#define TILE_H 8
#define TILE_W 8
#define WARPS 2
#define BN 32
#define INPUT_VECTOR 4
#define LEAD 2
#define COLUMNS 4
#define SHIFT 0
#include "kernels/cuda/stem.cu"
STEM_CASE
#undef KERNEL_H
#undef KERNEL_W
#undef LEAD
#undef COLUMNS
#undef SHIFT
}  // namespace stem_wide
namespace stem_shifted {
#define KERNEL_H 3
#define KERNEL_W 7
#define LEAD 1
#define COLUMNS 8
#define SHIFT 1
#include "kernels/cuda/stem.cu"
STEM_CASE
#undef KERNEL_W
#undef LEAD
#undef COLUMNS
#undef SHIFT
#undef STRIDE
#undef INPUT_VECTOR
}  // namespace stem_shifted
namespace stem_odd {
#define KERNEL_W 9
#define STRIDE 1
#define INPUT_VECTOR 1
#define LEAD 0
#define COLUMNS 16
#define SHIFT 0
#include "kernels/cuda/stem.cu"
STEM_CASE
#undef SCALAR
#undef COLUMNS
}  // namespace stem_odd
namespace max_last {
#define SCALAR f16
#define KIND 0
#define INDICES 1
#define CHANNELS_LAST 1
#define VECTOR 4
#define CLUSTERS 1
#define WINDOW_H 3
#define WINDOW_W 2
#include "kernels/cuda/plane.cu"
#include "kernels/cuda/pool.cu"
#undef SCALAR
#undef KIND
}  // namespace max_last
namespace average_last {
#define SCALAR float
#define KIND 1
#include "kernels/cuda/plane.cu"
#include "kernels/cuda/pool.cu"
#undef CHANNELS_LAST
#undef VECTOR
#undef CLUSTERS
#undef WINDOW_H
}  // namespace average_last
namespace average_rows {
#define CHANNELS_LAST 0
#define VECTOR 1
#define CLUSTERS 0
#define WINDOW_H 0
#include "kernels/cuda/pool.cu"
}  // namespace average_rows

#undef SCALAR
#undef VECTOR
#undef CLUSTERS
#define FIRST_BIAS float
#define SECOND_BIAS float
#define ACTIVATION_1(x) ((x) < 0 ? 0 : (x))
#define ACTIVATION_2(x) (1 / (1 + __expf(-(x))))
namespace squeeze_held {
#define SCALAR f16
#define VECTOR 8
#define CLUSTERS 1
#define HELD 1
#define HELD_X 1
#include "kernels/cuda/plane.cu"
#include "kernels/cuda/squeeze.cu"
#undef VECTOR
#undef HELD_X
}  // namespace squeeze_held
namespace squeeze_weights_held {
#define VECTOR 4
#define HELD_X 0
#include "kernels/cuda/plane.cu"
#include "kernels/cuda/squeeze.cu"
#undef SCALAR
#undef CLUSTERS
#undef HELD
}  // namespace squeeze_weights_held
namespace squeeze_alone {
#define SCALAR float
#define CLUSTERS 0
#define HELD 0
#include "kernels/cuda/plane.cu"
#include "kernels/cuda/squeeze.cu"
}  // namespace squeeze_alone

template <class T>
std::vector<T> random_items(int64_t count, std::mt19937& random) {
  std::uniform_int_distribution<int> draw(-16, 16);
  std::vector<T> items(static_cast<size_t>(count));
  for (T& x : items) assign(x, static_cast<float>(draw(random)) / 8);
  return items;
}

unsigned blocks(int64_t a, int64_t b) { return static_cast<unsigned>((a + b - 1) / b); }

/// What a block computes.
struct DepthwiseBlock {
  int channels, columns, rows, threads;
};

void expect_depthwise(void (*kernel)(const DepthwiseArgs&), const DepthwiseBlock& block, int kernel_h, int kernel_w, int stride, int dilation, int pad) {
  constexpr int images = 2, height = 11, width = 13, channels = 40;
  std::mt19937 random(8);
  DepthwiseArgs p{};
  p.height = height, p.width = width, p.channels = channels, p.kernel_h = kernel_h, p.kernel_w = kernel_w;
  p.stride_h = p.stride_w = stride, p.dilation_h = p.dilation_w = dilation, p.pad_h = p.pad_w = pad;
  p.out_h = (height + 2 * pad - (kernel_h - 1) * dilation - 1) / stride + 1;
  p.out_w = (width + 2 * pad - (kernel_w - 1) * dilation - 1) / stride + 1;
  const auto x = random_items<f16>(images * height * width * channels, random), w = random_items<f16>(kernel_h * kernel_w * channels, random);
  const auto residual = random_items<f16>(images * p.out_h * p.out_w * channels, random);
  const auto bias = random_items<float>(channels + 8, random);
  auto y = random_items<f16>(images * p.out_h * p.out_w * channels, random);
  const float* aligned_bias = bias.data() + (32 - reinterpret_cast<uintptr_t>(bias.data()) % 32) % 32 / 4;
  p.x = x.data(), p.weights = w.data(), p.bias = aligned_bias, p.residual = residual.data(), p.y = y.data();
  const unsigned count = images * blocks(p.out_h, block.rows) * blocks(p.out_w, block.columns) * blocks(channels, block.channels);
  launch({{count, 1, 1}, static_cast<unsigned>(block.threads), 0}, [&] { kernel(p); });
  for (int64_t at = 0; at < static_cast<int64_t>(y.size()); ++at) {
    const int64_t c = at % channels, ox = at / channels % p.out_w, oy = at / channels / p.out_w % p.out_h, n = at / channels / p.out_w / p.out_h;
    double sum = aligned_bias[c] + to_float(residual[static_cast<size_t>(at)]);
    for (int r = 0; r < kernel_h; ++r)
      for (int s = 0; s < kernel_w; ++s) {
        const int64_t iy = oy * stride - pad + r * dilation, ix = ox * stride - pad + s * dilation;
        if (iy < 0 || ix < 0 || iy >= height || ix >= width) continue;
        sum += double(to_float(x[static_cast<size_t>(((n * height + iy) * width + ix) * channels + c)])) *
               to_float(w[static_cast<size_t>((r * kernel_w + s) * channels + c)]);
      }
    ASSERT_NEAR(to_float(y[static_cast<size_t>(at)]), std::max(0.0, sum), 4e-3 * (1 + std::abs(sum))) << at;
  }
}

TEST(WindowKernels, Depthwise) {
  expect_depthwise([](const DepthwiseArgs& p) { depthwise_tiles::depthwise(p); }, {16, 12, 4, 24}, 3, 3, 2, 2, 2);
  expect_depthwise([](const DepthwiseArgs& p) { depthwise_walk::depthwise(p); }, {24, 8, 6, 12}, 3, 3, 1, 1, 1);
  expect_depthwise([](const DepthwiseArgs& p) { depthwise_walk::depthwise(p); }, {24, 8, 6, 12}, 3, 3, 1, 1, 0);
  expect_depthwise([](const DepthwiseArgs& p) { depthwise_any::depthwise(p); }, {24, 5, 2, 30}, 4, 9, 3, 1, 4);
}

template <class Case>
void expect_stem(int width, int pad) {
  constexpr int images = 2, height = 21, filters = 40, channels = 3, taps = channels * Case::kernel_h * Case::kernel_w;
  constexpr int line = Case::steps * 16 + 8, bn = 32, rows = (filters + bn - 1) / bn * bn;
  std::mt19937 random(9);
  StemArgs p{};
  p.batch = images, p.height = height, p.width = width, p.filters = filters, p.pad_h = p.pad_w = pad;
  p.out_h = (height + 2 * pad - Case::kernel_h) / Case::stride + 1, p.out_w = (width + 2 * pad - Case::kernel_w) / Case::stride + 1;
  auto x = random_items<float>(images * channels * height * width + 4, random);
  const auto bias = random_items<float>(filters, random);
  const auto w = random_items<f16>(filters * taps, random);
  std::vector<f16> arranged(size_t{rows} * line, to_f16(0));
  for (int i = 0; i < filters * taps; ++i)
    arranged[static_cast<size_t>(i / taps * line + i % taps / Case::kernel_w * Case::columns + i % Case::kernel_w + Case::shift)] = w[static_cast<size_t>(i)];
  auto y = random_items<f16>(images * p.out_h * p.out_w * filters, random);
  float* aligned = x.data() + (16 - reinterpret_cast<uintptr_t>(x.data()) % 16) % 16 / 4;
  aligned[5 * width + 7] = NAN;
  p.x = aligned, p.weights = arranged.data(), p.bias = bias.data(), p.y = y.data();
  launch({{3, rows / bn, 1}, Case::threads, Case::bytes}, [&] { Case::run(p); });
  for (int64_t at = 0; at < static_cast<int64_t>(y.size()); ++at) {
    const int64_t f = at % filters, ox = at / filters % p.out_w, oy = at / filters / p.out_w % p.out_h, n = at / filters / p.out_w / p.out_h;
    double sum = bias[static_cast<size_t>(f)];
    for (int k = 0; k < taps; ++k) {
      const int64_t c = k / (Case::kernel_h * Case::kernel_w);
      const int64_t iy = oy * Case::stride - pad + k / Case::kernel_w % Case::kernel_h, ix = ox * Case::stride - pad + k % Case::kernel_w;
      if (iy < 0 || ix < 0 || iy >= height || ix >= width) continue;
      sum += double(aligned[((n * channels + c) * height + iy) * width + ix]) * to_float(w[static_cast<size_t>(f * taps + k)]);
    }
    const float found = to_float(y[static_cast<size_t>(at)]);
    if (std::isnan(sum)) ASSERT_TRUE(std::isnan(found)) << at;
    else ASSERT_NEAR(found, std::max(0.0, sum), 4e-3 * (1 + std::abs(sum))) << at;
  }
}

TEST(WindowKernels, FirstConvolution) {
  expect_stem<stem_wide::Case>(24, 2);
  expect_stem<stem_shifted::Case>(28, 3);
  expect_stem<stem_odd::Case>(19, 4);
}

PoolArgs pool_args(int channels) {
  PoolArgs p{};
  p.channels = channels;
  const int in[] = {1, 9, 10}, kernel[] = {1, 3, 2}, stride[] = {1, 2, 3}, dilation[] = {1, 2, 1}, begin[] = {0, 2, 1}, out[] = {1, 4, 4};
  for (int i = 0; i < 3; ++i) {
    p.in[i] = in[i], p.kernel[i] = kernel[i], p.stride[i] = stride[i], p.dilation[i] = dilation[i], p.begin[i] = begin[i], p.out[i] = out[i];
    p.end[i] = begin[i];
  }
  return p;
}

/// What the window of output (oy, ox) sees of one plane; `at` gives the offset of an input pixel.
template <class At>
void see(const PoolArgs& p, int64_t oy, int64_t ox, At at) {
  for (int r = 0; r < p.kernel[1]; ++r)
    for (int s = 0; s < p.kernel[2]; ++s) {
      const int64_t iy = oy * p.stride[1] - p.begin[1] + r * p.dilation[1], ix = ox * p.stride[2] - p.begin[2] + s * p.dilation[2];
      if (iy >= 0 && ix >= 0 && iy < p.in[1] && ix < p.in[2]) at(iy, ix);
    }
}

TEST(WindowKernels, MaxPoolingWithIndices) {
  constexpr int images = 2, channels = 12;
  PoolArgs p = pool_args(channels);
  std::mt19937 random(10);
  const auto x = random_items<f16>(images * 90 * channels, random);
  auto y = random_items<f16>(images * 16 * channels, random), again = y;
  std::vector<long long> indices(y.size());
  p.outputs = static_cast<long long>(y.size()) / 4;
  p.x = x.data(), p.y = y.data(), p.indices = indices.data();
  launch({{blocks(p.outputs, 256), 1, 1}, 256, 0}, [&] { max_last::pool(p); });
  p.y = again.data(), p.indices = nullptr;
  launch({{blocks(p.outputs, 256), 1, 1}, 256, 0}, [&] { max_last::pool(p); });
  for (int64_t n = 0; n < images; ++n)
    for (int64_t o = 0; o < 16; ++o)
      for (int64_t c = 0; c < channels; ++c) {
        float best = -INFINITY;
        int64_t where = 0;
        see(p, o / 4, o % 4, [&](int64_t iy, int64_t ix) {
          const float value = to_float(x[static_cast<size_t>(((n * 9 + iy) * 10 + ix) * channels + c)]);
          if (value > best) best = value, where = iy * 10 + ix;
        });
        const auto to = static_cast<size_t>((n * 16 + o) * channels + c);
        ASSERT_EQ(to_float(y[to]), best);
        ASSERT_EQ(to_float(again[to]), best);
        ASSERT_EQ(indices[static_cast<size_t>((n * channels + c) * 16 + o)], (n * channels + c) * 90 + where);
      }
}

TEST(WindowKernels, AveragePooling) {
  constexpr int images = 2, channels = 8;
  for (int include = 0; include < 2; ++include) {
    PoolArgs p = pool_args(channels);
    p.include_padding = include;
    std::mt19937 random(11);
    const auto x = random_items<float>(images * 90 * channels, random);
    auto y = random_items<float>(images * 16 * channels, random);
    p.outputs = static_cast<long long>(y.size());
    p.x = x.data(), p.y = y.data();
    launch({{blocks(p.outputs, 256), 1, 1}, 256, 0}, [&] { average_rows::pool(p); });
    for (size_t to = 0; to < y.size(); ++to) {
      double sum = 0;
      int count = 0;
      see(p, static_cast<int64_t>(to) % 16 / 4, static_cast<int64_t>(to) % 4, [&](int64_t iy, int64_t ix) {
        sum += x[to / 16 * 90 + static_cast<size_t>(iy * 10 + ix)];
        ++count;
      });
      // Every window lies inside the padded plane.
      ASSERT_NEAR(y[to], sum / (include ? 6 : count), 1e-5) << to;
    }
  }
}

TEST(WindowKernels, WholePlanes) {
  constexpr int images = 2, channels = 136;
  PoolArgs p{};
  p.channels = channels;
  p.in[0] = 1, p.in[1] = 5, p.in[2] = 7;
  std::mt19937 random(12);
  const auto x = random_items<float>(images * 35 * channels, random);
  auto last = random_items<float>(images * channels, random), rows = last;
  p.outputs = images * channels;
  p.x = x.data(), p.y = last.data();
  for (const unsigned share : {1u, 2u, 8u}) {
    std::fill(last.begin(), last.end(), NAN);
    p.blocks = static_cast<int>(share);
    launch({{1, 1, images * share}, average_last::kPlaneThreads, 15 * channels * 4, share}, [&] { average_last::global_pool(p); });
    for (int64_t at = 0; at < images * channels; ++at) {
      double sum = 0;
      for (int64_t i = 0; i < 35; ++i) sum += x[static_cast<size_t>((at / channels * 35 + i) * channels + at % channels)];
      ASSERT_NEAR(last[static_cast<size_t>(at)], sum / 35, 1e-5) << at << " of " << share;
    }
  }
  p.y = rows.data();
  launch({{blocks(images * channels, 8), 1, 1}, 256, 0}, [&] { average_rows::global_pool(p); });
  for (int64_t n = 0; n < images; ++n)
    for (int64_t c = 0; c < channels; ++c) {
      double within = 0;
      for (int64_t i = 0; i < 35; ++i) within += x[static_cast<size_t>((n * channels + c) * 35 + i)];
      ASSERT_NEAR(rows[static_cast<size_t>(n * channels + c)], within / 35, 1e-5);
    }
}

template <class T>
void expect_squeeze(void (*kernel)(const SqueezeArgs&), int channels, int hidden, int parts, int slices, int vector) {
  constexpr int images = 2, pixels = 150, full = 16 / static_cast<int>(sizeof(T));
  SCOPED_TRACE(testing::Message() << channels << " channels, " << parts << " x " << slices);
  const int share = parts * slices;
  SqueezeArgs p{};
  p.pixels = pixels, p.channels = channels, p.hidden = hidden, p.parts = parts, p.slices = slices;
  p.first_line = (channels + full - 1) / full * full, p.second_line = (hidden + full - 1) / full * full;
  p.chunk = (p.first_line / full + parts - 1) / parts * full, p.span = (pixels + slices - 1) / slices;
  const size_t shared_bytes = size_t{4} * (std::max(512 * vector, p.chunk) + 2 * (p.chunk + p.second_line)) +
                              sizeof(T) * static_cast<size_t>(p.chunk * (p.hidden + p.second_line + p.span));
  std::mt19937 random(13);
  auto x = random_items<T>(images * pixels * channels, random), first = random_items<T>(hidden * p.first_line, random);
  auto second = random_items<T>(channels * p.second_line, random), y = random_items<T>(images * pixels * channels, random);
  const auto first_bias = random_items<float>(hidden, random), second_bias = random_items<float>(channels, random);
  p.x = x.data(), p.y = y.data(), p.first = first.data(), p.second = second.data();
  p.first_bias = first_bias.data(), p.second_bias = second_bias.data();
  launch({{1, 1, static_cast<unsigned>(images * share)}, 512, shared_bytes, static_cast<unsigned>(share)}, [&] { kernel(p); });
  const auto at = [](const auto& items, int64_t i) { return double(to_float(items[static_cast<size_t>(i)])); };
  for (int64_t n = 0; n < images; ++n) {
    std::vector<double> mean(static_cast<size_t>(channels)), inner(static_cast<size_t>(hidden));
    for (int64_t i = 0; i < pixels * channels; ++i) mean[static_cast<size_t>(i % channels)] += at(x, n * pixels * channels + i) / pixels;
    for (int64_t j = 0; j < hidden; ++j) {
      double sum = first_bias[static_cast<size_t>(j)];
      for (int64_t c = 0; c < channels; ++c) sum += at(first, j * p.first_line + c) * mean[static_cast<size_t>(c)];
      inner[static_cast<size_t>(j)] = std::max(0.0, sum);
    }
    for (int64_t i = 0; i < pixels * channels; ++i) {
      double sum = second_bias[static_cast<size_t>(i % channels)];
      for (int64_t j = 0; j < hidden; ++j) sum += at(second, i % channels * p.second_line + j) * inner[static_cast<size_t>(j)];
      const double expected = at(x, n * pixels * channels + i) / (1 + std::exp(-sum));
      ASSERT_NEAR(at(y, n * pixels * channels + i), expected, 4e-3 * (1 + std::abs(expected))) << n << " " << i;
    }
  }
}

TEST(WindowKernels, SqueezeAndExcite) {
  const auto held = [](const SqueezeArgs& p) { squeeze_held::squeeze(p); };
  expect_squeeze<f16>(held, 40, 10, 1, 4, 8);
  expect_squeeze<f16>(held, 136, 12, 8, 1, 8);
  expect_squeeze<f16>(held, 72, 20, 4, 2, 8);
  expect_squeeze<f16>([](const SqueezeArgs& p) { squeeze_weights_held::squeeze(p); }, 36, 9, 2, 2, 4);
  expect_squeeze<float>([](const SqueezeArgs& p) { squeeze_alone::squeeze(p); }, 44, 21, 1, 1, 4);
}

}  // namespace
}  // namespace tenon::core::emulated
