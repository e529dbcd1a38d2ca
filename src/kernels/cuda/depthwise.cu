// Depthwise convolution, channels last: each thread computes TILE output pixels of one row for VECTOR channels; a block has
// ROWS x COLUMNS such tiles of VECTORS vectors of channels, so that what neighbouring rows share is read once. Compiled with:
// SCALAR, BIAS (types), VECTOR, TILE, VECTORS, COLUMNS, ROWS, ACTIVATION(x), and KERNEL_H, KERNEL_W, STRIDE_W, DILATION_W
// (KERNEL_W 0: taken from the arguments, TILE 1).

typedef DepthwiseArgs Args;

constexpr int kThreads = VECTORS * COLUMNS * ROWS;
constexpr int kRowsAtOnce = KERNEL_H * KERNEL_W <= 25 && TILE <= 2 && KERNEL_H ? KERNEL_H : 1;

__device__ inline void load_pixel(float (&to)[VECTOR], const SCALAR* from, bool inside) {
  Pack<SCALAR, VECTOR> pack = {};
  if (inside) pack = *reinterpret_cast<const Pack<SCALAR, VECTOR>*>(from);
#pragma unroll
  for (int i = 0; i < VECTOR; ++i) to[i] = to_float(pack.v[i]);
}

#if KERNEL_W
/// What one row of the kernel adds; `row` points at the first channel of the input row.
__device__ inline void add_row(const Args& p, float (&sum)[TILE][VECTOR], const SCALAR* row, bool inside, const SCALAR* weights, int left) {
  float w[KERNEL_W][VECTOR];
#pragma unroll
  for (int k = 0; k < KERNEL_W; ++k) load_floats(w[k], weights + k * p.channels);
#pragma unroll
  for (int at = 0; at <= (TILE - 1) * STRIDE_W + (KERNEL_W - 1) * DILATION_W; ++at) {
    float x[VECTOR];
    load_pixel(x, row + (i64)(left + at) * p.channels, inside && (u32)(left + at) < (u32)p.width);
#pragma unroll
    for (int k = 0; k < KERNEL_W; ++k) {
      const int from_first = at - k * DILATION_W;
      if (from_first < 0 || from_first % STRIDE_W != 0 || from_first / STRIDE_W >= TILE) continue;
#pragma unroll
      for (int i = 0; i < VECTOR; ++i) sum[from_first / STRIDE_W][i] += x[i] * w[k][i];
    }
  }
}
#else
__device__ inline void add_row(const Args& p, float (&sum)[TILE][VECTOR], const SCALAR* row, bool inside, const SCALAR* weights, int left) {
  for (int k = 0; k < p.kernel_w; ++k) {
    const int at = left + k * p.dilation_w;
    float x[VECTOR], w[VECTOR];
    load_pixel(x, row + (i64)at * p.channels, inside && (u32)at < (u32)p.width);
    load_floats(w, weights + k * p.channels);
#pragma unroll
    for (int i = 0; i < VECTOR; ++i) sum[0][i] += x[i] * w[i];
  }
}
#endif

KERNEL(kThreads) depthwise(const Args p) {
  wait_for_previous();
  const int thread = threadIdx.x, chunks = (p.channels / VECTOR + VECTORS - 1) / VECTORS;
  const int across = (p.out_w + TILE * COLUMNS - 1) / (TILE * COLUMNS), down = (p.out_h + ROWS - 1) / ROWS;
  int block = blockIdx.x;
  const int channel = (block % chunks * VECTORS + thread % VECTORS) * VECTOR;
  block /= chunks;
  const int out_x = (block % across * COLUMNS + thread / VECTORS % COLUMNS) * TILE;
  block /= across;
  const int out_y = block % down * ROWS + thread / (VECTORS * COLUMNS);
  const i64 image = block / down;
  if (channel >= p.channels || out_x >= p.out_w || out_y >= p.out_h) return;

  float sum[TILE][VECTOR] = {};
  const SCALAR* weights = static_cast<const SCALAR*>(p.weights) + channel;
  const SCALAR* plane = static_cast<const SCALAR*>(p.x) + image * p.height * p.width * p.channels + channel;
  const int kernel_w = KERNEL_W ? KERNEL_W : p.kernel_w, kernel_h = KERNEL_H ? KERNEL_H : p.kernel_h;
  const int left = out_x * p.stride_w - p.pad_w;
#pragma unroll kRowsAtOnce
  for (int k = 0; k < kernel_h; ++k) {
    const int y = out_y * p.stride_h - p.pad_h + k * p.dilation_h;
    const SCALAR* row = plane + (i64)y * p.width * p.channels;
    add_row(p, sum, row, (u32)y < (u32)p.height, weights + (i64)k * kernel_w * p.channels, left);
  }

  float bias[VECTOR] = {};
  if (p.bias) load_floats(bias, static_cast<const BIAS*>(p.bias) + channel);
#pragma unroll
  for (int t = 0; t < TILE; ++t) {
    if (out_x + t >= p.out_w) break;
    const i64 to = ((image * p.out_h + out_y) * p.out_w + out_x + t) * p.channels + channel;
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
