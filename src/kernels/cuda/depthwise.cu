// Depthwise convolution, channels last: each thread computes TILE output pixels of one row for VECTOR channels. Compiled with:
// SCALAR, BIAS (types), VECTOR, TILE, ACTIVATION(x), and KERNEL_H, KERNEL_W, STRIDE_W, DILATION_W (KERNEL_W 0: taken from the
// arguments, TILE 1).

typedef DepthwiseArgs Args;

__device__ inline void load_pixel(const Args& p, float (&to)[VECTOR], const SCALAR* row, int x) {
  if ((u32)x < (u32)p.width) {
    load_floats(to, row + (i64)x * p.channels);
  } else {
#pragma unroll
    for (int i = 0; i < VECTOR; ++i) to[i] = 0;
  }
}

#if KERNEL_W
/// What one row of the kernel adds; `row` points at the first channel of the input row.
__device__ inline void add_row(const Args& p, float (&sum)[TILE][VECTOR], const SCALAR* row, const SCALAR* weights, int left) {
  float w[KERNEL_W][VECTOR];
#pragma unroll
  for (int k = 0; k < KERNEL_W; ++k) load_floats(w[k], weights + k * p.channels);
#pragma unroll
  for (int at = 0; at <= (TILE - 1) * STRIDE_W + (KERNEL_W - 1) * DILATION_W; ++at) {
    float x[VECTOR];
    load_pixel(p, x, row, left + at);
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
__device__ inline void add_row(const Args& p, float (&sum)[TILE][VECTOR], const SCALAR* row, const SCALAR* weights, int left) {
  for (int k = 0; k < p.kernel_w; ++k) {
    float x[VECTOR], w[VECTOR];
    load_pixel(p, x, row, left + k * p.dilation_w);
    load_floats(w, weights + k * p.channels);
#pragma unroll
    for (int i = 0; i < VECTOR; ++i) sum[0][i] += x[i] * w[i];
  }
}
#endif

KERNEL(128) depthwise(const Args p) {
  i64 index = (i64)blockIdx.x * 128 + threadIdx.x;
  if (index >= p.tiles) return;
  const int vectors = p.channels / VECTOR, across = (p.out_w + TILE - 1) / TILE;
  const int channel = (int)(index % vectors) * VECTOR;
  index /= vectors;
  const int out_x = (int)(index % across) * TILE;
  index /= across;
  const int out_y = (int)(index % p.out_h);
  const i64 image = index / p.out_h;

  float sum[TILE][VECTOR] = {};
  const SCALAR* weights = static_cast<const SCALAR*>(p.weights) + channel;
  const int kernel_w = KERNEL_W ? KERNEL_W : p.kernel_w, kernel_h = KERNEL_H ? KERNEL_H : p.kernel_h;
  const int left = out_x * p.stride_w - p.pad_w;
#pragma unroll 1
  for (int k = 0; k < kernel_h; ++k) {
    const int y = out_y * p.stride_h - p.pad_h + k * p.dilation_h;
    if ((u32)y >= (u32)p.height) continue;
    const SCALAR* row = static_cast<const SCALAR*>(p.x) + (image * p.height + y) * p.width * p.channels + channel;
    add_row(p, sum, row, weights + (i64)k * kernel_w * p.channels, left);
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
