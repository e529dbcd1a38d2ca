#pragma once
#include <cstdint>

namespace tenon::core::cpu {

/// One tile of input pixels: `rows` x `columns` of them are inside the image, the first at (top, left) of the tile.
struct InputTile {
  const float* x;  // the first pixel inside
  int64_t row;     // floats from a row to the next; pixels are `channels` apart
  int64_t top, left, rows, columns, channels;
};
/// to[position * step + c] for every position and channel.
void winograd_input(int64_t tile, const InputTile&, float* to, int64_t step);

/// One tile of output pixels, of which `rows` x `columns` are inside the image.
struct OutputTile {
  float* y;
  int64_t row, rows, columns, filters;
  const float* bias;  // may be null
};
void winograd_output(int64_t tile, const float* from, int64_t step, const OutputTile&);

}  // namespace tenon::core::cpu
