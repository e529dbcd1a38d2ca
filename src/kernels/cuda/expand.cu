// A convolution of each channel by itself, channels last, over a tile in shared memory; the tile is a 1x1 convolution of x, or
// x itself. A block computes TILE_H x TILE_W outputs of CHANNELS channels. Compiled with: SCALAR; LINE (elements of x and of weights for a
// pixel and a channel, padded with zeros to 32 bytes; 0: the tile is x), CHANNELS (a multiple of 16), WARPS, TILE_H, TILE_W, RUN
// (outputs of a thread at a time, in a row of the tile), KERNEL_H, KERNEL_W, STRIDE_H, STRIDE_W, TENSOR_CORES, ACTIVATION_1(x), ACTIVATION_2(x).
static_assert(TILE_W % RUN == 0 && CHANNELS % 16 == 0, "whole runs, whole products");

constexpr int kThreads = WARPS * 32;
constexpr int kRows = (TILE_H - 1) * STRIDE_H + KERNEL_H, kColumns = (TILE_W - 1) * STRIDE_W + KERNEL_W;  // of the tile
constexpr int kVector = 16 / sizeof(SCALAR);
constexpr int kTaps = KERNEL_H * KERNEL_W;
constexpr int kConstants = (kTaps + 2) * CHANNELS;  // floats: weights by tap, their bias, and that of the 1x1 convolution
constexpr int kTileLine = CHANNELS * (int)sizeof(SCALAR) + 16;  // bytes of a pixel; apart from others in the banks
[[maybe_unused]] constexpr int kTileBytes = (kRows * kColumns * kTileLine + kConstants * 4 + 127) / 128 * 128;  // the constants come first

/// The tile's part inside the image.
struct Inside {
  int top, left, rows, columns;  // first row and column of the tile that are inside, and how many
  u32 inverse;                   // of `columns`, in 1/65536
  __device__ Inside(const ExpandArgs& p, int y, int x) {
    top = max(0, -y), left = max(0, -x);
    rows = max(0, min(kRows, p.height - y) - top);
    columns = max(0, min(kColumns, p.width - x) - left);
    inverse = 65536 / max(1, columns) + 1;
  }
  /// Of the pixels inside, in order. Exact: pixels x columns stay below 65536.
  __device__ int row_of(int pixel) const { return (int)(pixel * inverse >> 16); }
  __device__ int pixels() const { return rows * columns; }
  __device__ bool has(int row, int column) const { return (u32)(row - top) < (u32)rows && (u32)(column - left) < (u32)columns; }
};

static_assert(kRows * kColumns * kColumns < 65536, "Inside::row_of");

/// Weights of the window, and biases.
__device__ inline void load_constants(const ExpandArgs& p, float* to, int channel) {
  constexpr int kChunks = CHANNELS / 4;
  for (int at = threadIdx.x; at < (kTaps + 2) * kChunks; at += kThreads) {
    const int tap = at / kChunks;
    const float* line = tap < kTaps ? static_cast<const float*>(p.second) + (i64)tap * p.line : tap == kTaps ? p.second_bias : p.first_bias;
    copy_async<16>(to + at * 4, line ? line + channel + at % kChunks * 4 : static_cast<const float*>(p.second), line != nullptr);
  }
}
template <class T>
__device__ inline void store_values(T* to, float first, float second) {
  if constexpr (sizeof(T) == 2) {
    *reinterpret_cast<u32*>(to) = pack_two(T(), first, second);
  } else {
    const float values[] = {first, second};
    store_floats(to, values);
  }
}

#if LINE
constexpr int kLineBytes = LINE * (int)sizeof(SCALAR) + 16;
constexpr int kChunks = LINE / kVector;
constexpr int kWeightBytes = CHANNELS * kLineBytes;

