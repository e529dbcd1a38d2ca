// The texts of flash_attention.cu and attention_rows.cu, emulated, against plain sums.
#include <gtest/gtest.h>

#include "emulate.h"

namespace tenon::core::emulated {
namespace {

constexpr int shared_bytes(int stages, int parts) { return stages > parts ? stages : parts; }

namespace masked {
#define PRECISE 0
#define SCALAR f16
#define MASK 1
#define MASK_TYPE float
#define SINK float
#define WARPS 2
#define TILES 1
#define PIECES 1
#define KEYS 32
#define STAGES 2
#define MASK_ROWS 1
#define MASK_VECTOR 1
#define DEPTH 48
#define WIDTH 32
#define VECTOR 4
#include "kernels/cuda/attention_mask.cu"
#include "kernels/cuda/flash_attention.cu"
struct Case {
  typedef f16 Scalar;
  static constexpr int depth = 44, width = 28, queries = kQueries, threads = kThreads, shared = shared_bytes(kQueryBytes + STAGES * kStageBytes, kPartBytes);
  static void run(const AttentionArgs& p) { flash_attention(p); }
};
#undef DEPTH
#undef WIDTH
#undef VECTOR
#undef HIDDEN
}  // namespace masked
namespace narrow {
#undef MASK
#define MASK 0
#undef WARPS
#define WARPS 1
#undef PIECES
#define PIECES 2
#undef STAGES
#define STAGES 3
#undef TILES
#define TILES 2
#define DEPTH 64
#define WIDTH 64
#define VECTOR 8
#include "kernels/cuda/attention_mask.cu"
#include "kernels/cuda/flash_attention.cu"
struct Case {
  typedef f16 Scalar;
  static constexpr int depth = 64, width = 64, queries = kQueries, threads = kThreads, shared = shared_bytes(kQueryBytes + STAGES * kStageBytes, kPartBytes);
  static void run(const AttentionArgs& p) { flash_attention(p); }
};
#undef SCALAR
#undef MASK
#undef WARPS
#undef DEPTH
#undef WIDTH
#undef VECTOR
#undef HIDDEN
#undef PIECES
#define WARPS 2
#define PIECES 1
}  // namespace narrow
/// Masks of booleans, one row for all queries; others are added and have rows.
template <class C>
constexpr bool has_shown_keys = requires { C::shown_keys; };

namespace shared_keys {
#define SCALAR f16
#define MASK 2
#undef MASK_TYPE
#define MASK_TYPE bool
#undef WARPS
#define WARPS 1
#undef PIECES
#define PIECES 4
#undef KEYS
#define KEYS 16
#undef MASK_VECTOR
#define MASK_VECTOR 2
#undef MASK_ROWS
#define MASK_ROWS 0
#define DEPTH 32
#define WIDTH 48
#define VECTOR 2
#include "kernels/cuda/attention_mask.cu"
#include "kernels/cuda/flash_attention.cu"
struct Case {
  typedef f16 Scalar;
  static constexpr int shown_keys = 1, depth = 32, width = 46, queries = kQueries, threads = kThreads, shared = shared_bytes(kQueryBytes + STAGES * kStageBytes, kPartBytes);
  static void run(const AttentionArgs& p) { flash_attention(p); }
};
#undef SCALAR
#undef MASK
#undef WARPS
#undef PIECES
#undef KEYS
#undef DEPTH
#undef WIDTH
#undef VECTOR
#undef HIDDEN
#undef MASK_TYPE
#define MASK_TYPE float
#define WARPS 2
#define PIECES 1
#define KEYS 32
}  // namespace shared_keys
namespace wide {
#define SCALAR bf16
#define MASK 0
#define DEPTH 64
#define WIDTH 80
#define VECTOR 8
#include "kernels/cuda/attention_mask.cu"
#include "kernels/cuda/flash_attention.cu"
struct Case {
  typedef bf16 Scalar;
  static constexpr int depth = 64, width = 80, queries = kQueries, threads = kThreads, shared = shared_bytes(kQueryBytes + STAGES * kStageBytes, kPartBytes);
  static void run(const AttentionArgs& p) { flash_attention(p); }
};
#undef SCALAR
#undef MASK
#undef HIDDEN
}  // namespace wide
#define SCALAR float
#define MASK 0
#undef VECTOR
namespace floats {
#define VECTOR 4
#include "kernels/cuda/attention_mask.cu"
#include "kernels/cuda/flash_attention.cu"
struct Case {
  typedef float Scalar;
  static constexpr bool tf32 = true;
  static constexpr int depth = 64, width = 80, queries = kQueries, threads = kThreads, shared = shared_bytes(kQueryBytes + STAGES * kStageBytes, kPartBytes);
  static void run(const AttentionArgs& p) { flash_attention(p); }
};
#undef VECTOR
#undef HIDDEN
#undef MASK
#undef PRECISE
#undef TILES
}  // namespace floats
namespace floats_in_parts {
#define PRECISE 1
#define MASK 1
#define VECTOR 1
#define TILES 1
#undef PIECES
#define PIECES 2
#undef MASK_ROWS
#define MASK_ROWS 1
#include "kernels/cuda/attention_mask.cu"
#include "kernels/cuda/flash_attention.cu"
struct Case {
  typedef float Scalar;
  static constexpr int depth = 61, width = 77, queries = kQueries, threads = kThreads, shared = shared_bytes(kQueryBytes + STAGES * kStageBytes, kPartBytes);
  static void run(const AttentionArgs& p) { flash_attention(p); }
};
#undef HIDDEN
}  // namespace floats_in_parts
namespace rows {
#include "kernels/cuda/attention_mask.cu"
#include "kernels/cuda/attention_rows.cu"
struct Case {
  typedef float Scalar;
  static constexpr int depth = 19, width = 37, queries = kWarps, threads = kWarps * 32, shared = kWarps * (depth + width) * 4;
  static void run(const AttentionArgs& p) { attention_rows(p); }
};
}  // namespace rows

struct Options {
  int left = -1, right = -1;
  float softcap = 0;
  bool mask = false, lengths = false, offset = false, sink = false;
};

template <class T>
std::vector<T> random_items(int64_t count, std::mt19937& random) {
  std::uniform_int_distribution<int> draw(-16, 16);
  std::vector<T> items(static_cast<size_t>(count));
  const float more = sizeof(T) == 4 ? 1.00013f : 1.0f;  // bits that narrower types lose
  for (T& x : items) assign(x, static_cast<float>(draw(random)) / 8 * more);
  return items;
}

constexpr double tolerance(f16) { return 4e-3; }
constexpr double tolerance(bf16) { return 3e-2; }
constexpr double tolerance(float) { return 1e-5; }
template <class C>
constexpr bool is_rounded = requires { C::tf32; };

template <class Case>
void expect_attention(int batch, int heads, int groups, int queries, int keys, const Options& o) {
  using T = typename Case::Scalar;
  SCOPED_TRACE(testing::Message() << queries << " queries, " << keys << " keys");
  constexpr int depth = Case::depth, width = Case::width;
  std::mt19937 random(6);
  // Heads lie inside the rows.
  const auto q = random_items<T>(int64_t{batch} * queries * heads * depth, random), k = random_items<T>(int64_t{batch} * keys * groups * depth, random);
  const auto v = random_items<T>(int64_t{batch} * keys * groups * width, random);
  auto y = random_items<T>(int64_t{batch} * queries * heads * width, random);
  const int columns = keys - 1;
  auto mask = random_items<float>(int64_t{batch} * queries * columns, random);
  for (float& m : mask)
    if (random() % 3 == 0) m = -INFINITY;
  std::vector<char> shown;
  for (int i = 0; i < batch * columns; ++i) shown.push_back(random() % 3 != 0);
  if (has_shown_keys<Case>)
    for (size_t i = 0; i < mask.size(); ++i)
      mask[i] = shown[i / static_cast<size_t>(queries * columns) * static_cast<size_t>(columns) + i % static_cast<size_t>(columns)] ? 0 : -INFINITY;
  const auto sink = random_items<float>(heads, random);
  std::vector<long long> lengths, offset{3};
  for (int b = 0; b < batch; ++b) lengths.push_back(b == 0 ? keys : keys / 3);

  AttentionArgs p{};
  p.q = q.data(), p.k = k.data(), p.v = v.data(), p.y = y.data();
  if (o.mask) p.mask = mask.data(), p.mask_columns = columns, p.mask_step = {int64_t{queries} * columns, 0, columns};
  if (o.mask && has_shown_keys<Case>) p.mask = shown.data(), p.mask_step = {columns, 0, 0};
  if (o.lengths) p.lengths = lengths.data();
  if (o.offset) p.offsets = offset.data();
  if (o.sink) p.sink = sink.data();
  p.q_step = {int64_t{queries} * heads * depth, depth, int64_t{heads} * depth};
  p.k_step = {int64_t{keys} * groups * depth, depth, int64_t{groups} * depth};
  p.v_step = {int64_t{keys} * groups * width, width, int64_t{groups} * width};
  p.y_step = {int64_t{queries} * heads * width, width, int64_t{heads} * width};
  p.heads = heads, p.groups = groups, p.queries = queries, p.keys = keys, p.depth = depth, p.width = width;
  p.left = o.left, p.right = o.right, p.scale = 0.2f, p.softcap = o.softcap;
  Grid grid;
  grid.blocks = {static_cast<unsigned>((queries + Case::queries - 1) / Case::queries), static_cast<unsigned>(heads), static_cast<unsigned>(batch)};
  grid.threads = Case::threads;
  grid.shared_bytes = Case::shared;
  launch(grid, [&] { Case::run(p); });

  for (int b = 0; b < batch; ++b)
    for (int h = 0; h < heads; ++h)
      for (int i = 0; i < queries; ++i) {
        const int group = h / (heads / groups), position = i + (o.offset ? 3 : 0);
        std::vector<double> score(static_cast<size_t>(keys), -INFINITY);
        double top = o.sink ? sink[static_cast<size_t>(h)] : -INFINITY, sum = 0;
        bool any = false;
        for (int j = 0; j < keys; ++j) {
          if (o.lengths && j >= lengths[static_cast<size_t>(b)]) continue;
          if ((o.left >= 0 && j < position - o.left) || (o.right >= 0 && j > position + o.right)) continue;
          double s = 0;
          for (int d = 0; d < depth; ++d)
            s += double(to_float(q[static_cast<size_t>(((b * queries + i) * heads + h) * depth + d)])) *
                 to_float(k[static_cast<size_t>(((b * keys + j) * groups + group) * depth + d)]);
          s *= 0.2;
          if (o.softcap > 0) s = o.softcap * std::tanh(s / o.softcap);
          if (o.mask) s += j < columns ? mask[static_cast<size_t>((b * queries + i) * columns + j)] : -INFINITY;
          score[static_cast<size_t>(j)] = s;
          any |= s != -INFINITY;
          top = std::max(top, s);
        }
        for (double& s : score) sum += s = any ? std::exp(s - top) : 0;
        if (o.sink) sum += std::exp(sink[static_cast<size_t>(h)] - top);
        for (int e = 0; e < width; ++e) {
          double expected = 0;
          for (int j = 0; any && j < keys; ++j)
            expected += score[static_cast<size_t>(j)] / sum * to_float(v[static_cast<size_t>(((b * keys + j) * groups + group) * width + e)]);
          const float found = to_float(y[static_cast<size_t>(((b * queries + i) * heads + h) * width + e)]);
          ASSERT_NEAR(found, expected, (is_rounded<Case> ? 4e-3 : tolerance(T{})) * (1 + std::abs(expected))) << b << " " << h << " " << i << " " << e;
        }
      }
}

const Options kPlain, kCausal{-1, 0}, kWindow{9, 2, 1.5f, true, false, true}, kMasked{-1, -1, 0, true, true, false, true};
const Options kEverything{20, 5, 0.7f, true, true, true, true};

TEST(AttentionKernel, Flash) {
  expect_attention<wide::Case>(2, 2, 1, 70, 70, kPlain);
  expect_attention<wide::Case>(1, 3, 3, 33, 90, kCausal);
  for (const Options& o : {kWindow, kMasked, kEverything}) expect_attention<masked::Case>(2, 4, 2, 37, 75, o);
  expect_attention<narrow::Case>(1, 2, 1, 40, 65, kCausal);
  expect_attention<narrow::Case>(1, 2, 1, 17, 300, kPlain);
  expect_attention<shared_keys::Case>(2, 4, 2, 33, 75, kMasked);
  expect_attention<shared_keys::Case>(1, 1, 1, 20, 251, kEverything);
}

TEST(AttentionKernel, FlashOfFloats) {
  expect_attention<floats::Case>(2, 2, 1, 70, 70, kPlain);
  expect_attention<floats::Case>(1, 2, 1, 40, 65, kCausal);
  expect_attention<floats_in_parts::Case>(1, 2, 1, 33, 90, {-1, 0, 0, true});
  for (const Options& o : {kWindow, kMasked, kEverything}) expect_attention<floats_in_parts::Case>(2, 4, 2, 37, 75, o);
}

TEST(AttentionKernel, Rows) {
  for (const Options& o : {kWindow, kMasked, kEverything}) expect_attention<rows::Case>(2, 4, 2, 9, 75, o);
}

}  // namespace
}  // namespace tenon::core::emulated
