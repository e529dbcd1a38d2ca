// The first convolution of a network: few channels, row-major input, channels-last output, on tensor cores. A block computes
// tiles of TILE_H x TILE_W output pixels for BN filters; what the tile sees of the input lies in shared memory, and the
// fragments are picked from there. k counts (channel, kernel row, kernel column), with COLUMNS columns, of which those from SHIFT
// on are the kernel's. Compiled with: INPUT, SCALAR, BIAS (types); INPUT_VECTOR (elements of a row of x that are aligned together,
// a divisor of its width and of TILE_W * STRIDE); LEAD (columns before the tile's first, so that loads start at a multiple of
// INPUT_VECTOR); CHANNELS, KERNEL_H, KERNEL_W, STRIDE; COLUMNS (4, 8, 16), SHIFT (up to LEAD); TILE_H, TILE_W (WARPS * 32 pixels
// together); WARPS; BN; ACTIVATION(x).

constexpr int kThreads = WARPS * 32;
constexpr int kRows = CHANNELS * KERNEL_H, kSteps = (kRows * COLUMNS + 15) / 16;
constexpr int kWeightLine = kSteps * 32 + 16, kOutLine = BN * 2 + 16;  // bytes
constexpr int kPatchH = (TILE_H - 1) * STRIDE + KERNEL_H;
constexpr int kVectors = (LEAD - SHIFT + (TILE_W - 1) * STRIDE + COLUMNS + INPUT_VECTOR - 1) / INPUT_VECTOR;  // of a row
constexpr int kPatchLine = (kVectors * INPUT_VECTOR + 1) / 2 * 2;
constexpr int kLoads = CHANNELS * kPatchH * kVectors;
constexpr int kAtOnce = (kLoads + kThreads - 1) / kThreads < 6 ? (kLoads + kThreads - 1) / kThreads : 6;
constexpr bool kAhead = BN <= 64;  // registers hold what the next tile sees while this one is computed
constexpr bool kPairs = STRIDE % 2 == 0 && (LEAD - SHIFT) % 2 == 0;  // neighbours of k are one word
static_assert(TILE_H * TILE_W == WARPS * 32 && BN % 16 == 0, "a warp computes 32 pixels");
static_assert(SHIFT <= LEAD && SHIFT + KERNEL_W <= COLUMNS && COLUMNS % 4 == 0 && 16 % COLUMNS == 0, "columns of k");

typedef Pack<INPUT, INPUT_VECTOR> Pixels;

struct StemMemory {
  unsigned char weights[BN * kWeightLine];
  unsigned char out[WARPS * 32 * kOutLine];
  float bias[BN];
  SCALAR patch[CHANNELS * kPatchH * kPatchLine + 16];
};

struct StemTile {
  int image, top, left;  // of the first output pixel
  __device__ StemTile(const StemArgs& p, int tile) {
    const int across = (p.out_w + TILE_W - 1) / TILE_W, down = (p.out_h + TILE_H - 1) / TILE_H;
    image = tile / (across * down), top = tile / across % down * TILE_H, left = tile % across * TILE_W;
  }
};

/// Vectors `section` * kAtOnce and on of what the tile sees, of each thread; zeros outside.
__device__ inline void fetch_patch(const StemArgs& p, Pixels (&seen)[kAtOnce], const StemTile& tile, int section) {
  const INPUT* x = static_cast<const INPUT*>(p.x);
  const int top = tile.top * STRIDE - p.pad_h, left = tile.left * STRIDE - p.pad_w - LEAD;
#pragma unroll
  for (int u = 0; u < kAtOnce; ++u) {
    const int at = (section * kAtOnce + u) * kThreads + (int)threadIdx.x;
    const int iy = top + at / kVectors % kPatchH, ix = left + at % kVectors * INPUT_VECTOR, channel = at / (kVectors * kPatchH);
    seen[u] = Pixels{};
    if (at < kLoads && (u32)iy < (u32)p.height && (u32)ix < (u32)p.width)
      seen[u] = *reinterpret_cast<const Pixels*>(x + (((i64)tile.image * CHANNELS + channel) * p.height + iy) * p.width + ix);
  }
}

__device__ inline void put_patch(StemMemory& m, const Pixels (&seen)[kAtOnce], int section) {
#pragma unroll
  for (int u = 0; u < kAtOnce; ++u) {
    const int at = (section * kAtOnce + u) * kThreads + (int)threadIdx.x;
    if (at >= kLoads) continue;
    Pack<SCALAR, INPUT_VECTOR> narrow;
#pragma unroll
    for (int i = 0; i < INPUT_VECTOR; ++i) assign(narrow.v[i], to_float(seen[u].v[i]));
    *reinterpret_cast<Pack<SCALAR, INPUT_VECTOR>*>(m.patch + at / kVectors * kPatchLine + at % kVectors * INPUT_VECTOR) = narrow;
  }
}

/// Which of the two columns from `column` on are the kernel's, as a mask of a word.
__device__ inline u32 kernel_columns(int column) {
  const bool low = column >= SHIFT && column < SHIFT + KERNEL_W, high = column + 1 >= SHIFT && column + 1 < SHIFT + KERNEL_W;
  return (low ? 0xffffu : 0) | (high ? 0xffff0000u : 0);
}

__device__ constexpr int row_offset(int row) { return row / KERNEL_H * kPatchH * kPatchLine + row % KERNEL_H * kPatchLine; }

