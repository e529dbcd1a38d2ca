#pragma once
#include <cstddef>
#include <cstdint>

#include "base/threads.h"
#include "kernels/cpu/strip_functions.h"

namespace tenon::core::cpu {

/// A 3x3 convolution of stride 1 in channels-last order, by output tiles of tile x tile pixels (2 or 4):
///   y = A' [ sum over channels of (G w G') * (B' x B) ] A
struct WinogradShape {
  int64_t tile = 4;
  int64_t batch = 0, height = 0, width = 0, channels = 0, filters = 0;  // of x, and of y in `filters`
  int64_t out_height = 0, out_width = 0, pad_top = 0, pad_left = 0;
  int64_t side() const { return tile + 2; }
  int64_t positions() const { return side() * side(); }
};

struct WinogradArgs {
  const float *x, *weights, *bias, *residual;  // bias and residual may be null; weights as `pack` makes them
  float* y;
  StripFunction activation;  // may be null
  float alpha, beta;
};

/// Either each thread takes blocks of tiles through all three steps ("blocks"), or all threads make each step together,
/// cutting the products by position ("phases"): better where the weights are larger than the tiles.
class WinogradKernel {
 public:
  WinogradKernel(const WinogradShape&, bool phases, int lanes);
  int64_t workspace_bytes() const;
  void run(const WinogradArgs&, std::byte* workspace, Threads&) const;

  static int64_t packed_floats(int64_t tile, int64_t channels, int64_t filters);
  /// From w [filters, channels, 3, 3].
  static void pack(const float* w, int64_t tile, int64_t channels, int64_t filters, float* to);

 private:
  struct Block;
  int64_t tiles() const { return s_.batch * rows_ * columns_; }
  int64_t block_floats() const { return s_.positions() * block_ * (depth_ + filters_); }
  void load_tiles(const WinogradArgs&, const Block&, int64_t begin, int64_t end) const;
  void multiply(const WinogradArgs&, const Block&, int64_t position, int64_t first_panel, int64_t last_panel) const;
  void store_tiles(const WinogradArgs&, const Block&, int64_t begin, int64_t end) const;
  void finish_row(const WinogradArgs&, int64_t at, int64_t count) const;

  WinogradShape s_;
  bool phases_;
  int64_t lanes_, rows_, columns_;   // tiles per column and row of an image
  int64_t depth_, filters_, block_;  // channels and filters filled up to whole vectors; tiles in a block
};

}  // namespace tenon::core::cpu
