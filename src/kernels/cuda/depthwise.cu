// Depthwise convolution, channels last: each thread computes TILE output pixels of WALK rows for VECTOR channels; a block has
// ROWS x COLUMNS such tiles of VECTORS vectors of channels, so that what neighbouring rows share is read once. Compiled with:
// SCALAR, BIAS (types), VECTOR, TILE, WALK, VECTORS, COLUMNS, ROWS, ACTIVATION(x), and KERNEL_H, KERNEL_W, STRIDE_W, DILATION_W
// (KERNEL_W 0: taken from the arguments, TILE 1). WALK above 1: a window of 3 x 3, strides and dilations of 1.

typedef DepthwiseArgs Args;

typedef Pack<SCALAR, VECTOR> Channels;

constexpr int kThreads = VECTORS * COLUMNS * ROWS;

/// Zeros outside.
__device__ inline Channels load_pixel(const SCALAR* from, bool inside) {
  Channels pixel = {};
  if (inside) pixel = *reinterpret_cast<const Channels*>(from);
  return pixel;
}
__device__ inline void multiply_add(float (&sum)[VECTOR], const Channels& x, const Channels& w) {
#pragma unroll
  for (int i = 0; i < VECTOR; ++i) sum[i] += to_float(x.v[i]) * to_float(w.v[i]);
}

#if KERNEL_W
constexpr int kSeen = (TILE - 1) * STRIDE_W + (KERNEL_W - 1) * DILATION_W + 1;  // pixels of a row
constexpr bool kAllAtOnce = KERNEL_H * kSeen <= 25;                              // else row by row
constexpr int kRowsAtOnce = kAllAtOnce ? KERNEL_H : 1;

/// What kRowsAtOnce rows of the kernel add, the first of which lies at row `top` of the input: all loads are under way before the first is used. `plane` and
/// `weights` point at the first channel.
__device__ inline void add_rows(const Args& p, float (&sum)[TILE][VECTOR], const SCALAR* plane, const SCALAR* weights, int top, int left) {
  Channels x[kRowsAtOnce][kSeen], w[kRowsAtOnce][KERNEL_W];
#pragma unroll
  for (int r = 0; r < kRowsAtOnce; ++r) {
    const int y = top + r * p.dilation_h;
    const SCALAR* row = plane + (i64)y * p.width * p.channels;
#pragma unroll
    for (int at = 0; at < kSeen; ++at) x[r][at] = load_pixel(row + (i64)(left + at) * p.channels, (u32)y < (u32)p.height && (u32)(left + at) < (u32)p.width);
#pragma unroll
    for (int k = 0; k < KERNEL_W; ++k) w[r][k] = *reinterpret_cast<const Channels*>(weights + (r * KERNEL_W + k) * p.channels);
  }
#pragma unroll
  for (int r = 0; r < kRowsAtOnce; ++r)
#pragma unroll
    for (int at = 0; at < kSeen; ++at)
#pragma unroll
      for (int k = 0; k < KERNEL_W; ++k) {
        const int from_first = at - k * DILATION_W;
        if (from_first >= 0 && from_first % STRIDE_W == 0 && from_first / STRIDE_W < TILE) multiply_add(sum[from_first / STRIDE_W], x[r][at], w[r][k]);
      }
}
#else
constexpr int kRowsAtOnce = 1;

__device__ inline void add_rows(const Args& p, float (&sum)[TILE][VECTOR], const SCALAR* plane, const SCALAR* weights, int top, int left) {
  const SCALAR* row = plane + (i64)top * p.width * p.channels;
  for (int k = 0; k < p.kernel_w; ++k) {
    const int at = left + k * p.dilation_w;
    const Channels w = *reinterpret_cast<const Channels*>(weights + (i64)k * p.channels);
    multiply_add(sum[0], load_pixel(row + (i64)at * p.channels, (u32)top < (u32)p.height && (u32)at < (u32)p.width), w);
  }
}
#endif

/// The outputs of a tile from their sums.
__device__ inline void store_tile(const Args& p, float (&sum)[TILE][VECTOR], const float (&bias)[VECTOR], i64 row, int out_x, int channel) {
#pragma unroll
  for (int t = 0; t < TILE; ++t) {
    if (out_x + t >= p.out_w) break;
    const i64 to = (row * p.out_w + out_x + t) * p.channels + channel;
    float r[VECTOR] = {};
    if (p.residual) load_floats(r, static_cast<const SCALAR*>(p.residual) + to);
#pragma unroll
    for (int i = 0; i < VECTOR; ++i) {
      const float value = sum[t][i] + bias[i] + r[i];
      sum[t][i] = ACTIVATION(value);
    }
    store_floats(static_cast<SCALAR*>(p.y) + to, sum[t]);
  }
}

#if WALK > 1
static_assert(KERNEL_H == 3 && KERNEL_W == 3 && STRIDE_W == 1 && DILATION_W == 1, "what a walk takes");
struct Weights {
  float w[9][VECTOR];
};

