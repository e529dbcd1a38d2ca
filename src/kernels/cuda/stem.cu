// The first convolution of a network: few channels, row-major input, channels-last output, on tensor cores. A block computes
// tiles of TILE_H x TILE_W output pixels for BN filters; what the tile sees of the input lies in shared memory, and the
// fragments are picked from there. Compiled with: INPUT, SCALAR, BIAS (types); CHANNELS, KERNEL_H, KERNEL_W, STRIDE; TILE_H,
// TILE_W (WARPS * 32 pixels together); WARPS; BN; ACTIVATION(x).

constexpr int kThreads = WARPS * 32;
constexpr int kTaps = CHANNELS * KERNEL_H * KERNEL_W, kSteps = (kTaps + 15) / 16;
constexpr int kWeightLine = kSteps * 32 + 16, kOutLine = BN * 2 + 16;  // bytes
constexpr int kPatchH = (TILE_H - 1) * STRIDE + KERNEL_H, kPatchW = (TILE_W - 1) * STRIDE + KERNEL_W;
constexpr int kPatch = CHANNELS * kPatchH * kPatchW;
static_assert(TILE_H * TILE_W == WARPS * 32 && BN % 16 == 0, "a warp computes 32 pixels");

struct StemMemory {
  int tap[kSteps * 16];  // where tap k of the first pixel lies in the patch
  unsigned char weights[BN * kWeightLine];
  unsigned char out[WARPS * 32 * kOutLine];
  SCALAR patch[kPatch + 16];
};

__device__ inline void load_patch(const StemArgs& p, StemMemory& m, int image, int top, int left) {
  const INPUT* x = static_cast<const INPUT*>(p.x);
  constexpr int kAtOnce = 8;
  for (int first = threadIdx.x; first < kPatch; first += kAtOnce * kThreads) {
    INPUT seen[kAtOnce] = {};
#pragma unroll
    for (int u = 0; u < kAtOnce; ++u) {
      const int at = first + u * kThreads, column = at % kPatchW, row = at / kPatchW % kPatchH, channel = at / (kPatchW * kPatchH);
      const int iy = top + row, ix = left + column;
      if (at < kPatch && (u32)iy < (u32)p.height && (u32)ix < (u32)p.width)
        seen[u] = x[(((i64)image * CHANNELS + channel) * p.height + iy) * p.width + ix];
    }
#pragma unroll
    for (int u = 0; u < kAtOnce; ++u)
      if (first + u * kThreads < kPatch) assign(m.patch[first + u * kThreads], to_float(seen[u]));
  }
}

__device__ inline u32 two_taps(const StemMemory& m, int pixel, int k) {
  const u32 low = k < kTaps ? m.patch[pixel + m.tap[k]].bits : 0, high = k + 1 < kTaps ? m.patch[pixel + m.tap[k + 1]].bits : 0;
  return low | high << 16;
}

__device__ inline void multiply_patch(const StemMemory& m, float (&sum)[2][BN / 8][4]) {
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  int pixel[4];
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const int at = warp * 32 + i * 8 + lane / 4;
    pixel[i] = at / TILE_W * STRIDE * kPatchW + at % TILE_W * STRIDE;
  }
#pragma unroll
  for (int step = 0; step < kSteps; ++step) {
    const int k = step * 16 + lane % 4 * 2;
    u32 a[2][4];
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      a[i / 2][i % 2] = two_taps(m, pixel[i], k);
      a[i / 2][i % 2 + 2] = two_taps(m, pixel[i], k + 8);
    }
#pragma unroll
    for (int j = 0; j < BN / 16; ++j) {
      u32 b[4];
      load_matrices(b, m.weights + (j * 16 + lane % 8 + lane / 16 * 8) * kWeightLine + step * 32 + lane / 8 % 2 * 16);
#pragma unroll
      for (int i = 0; i < 2; ++i) {
        multiply(SCALAR(), sum[i][2 * j], a[i], b[0], b[1]);
        multiply(SCALAR(), sum[i][2 * j + 1], a[i], b[2], b[3]);
      }
    }
  }
}

__device__ inline float finished(const StemArgs& p, int filter, float sum) {
  if (p.bias && filter < p.filters) sum += to_float(static_cast<const BIAS*>(p.bias)[filter]);
  return ACTIVATION(sum);
}

__device__ inline void store_tile(const StemArgs& p, StemMemory& m, const float (&sum)[2][BN / 8][4], int image, int top, int left) {
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, first = blockIdx.y * BN;
#pragma unroll
  for (int i = 0; i < 4; ++i)
#pragma unroll
    for (int j = 0; j < BN / 8; ++j) {
      const int column = j * 8 + lane % 4 * 2;
      const float low = finished(p, first + column, sum[i / 2][j][i % 2 * 2]);
      const float high = finished(p, first + column + 1, sum[i / 2][j][i % 2 * 2 + 1]);
      *reinterpret_cast<u32*>(m.out + (warp * 32 + i * 8 + lane / 4) * kOutLine + column * 2) = pack_two(SCALAR(), low, high);
    }
  __syncwarp();
  SCALAR* y = static_cast<SCALAR*>(p.y);
  for (int at = lane; at < 32 * (BN / 8); at += 32) {
    const int pixel = warp * 32 + at / (BN / 8), column = at % (BN / 8) * 8;
    const int oy = top + pixel / TILE_W, ox = left + pixel % TILE_W;
    if (oy >= p.out_h || ox >= p.out_w || first + column >= p.filters) continue;
    *reinterpret_cast<Pack<SCALAR, 8>*>(y + (((i64)image * p.out_h + oy) * p.out_w + ox) * p.filters + first + column) =
        *reinterpret_cast<const Pack<SCALAR, 8>*>(m.out + pixel * kOutLine + column * 2);
  }
}

KERNEL(kThreads) stem(const StemArgs p) {
  SHARED_MEMORY(shared);
  StemMemory& m = *reinterpret_cast<StemMemory*>(shared);
  const unsigned char* weights = static_cast<const unsigned char*>(p.weights) + (i64)blockIdx.y * BN * kWeightLine;
  for (int at = threadIdx.x; at < BN * kWeightLine / 16; at += kThreads)
    reinterpret_cast<Pack<u32, 4>*>(m.weights)[at] = reinterpret_cast<const Pack<u32, 4>*>(weights)[at];
  for (int k = threadIdx.x; k < kSteps * 16; k += kThreads) {
    const int tap = k < kTaps ? k : 0;
    m.tap[k] = (tap / (KERNEL_H * KERNEL_W) * kPatchH + tap / KERNEL_W % KERNEL_H) * kPatchW + tap % KERNEL_W;
  }
  wait_for_previous();
  const int across = (p.out_w + TILE_W - 1) / TILE_W, down = (p.out_h + TILE_H - 1) / TILE_H;
  for (int tile = blockIdx.x; tile < p.batch * across * down; tile += gridDim.x) {
    const int image = tile / (across * down), top = tile / across % down * TILE_H, left = tile % across * TILE_W;
    __syncthreads();  // the patch before was read
    load_patch(p, m, image, top * STRIDE - p.pad_h, left * STRIDE - p.pad_w);
    __syncthreads();
    float sum[2][BN / 8][4] = {};
    multiply_patch(m, sum);
    store_tile(p, m, sum, image, top, left);
  }
}
