#include "kernels/cpu/winograd.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/checked.h"
#include "kernels/cpu/matrix_tile.h"
#include "kernels/cpu/winograd_transform.h"

namespace tenon::core::cpu {
namespace {

constexpr int64_t kBlockFloats =
    1 << 18;  // tiles of one block, before and after the products: in the second-level cache
constexpr int64_t kPhaseFloats = 1 << 21;  // the same when all threads share them
constexpr int64_t kVector = 16;

/// G of F(4x4, 3x3) and F(2x2, 3x3).
constexpr std::array<std::array<double, 3>, 6> kFour{{{1.0 / 4, 0, 0},
                                                      {-1.0 / 6, -1.0 / 6, -1.0 / 6},
                                                      {-1.0 / 6, 1.0 / 6, -1.0 / 6},
                                                      {1.0 / 24, 1.0 / 12, 1.0 / 6},
                                                      {1.0 / 24, -1.0 / 12, 1.0 / 6},
                                                      {0, 0, 1}}};
constexpr std::array<std::array<double, 3>, 4> kTwo{{{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}}};

/// One number of each of several filters.
constexpr int64_t kLanes = 16;
using Lanes = std::array<double, kLanes>;

/// G w G' of 3x3 kernels side by side.
template <size_t side>
void transform(const std::array<std::array<double, 3>, side>& g, const std::array<Lanes, 9>& w, Lanes* to) {
  for (size_t i = 0; i < side; ++i) {
    std::array<Lanes, 3> row{};  // i of G w
    for (size_t k = 0; k < 3; ++k)
      for (size_t j = 0; j < 3; ++j)
        for (size_t l = 0; l < kLanes; ++l) row[j][l] += g[i][k] * w[k * 3 + j][l];
    for (size_t j = 0; j < side; ++j, ++to)
      for (size_t l = 0; l < kLanes; ++l) (*to)[l] = g[j][0] * row[0][l] + g[j][1] * row[1][l] + g[j][2] * row[2][l];
  }
}

int64_t panels_of(int64_t filters) { return (filters + matrix_panel() - 1) / matrix_panel(); }

}  // namespace

/// Tiles [first, first + count) and where they lie: [position][tile][channel], then [position][tile][filter].
struct WinogradKernel::Block {
  int64_t first, count;
  float *inputs, *products;
};

int64_t WinogradKernel::packed_floats(int64_t tile, int64_t channels, int64_t filters) {
  return checked_mul(checked_mul((tile + 2) * (tile + 2), panels_of(filters)), checked_mul(matrix_panel(), channels));
}

void WinogradKernel::pack(const float* w, int64_t tile, int64_t channels, int64_t filters, float* to) {
  const int64_t positions = (tile + 2) * (tile + 2), panel = matrix_panel(), panels = panels_of(filters), lanes = std::min(panel, kLanes);
  std::array<Lanes, 9> taps{};
  std::array<Lanes, 36> values;
  for (int64_t first = 0; first < panels * panel; first += lanes) {
    const int64_t count = std::clamp<int64_t>(filters - first, 0, lanes);
    for (Lanes& tap : taps) tap.fill(0);
    for (int64_t c = 0; c < channels; ++c) {
      for (int64_t l = 0; l < count; ++l)
        for (size_t t = 0; t < 9; ++t) taps[t][static_cast<size_t>(l)] = w[((first + l) * channels + c) * 9 + static_cast<int64_t>(t)];
      tile == 4 ? transform(kFour, taps, values.data()) : transform(kTwo, taps, values.data());
      float* at = to + (first / panel * channels + c) * panel + first % panel;
      for (int64_t p = 0; p < positions; ++p, at += panels * channels * panel)
        for (int64_t l = 0; l < lanes; ++l) at[l] = static_cast<float>(values[static_cast<size_t>(p)][static_cast<size_t>(l)]);
    }
  }
}

WinogradKernel::WinogradKernel(const WinogradShape& s, bool phases, int lanes) : s_(s), phases_(phases), lanes_(lanes) {
  rows_ = (s.out_height + s.tile - 1) / s.tile;
  columns_ = (s.out_width + s.tile - 1) / s.tile;
  depth_ = round_up(s.channels, kVector);
  filters_ = round_up(s.filters, kVector);
  // Each block reads all weights: a block should not be smaller than they are.
  const int64_t per_tile = s.positions() * (depth_ + filters_), weights = s.positions() * depth_ * filters_;
  const int64_t wanted = std::max(phases ? kPhaseFloats : kBlockFloats, weights) / per_tile / 6 * 6;
  const int64_t most = phases ? tiles() : (tiles() + lanes - 1) / lanes;
  block_ = std::max<int64_t>(1, std::min(most, std::max<int64_t>(12, wanted)));
}

int64_t WinogradKernel::workspace_bytes() const {
  return checked_mul(checked_mul(phases_ ? 1 : lanes_, block_floats()), static_cast<int64_t>(sizeof(float)));
}

void WinogradKernel::load_tiles(const WinogradArgs& args, const Block& b, int64_t begin, int64_t end) const {
  for (int64_t t = begin; t < end; ++t) {
    const int64_t index = b.first + t, image = index / (rows_ * columns_), within = index % (rows_ * columns_);
    const int64_t y = within / columns_ * s_.tile - s_.pad_top, x = within % columns_ * s_.tile - s_.pad_left;
    InputTile tile;
    tile.top = std::clamp<int64_t>(-y, 0, s_.side());
    tile.left = std::clamp<int64_t>(-x, 0, s_.side());
    tile.rows = std::max<int64_t>(0, std::min(s_.side(), s_.height - y) - tile.top);
    tile.columns = std::max<int64_t>(0, std::min(s_.side(), s_.width - x) - tile.left);
    tile.channels = s_.channels;
    tile.row = s_.width * s_.channels;
    tile.x = args.x + ((image * s_.height + y + tile.top) * s_.width + x + tile.left) * s_.channels;
    winograd_input(s_.tile, tile, b.inputs + t * depth_, b.count * depth_);
  }
}

void WinogradKernel::multiply(const WinogradArgs& args, const Block& b, int64_t position, int64_t first,
                              int64_t last) const {
  const int64_t panel = matrix_panel(), stride = panel * s_.channels;
  multiply_packed(b.inputs + position * b.count * depth_, depth_,
                  args.weights + (position * panels_of(s_.filters) + first) * stride,
                  b.products + position * b.count * filters_ + first * panel, filters_, b.count, s_.channels,
                  std::min(s_.filters, last * panel) - first * panel, stride, 1);
}

void WinogradKernel::store_tiles(const WinogradArgs& args, const Block& b, int64_t begin, int64_t end) const {
  for (int64_t t = begin; t < end; ++t) {
    const int64_t index = b.first + t, image = index / (rows_ * columns_), within = index % (rows_ * columns_);
    const int64_t y = within / columns_ * s_.tile, x = within % columns_ * s_.tile;
    const int64_t at = ((image * s_.out_height + y) * s_.out_width + x) * s_.filters;
    OutputTile tile{args.y + at,
                    s_.out_width * s_.filters,
                    std::min(s_.tile, s_.out_height - y),
                    std::min(s_.tile, s_.out_width - x),
                    s_.filters,
                    args.bias};
    winograd_output(s_.tile, b.products + t * filters_, b.count * filters_, tile);
    for (int64_t r = 0; r < tile.rows; ++r) finish_row(args, at + r * tile.row, tile.columns * s_.filters);
  }
}

void WinogradKernel::finish_row(const WinogradArgs& args, int64_t at, int64_t count) const {
  static const StripFunction add = find_f32_function("add", 0);
  float* y = args.y + at;
  if (args.residual) add({y, {y, args.residual + at, nullptr}, count, 0, 0});
  if (args.activation) args.activation({y, {y, nullptr, nullptr}, count, args.alpha, args.beta});
}

void WinogradKernel::run(const WinogradArgs& args, std::byte* workspace, Threads& threads) const {
  auto* memory = reinterpret_cast<float*>(workspace);
  const int64_t blocks = (tiles() + block_ - 1) / block_, panels = panels_of(s_.filters);
  const auto block = [&](int64_t i, float* at) {
    const int64_t count = std::min(block_, tiles() - i * block_);
    return Block{i * block_, count, at, at + s_.positions() * count * depth_};
  };
  if (!phases_) {
    threads.parallel(std::min(lanes_, blocks), [&](int64_t lane) {
      const int64_t lanes = std::min(lanes_, blocks), end = blocks * (lane + 1) / lanes;
      for (int64_t i = blocks * lane / lanes; i < end; ++i) {
        const Block b = block(i, memory + lane * block_floats());
        load_tiles(args, b, 0, b.count);
        for (int64_t p = 0; p < s_.positions(); ++p) multiply(args, b, p, 0, panels);
        store_tiles(args, b, 0, b.count);
      }
    });
    return;
  }
  for (int64_t i = 0; i < blocks; ++i) {
    const Block b = block(i, memory);
    threads.parallel_ranges(b.count, 1, [&](int64_t begin, int64_t end) { load_tiles(args, b, begin, end); });
    threads.parallel(s_.positions(), [&](int64_t p) { multiply(args, b, p, 0, panels); });
    threads.parallel_ranges(b.count, 1, [&](int64_t begin, int64_t end) { store_tiles(args, b, begin, end); });
  }
}

}  // namespace tenon::core::cpu