__device__ inline void load_weights(const ExpandArgs& p, unsigned char* to, int channel) {
  const SCALAR* from = static_cast<const SCALAR*>(p.first) + (i64)channel * LINE;
  for (int at = threadIdx.x; at < CHANNELS * kChunks; at += kThreads)
    copy_async<16>(to + at / kChunks * kLineBytes + at % kChunks * 16, from + at * kVector, true);
}
/// The pixels inside, one line after the other.
__device__ inline void load_pixels(const ExpandArgs& p, unsigned char* to, const SCALAR* plane, const Inside& inside, int y, int x) {
  for (int at = threadIdx.x; at < inside.pixels() * kChunks; at += kThreads) {
    const int pixel = at / kChunks, channel = at % kChunks * kVector;
    const int down = inside.row_of(pixel), row = y + inside.top + down, column = x + inside.left + pixel - down * inside.columns;
    const bool real = channel < p.inputs;
    copy_async<16>(to + pixel * kLineBytes + at % kChunks * 16, real ? plane + ((i64)row * p.width + column) * p.inputs + channel : plane, real);
  }
}
/// What lies outside of the image is zero.
__device__ inline void clear_outside(unsigned char* tile, const Inside& inside) {
  if (inside.pixels() == kRows * kColumns) return;
  const Pack<SCALAR, kVector> zeros = {};
  for (int at = threadIdx.x; at < kRows * kColumns * (CHANNELS / kVector); at += kThreads) {
    const int slot = at / (CHANNELS / kVector);
    if (!inside.has(slot / kColumns, slot % kColumns)) *reinterpret_cast<Pack<SCALAR, kVector>*>(tile + slot * kTileLine + at % (CHANNELS / kVector) * 16) = zeros;
  }
}
__device__ inline SCALAR* place_of(unsigned char* tile, const Inside& inside, int pixel) {
  const int down = inside.row_of(pixel);
  return reinterpret_cast<SCALAR*>(tile + ((inside.top + down) * kColumns + inside.left + pixel - down * inside.columns) * kTileLine);
}

#if TENSOR_CORES
/// The tile from x and the weights, 16 pixels a warp at a time.
__device__ inline void multiply_lines(unsigned char* tile, const unsigned char* x, const unsigned char* weights, const float* biases, const Inside& inside) {
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, pixels = inside.pixels();
  for (int first = warp * 16; first < pixels; first += kThreads / 32 * 16) {
    float sum[CHANNELS / 8][4];
#pragma unroll
    for (int i = 0; i < CHANNELS / 8; ++i) {
      float bias[2];
      load_floats(bias, biases + i * 8 + lane % 4 * 2);
#pragma unroll
      for (int j = 0; j < 4; ++j) sum[i][j] = bias[j % 2];
    }
#pragma unroll 2
    for (int k = 0; k < LINE * (int)sizeof(SCALAR); k += 32) {
      u32 a[4];
      load_matrices(a, x + (first + lane % 16) * kLineBytes + k + lane / 16 * 16);
#pragma unroll
      for (int part = 0; part < CHANNELS / 16; ++part) {
        u32 b[4];
        load_matrices(b, weights + (part * 16 + lane % 8 + lane / 16 * 8) * kLineBytes + k + lane / 8 % 2 * 16);
        multiply(SCALAR(), sum[2 * part], a, b[0], b[1]);
        multiply(SCALAR(), sum[2 * part + 1], a, b[2], b[3]);
      }
    }
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int pixel = first + lane / 4 + half * 8;
      if (pixel >= pixels) break;
      SCALAR* to = place_of(tile, inside, pixel) + lane % 4 * 2;
#pragma unroll
      for (int i = 0; i < CHANNELS / 8; ++i) {
        const float low = sum[i][half * 2], high = sum[i][half * 2 + 1];
        store_values(to + i * 8, ACTIVATION_1(low), ACTIVATION_1(high));
      }
    }
  }
}
#else
__device__ inline void multiply_lines(unsigned char* tile, const unsigned char* x, const unsigned char* weights, const float* biases, const Inside& inside) {
  for (int at = threadIdx.x; at < inside.pixels() * (CHANNELS / 2); at += kThreads) {
    const int pixel = at / (CHANNELS / 2), pair = at % (CHANNELS / 2) * 2;
    const SCALAR* line = reinterpret_cast<const SCALAR*>(x + pixel * kLineBytes);
    float sum[2];
#pragma unroll
    for (int j = 0; j < 2; ++j) {
      const SCALAR* weight = reinterpret_cast<const SCALAR*>(weights + (pair + j) * kLineBytes);
      sum[j] = biases[pair + j];
      for (int k = 0; k < LINE; ++k) sum[j] += to_float(line[k]) * to_float(weight[k]);
    }
    store_values(place_of(tile, inside, pixel) + pair, ACTIVATION_1(sum[0]), ACTIVATION_1(sum[1]));
  }
}
#endif
#else
/// The tile is x, with zeros outside.
__device__ inline void load_tile(const ExpandArgs& p, unsigned char* tile, const SCALAR* plane, int y, int x, int channel) {
  constexpr int kChunks = CHANNELS / kVector;
  for (int at = threadIdx.x; at < kRows * kColumns * kChunks; at += kThreads) {
    const int slot = at / kChunks, row = y + slot / kColumns, column = x + slot % kColumns, from = channel + at % kChunks * kVector;
    const bool real = (u32)row < (u32)p.height && (u32)column < (u32)p.width && from < p.channels;
    copy_async<16>(tile + slot * kTileLine + at % kChunks * 16, real ? plane + ((i64)row * p.width + column) * p.channels + from : plane, real);
  }
}
#endif

