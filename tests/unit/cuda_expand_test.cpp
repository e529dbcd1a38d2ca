// The text of expand.cu, emulated, against plain sums.
#include <gtest/gtest.h>

#include "emulate.h"

namespace tenon::core::emulated {
namespace {

#define ACTIVATION_1(x) at_most(at_least(x, 0), 6)
#define ACTIVATION_2(x) __fdividef(1, 1 + __expf(-(x)))
#define EXPAND_CASE                                                                                                                    \
  struct Case {                                                                                                                        \
    typedef SCALAR Scalar;                                                                                                             \
    static constexpr int line = LINE, channels = CHANNELS, threads = kThreads, tile_h = TILE_H, tile_w = TILE_W, kernel_h = KERNEL_H, kernel_w = KERNEL_W, \
                         stride_h = STRIDE_H, stride_w = STRIDE_W, rows = kRows, columns = kColumns, tile_bytes = kTileBytes;           \
    static void run(const ExpandArgs& p) { expand(p); }                                                                                \
  };
namespace expand_halves {
#define SCALAR f16
#define LINE 32
#define CHANNELS 32
#define WARPS 4
#define TILE_H 4
#define TILE_W 7
#define RUN 7
#define KERNEL_H 3
#define KERNEL_W 3
#define STRIDE_H 1
#define STRIDE_W 1
#define TENSOR_CORES 1
#include "kernels/cuda/expand.cu"
EXPAND_CASE
#undef SCALAR
#undef CHANNELS
#undef WARPS
#undef TILE_W
#undef RUN
#undef KERNEL_H
#undef KERNEL_W
#undef STRIDE_H
#undef STRIDE_W
}  // namespace expand_halves
namespace expand_steps {
#define SCALAR bf16
#define CHANNELS 48
#define WARPS 6
#define TILE_W 8
#define RUN 4
#define KERNEL_H 5
#define KERNEL_W 3
#define STRIDE_H 2
#define STRIDE_W 2
#include "kernels/cuda/expand.cu"
EXPAND_CASE
#undef SCALAR
#undef LINE
}  // namespace expand_steps
namespace expand_floats {
#define SCALAR float
#define LINE 24
#include "kernels/cuda/expand.cu"
EXPAND_CASE
#undef TENSOR_CORES
}  // namespace expand_floats
namespace expand_plain {
#define TENSOR_CORES 0
#include "kernels/cuda/expand.cu"
EXPAND_CASE
#undef SCALAR
#undef LINE
}  // namespace expand_plain
namespace expand_nothing {
#define SCALAR f16
#define LINE 0
#include "kernels/cuda/expand.cu"
EXPAND_CASE
#undef SCALAR
}  // namespace expand_nothing

template <class T>
std::vector<T> random_pixels(int64_t count, std::mt19937& random) {
  std::uniform_int_distribution<int> draw(-16, 16);
  std::vector<T> items(static_cast<size_t>(count));
  for (T& x : items) assign(x, static_cast<float>(draw(random)) / 8);
  return items;
}

unsigned parts(int64_t a, int64_t b) { return static_cast<unsigned>((a + b - 1) / b); }

/// The address of `items` and of `count` more at a multiple of 16.
template <class T>
T* aligned_items(std::vector<T>& items) {
  return items.data() + (16 - reinterpret_cast<uintptr_t>(items.data()) % 16) % 16 / sizeof(T);
}

template <class Case>
void expect_expansion(int height, int width, int pad) {
  typedef typename Case::Scalar Scalar;
  constexpr int images = 2, channels = 56, spread = (channels + Case::channels - 1) / Case::channels * Case::channels, spare = 16;
  constexpr int inputs = Case::line == 0 ? channels : 24, taps = Case::kernel_h * Case::kernel_w;
  std::mt19937 random(12);
  ExpandArgs p{};
  p.height = height, p.width = width, p.inputs = inputs, p.channels = channels, p.pad_h = p.pad_w = pad, p.line = spread;
  p.out_h = (height + 2 * pad - Case::kernel_h) / Case::stride_h + 1, p.out_w = (width + 2 * pad - Case::kernel_w) / Case::stride_w + 1;
  auto x = random_pixels<Scalar>(images * height * width * inputs + spare, random), first = random_pixels<Scalar>(spread * std::max(1, Case::line) + spare, random);
  auto second = random_pixels<float>(taps * spread + spare, random), first_bias = random_pixels<float>(spread + spare, random), second_bias = random_pixels<float>(spread + spare, random);
  auto y = random_pixels<Scalar>(images * p.out_h * p.out_w * channels + spare, random);
  Scalar *from = aligned_items(x), *lines = aligned_items(first), *to = aligned_items(y);
  for (int c = 0; c < spread; ++c)
    for (int k = inputs; k < Case::line; ++k) assign(lines[c * Case::line + k], 0);
  p.x = from, p.first = lines, p.second = aligned_items(second), p.first_bias = aligned_items(first_bias), p.second_bias = aligned_items(second_bias), p.y = to;
  const unsigned count = images * parts(p.out_h, Case::tile_h) * parts(p.out_w, Case::tile_w) * parts(channels, Case::channels);
  const int pixels = (std::min(Case::rows, height) * std::min(Case::columns, width) + 15) / 16 * 16;
  const size_t bytes = Case::tile_bytes + (Case::line == 0 ? 0 : (Case::channels + pixels) * (Case::line * sizeof(Scalar) + 16));
  launch({{count, 1, 1}, Case::threads, bytes}, [&] { Case::run(p); });
  const auto middle = [&](int64_t n, int64_t iy, int64_t ix, int64_t c) {
    const Scalar* pixel = from + ((n * height + iy) * width + ix) * inputs;
    if (Case::line == 0) return double(to_float(pixel[c]));
    double sum = p.first_bias[c];
    for (int k = 0; k < inputs; ++k) sum += double(to_float(pixel[k])) * to_float(lines[c * Case::line + k]);
    Scalar rounded;
    assign(rounded, static_cast<float>(std::clamp(sum, 0.0, 6.0)));
    return double(to_float(rounded));
  };
  for (int64_t at = 0; at < int64_t{images} * p.out_h * p.out_w * channels; ++at) {
    const int64_t c = at % channels, ox = at / channels % p.out_w, oy = at / channels / p.out_w % p.out_h, n = at / channels / p.out_w / p.out_h;
    double sum = p.second_bias[c];
    for (int k = 0; k < taps; ++k) {
      const int64_t iy = oy * Case::stride_h - pad + k / Case::kernel_w, ix = ox * Case::stride_w - pad + k % Case::kernel_w;
      if (iy >= 0 && ix >= 0 && iy < height && ix < width) sum += middle(n, iy, ix, c) * static_cast<const float*>(p.second)[k * spread + c];
    }
    const double expected = 1 / (1 + std::exp(-sum)), range = sizeof(Scalar) == 2 ? 8e-3 : 2e-4;
    ASSERT_NEAR(to_float(to[at]), expected, range) << at;
  }
}

TEST(ExpandKernel, AgreesWithPlainSums) {
  expect_expansion<expand_halves::Case>(9, 16, 1);
  expect_expansion<expand_halves::Case>(5, 5, 0);
  expect_expansion<expand_steps::Case>(17, 35, 2);
  expect_expansion<expand_floats::Case>(7, 7, 1);
  expect_expansion<expand_plain::Case>(7, 9, 1);
  expect_expansion<expand_nothing::Case>(12, 19, 2);
}

}  // namespace
}  // namespace tenon::core::emulated