/// Elements k and k + 1 of an output pixel, where k = 8 * eight + 2 * (lane % 4).
__device__ inline u32 two_taps(const SCALAR* pixel, int eight, u32 mask) {
  const int within = threadIdx.x % 4 * 2, row = eight * 8 / COLUMNS;
  const SCALAR* at = pixel + row_offset(row) + eight * 8 % COLUMNS + within;
  bool inside = row < kRows;
  if (COLUMNS < 8 && within >= COLUMNS) {
    at = pixel + row_offset(row + 1) + within - COLUMNS;
    inside = row + 1 < kRows;
  }
  if (!inside) return 0;
  return (kPairs ? *reinterpret_cast<const u32*>(at) : at[0].bits | (u32)at[1].bits << 16) & mask;
}

__device__ inline void multiply_patch(const StemMemory& m, float (&sum)[2][BN / 8][4]) {
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  const u32 masks[2] = {kernel_columns(lane % 4 * 2 % COLUMNS), kernel_columns((8 + lane % 4 * 2) % COLUMNS)};
  const SCALAR* pixel[4];
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const int at = warp * 32 + i * 8 + lane / 4;
    pixel[i] = m.patch + at / TILE_W * STRIDE * kPatchLine + at % TILE_W * STRIDE + LEAD - SHIFT;
  }
#pragma unroll
  for (int step = 0; step < kSteps; ++step) {
    u32 a[2][4];
#pragma unroll
    for (int i = 0; i < 4; ++i)
#pragma unroll
      for (int half = 0; half < 2; ++half) a[i / 2][i % 2 + 2 * half] = two_taps(pixel[i], step * 2 + half, masks[half]);
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

__device__ inline void store_tile(const StemArgs& p, StemMemory& m, const float (&sum)[2][BN / 8][4], const StemTile& tile) {
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, first = blockIdx.y * BN;
#pragma unroll
  for (int i = 0; i < 4; ++i)
#pragma unroll
    for (int j = 0; j < BN / 8; ++j) {
      const float low = ACTIVATION(sum[i / 2][j][i % 2 * 2]), high = ACTIVATION(sum[i / 2][j][i % 2 * 2 + 1]);
      *reinterpret_cast<u32*>(m.out + (warp * 32 + i * 8 + lane / 4) * kOutLine + (j * 8 + lane % 4 * 2) * 2) = pack_two(SCALAR(), low, high);
    }
  __syncwarp();
  SCALAR* y = static_cast<SCALAR*>(p.y);
#pragma unroll
  for (int at = lane; at < 32 * (BN / 8); at += 32) {
    const int pixel = warp * 32 + at / (BN / 8), column = at % (BN / 8) * 8;
    const int oy = tile.top + pixel / TILE_W, ox = tile.left + pixel % TILE_W;
    if (oy >= p.out_h || ox >= p.out_w || first + column >= p.filters) continue;
    *reinterpret_cast<Pack<SCALAR, 8>*>(y + (((i64)tile.image * p.out_h + oy) * p.out_w + ox) * p.filters + first + column) =
        *reinterpret_cast<const Pack<SCALAR, 8>*>(m.out + pixel * kOutLine + column * 2);
  }
}

KERNEL(kThreads) stem(const StemArgs p) {
  SHARED_MEMORY(shared);
  StemMemory& m = *reinterpret_cast<StemMemory*>(shared);
  const unsigned char* weights = static_cast<const unsigned char*>(p.weights) + (i64)blockIdx.y * BN * kWeightLine;
  for (int at = threadIdx.x; at < BN * kWeightLine / 16; at += kThreads) copy_async<16>(m.weights + at * 16, weights + at * 16, true);
  commit_copies();
  wait_for_previous();
  for (int j = threadIdx.x; j < BN; j += kThreads) {
    const int filter = blockIdx.y * BN + j;
    m.bias[j] = p.bias && filter < p.filters ? to_float(static_cast<const BIAS*>(p.bias)[filter]) : 0.0f;
  }
  const int tiles = p.batch * ((p.out_w + TILE_W - 1) / TILE_W) * ((p.out_h + TILE_H - 1) / TILE_H);
  constexpr int kSections = (kLoads + kAtOnce * kThreads - 1) / (kAtOnce * kThreads);
  Pixels seen[kAtOnce];
  if (kAhead) fetch_patch(p, seen, StemTile(p, blockIdx.x), 0);
  wait_copies<0>();
  for (int at = blockIdx.x, next; at < tiles; at = next) {
    next = at + (int)gridDim.x;
    const StemTile tile(p, at);
    if (!kAhead) fetch_patch(p, seen, tile, 0);
    __syncthreads();  // the patch before was read
    put_patch(m, seen, 0);
    for (int section = 1; section < kSections; ++section) {
      fetch_patch(p, seen, tile, section);
      put_patch(m, seen, section);
    }
    __syncthreads();
    if (kAhead && next < tiles) fetch_patch(p, seen, StemTile(p, next), 0);
    float sum[2][BN / 8][4];
#pragma unroll
    for (int j = 0; j < BN / 8; ++j)
#pragma unroll
      for (int e = 0; e < 4; ++e) sum[0][j][e] = sum[1][j][e] = m.bias[j * 8 + threadIdx.x % 4 * 2 + e % 2];
    multiply_patch(m, sum);
    store_tile(p, m, sum, tile);
  }
}