/// The outputs from the tile: a thread takes two channels along RUN columns, and reads each of their pixels once.
__device__ inline void convolve(const ExpandArgs& p, const unsigned char* tile, const float* constants, i64 image, int out_y, int out_x, int first_channel) {
  constexpr int kPairs = CHANNELS / 2, kStrips = kThreads / kPairs, kRuns = TILE_W / RUN;
  const int strip = (int)threadIdx.x / kPairs, pair = (int)threadIdx.x % kPairs, channel = first_channel + pair * 2;
  if (strip >= kStrips || channel >= p.channels) return;
  float weights[kTaps][2], bias[2];
#pragma unroll
  for (int k = 0; k < kTaps; ++k) load_floats(weights[k], constants + k * CHANNELS + pair * 2);
  load_floats(bias, constants + kTaps * CHANNELS + pair * 2);
#pragma unroll 1
  for (int run = strip; run < TILE_H * kRuns; run += kStrips) {
    const int row = run / kRuns, column = run % kRuns * RUN;
    if (out_y + row >= p.out_h || out_x + column >= p.out_w) continue;
    const unsigned char* from = tile + (row * STRIDE_H * kColumns + column * STRIDE_W) * kTileLine + pair * 2 * (int)sizeof(SCALAR);
    float sum[RUN][2];
#pragma unroll
    for (int t = 0; t < RUN; ++t) sum[t][0] = bias[0], sum[t][1] = bias[1];
#pragma unroll
    for (int at = 0; at < (RUN - 1) * STRIDE_W + KERNEL_W; ++at)
#pragma unroll
      for (int r = 0; r < KERNEL_H; ++r) {
        float x[2];
        load_floats(x, reinterpret_cast<const SCALAR*>(from + (r * kColumns + at) * kTileLine));
#pragma unroll
        for (int k = 0; k < KERNEL_W; ++k) {
          const int steps = at - k;
          if (steps < 0 || steps % STRIDE_W != 0 || steps / STRIDE_W >= RUN) continue;
#pragma unroll
          for (int j = 0; j < 2; ++j) sum[steps / STRIDE_W][j] += x[j] * weights[r * KERNEL_W + k][j];
        }
      }
    SCALAR* to = static_cast<SCALAR*>(p.y) + ((image * p.out_h + out_y + row) * p.out_w + out_x + column) * p.channels + channel;
#pragma unroll
    for (int t = 0; t < RUN; ++t) {
      if (out_x + column + t >= p.out_w) break;
      store_values(to + (i64)t * p.channels, ACTIVATION_2(sum[t][0]), ACTIVATION_2(sum[t][1]));
    }
  }
}

SHARING_KERNEL(kThreads, (kTaps > 25 ? 384 : 768) / kThreads) expand(const ExpandArgs p) {
  SHARED_MEMORY(shared);
  const int chunks = (p.channels + CHANNELS - 1) / CHANNELS, across = (p.out_w + TILE_W - 1) / TILE_W, down = (p.out_h + TILE_H - 1) / TILE_H;
  int block = blockIdx.x;
  const int channel = block % chunks * CHANNELS;
  block /= chunks;
  const int out_x = block % across * TILE_W;
  block /= across;
  const int out_y = block % down * TILE_H;
  const i64 image = block / down;
  const int y = out_y * STRIDE_H - p.pad_h, x = out_x * STRIDE_W - p.pad_w;
  float* constants = reinterpret_cast<float*>(shared);
  unsigned char* tile = shared + kConstants * 4;
  load_constants(p, constants, channel);
#if LINE
  unsigned char *weights = shared + kTileBytes, *lines = weights + kWeightBytes;
  const SCALAR* plane = static_cast<const SCALAR*>(p.x) + image * p.height * p.width * p.inputs;
  const Inside inside(p, y, x);
  load_weights(p, weights, channel);
  clear_outside(tile, inside);
  wait_for_previous();
  load_pixels(p, lines, plane, inside, y, x);
#else
  wait_for_previous();
  load_tile(p, tile, static_cast<const SCALAR*>(p.x) + image * p.height * p.width * p.channels, y, x, channel);
#endif
  commit_copies();
  wait_copies<0>();
  __syncthreads();
#if LINE
  multiply_lines(tile, lines, weights, constants + (kTaps + 1) * CHANNELS, inside);
  __syncthreads();
#endif
  convolve(p, tile, constants, image, out_y, out_x, channel);
}