__device__ inline void load_row(const Args& p, Channels (&x)[kSeen], const SCALAR* plane, int y, int left) {
  const SCALAR* row = plane + (i64)y * p.width * p.channels;
#pragma unroll
  for (int at = 0; at < kSeen; ++at) x[at] = load_pixel(row + (i64)(left + at) * p.channels, (u32)y < (u32)p.height && (u32)(left + at) < (u32)p.width);
}

template <int TAP>
__device__ inline void add_row(float (&sum)[TILE][VECTOR], const Channels (&x)[kSeen], const Weights& weights) {
#pragma unroll
  for (int t = 0; t < TILE; ++t)
#pragma unroll
    for (int k = 0; k < 3; ++k)
#pragma unroll
      for (int i = 0; i < VECTOR; ++i) sum[t][i] += to_float(x[t + k].v[i]) * weights.w[TAP * 3 + k][i];
}
__device__ inline void move_sums(float (&to)[TILE][VECTOR], const float (&from)[TILE][VECTOR]) {
#pragma unroll
  for (int t = 0; t < TILE; ++t)
#pragma unroll
    for (int i = 0; i < VECTOR; ++i) to[t][i] = from[t][i];
}

/// Down the rows of the input: each is read once, while the one before it is added to the three rows of outputs that see it.
__device__ inline void walk_down(const Args& p, const Weights& weights, const float (&bias)[VECTOR], i64 image, int out_x, int out_y, int channel) {
  const SCALAR* plane = static_cast<const SCALAR*>(p.x) + image * p.height * p.width * p.channels + channel;
  const int left = out_x - p.pad_w, top = out_y - p.pad_h, rows = min(WALK, p.out_h - out_y);
  float above[TILE][VECTOR] = {}, middle[TILE][VECTOR] = {}, below[TILE][VECTOR] = {};  // of the outputs whose windows end at, reach past, and begin at a row
  Channels x[kSeen], next[kSeen];
  load_row(p, next, plane, top, left);
#pragma unroll 1
  for (int r = 0; r < rows + 2; ++r) {
#pragma unroll
    for (int at = 0; at < kSeen; ++at) x[at] = next[at];
    load_row(p, next, plane, r + 1 < rows + 2 ? top + r + 1 : -1, left);
    if (r < rows) add_row<0>(below, x, weights);
    add_row<1>(middle, x, weights);
    if (r >= 2) {
      add_row<2>(above, x, weights);
      store_tile(p, above, bias, image * p.out_h + out_y + r - 2, out_x, channel);
    }
    move_sums(above, middle);
    move_sums(middle, below);
    const float none[TILE][VECTOR] = {};
    move_sums(below, none);
  }
}
#endif

KERNEL(kThreads) depthwise(const Args p) {
  const int thread = threadIdx.x, chunks = (p.channels / VECTOR + VECTORS - 1) / VECTORS;
  const int across = (p.out_w + TILE * COLUMNS - 1) / (TILE * COLUMNS), down = (p.out_h + ROWS * WALK - 1) / (ROWS * WALK);
  int block = blockIdx.x;
  const int channel = (block % chunks * VECTORS + thread % VECTORS) * VECTOR;
  block /= chunks;
  const int out_x = (block % across * COLUMNS + thread / VECTORS % COLUMNS) * TILE;
  block /= across;
  const int out_y = (block % down * ROWS + thread / (VECTORS * COLUMNS)) * WALK;
  const i64 image = block / down;
#if WALK > 1
  Weights held;
#pragma unroll
  for (int k = 0; k < 9; ++k)
    if (channel < p.channels) load_floats(held.w[k], static_cast<const SCALAR*>(p.weights) + (i64)k * p.channels + channel);
#endif
  wait_for_previous();
  if (channel >= p.channels || out_x >= p.out_w || out_y >= p.out_h) return;

  float bias[VECTOR] = {};
  if (p.bias) load_floats(bias, static_cast<const BIAS*>(p.bias) + channel);
#if WALK > 1
  walk_down(p, held, bias, image, out_x, out_y, channel);
#else
  float sum[TILE][VECTOR] = {};
  const SCALAR* weights = static_cast<const SCALAR*>(p.weights) + channel;
  const SCALAR* plane = static_cast<const SCALAR*>(p.x) + image * p.height * p.width * p.channels + channel;
  const int kernel_w = KERNEL_W ? KERNEL_W : p.kernel_w, kernel_h = KERNEL_H ? KERNEL_H : p.kernel_h;
  const int left = out_x * p.stride_w - p.pad_w, top = out_y * p.stride_h - p.pad_h;
#pragma unroll 1
  for (int k = 0; k < kernel_h; k += kRowsAtOnce) add_rows(p, sum, plane, weights + (i64)k * kernel_w * p.channels, top + k * p.dilation_h, left);
  store_tile(p, sum, bias, image * p.out_h + out_y, out_x, channel);
#endif
}
