// Products of few rows by a matrix that no kernel writes, on tensor cores: a block computes 16 columns of y for 8 * TILES rows.
// Its warps share k; each lane's 16 bytes of a line are two steps of the instructions, whose order along k is as good as any.
// Compiled with: SCALAR, OUTPUT, BIAS (types); TILES (1, 2); A_VECTOR (elements of a that are aligned together); CLUSTER (the
// pieces of k are the blocks of a cluster); ACTIVATION(x).

constexpr int kVector = 16 / sizeof(SCALAR), kWarps = 8, kThreads = kWarps * 32;
constexpr int kStride = kWarps * 4 * kVector;  // of k, between the vectors of a lane
constexpr int kAtOnce = 4, kRows = 8 * TILES;

struct alignas(16) Words {
  u32 w[4];
};

struct Lines {
  const SCALAR* from[2];
  int end;
  /// The vectors of both lines at k, zeros behind the end.
  __device__ void load(Words (&to)[2], int k) const {
#pragma unroll
    for (int i = 0; i < 2; ++i) {
      to[i] = Words{};
      if (k < end) to[i] = *reinterpret_cast<const Words*>(from[i] + k);
    }
  }
};

__device__ inline u32 bits_of(f16 x) { return x.bits; }
__device__ inline u32 bits_of(bf16 x) { return x.bits; }
__device__ inline u32 bits_of(float x) { return __float_as_uint(x); }

/// kVector elements of row `row` of a; zeros outside.
__device__ inline Words load_row(const GemmArgs& p, int row, int k, int end) {
  Words words = {};
  const SCALAR* from = static_cast<const SCALAR*>(p.a) + (i64)row * p.a_row + k;
  if (row >= p.m || k >= end) return words;
  if (A_VECTOR == kVector) return *reinterpret_cast<const Words*>(from);
#pragma unroll
  for (int i = 0; i < kVector; ++i)
    if (k + i < p.k) words.w[i * sizeof(SCALAR) / 4] |= bits_of(from[i]) << (i * sizeof(SCALAR) % 4 * 8);
  return words;
}

__device__ inline void finish(const GemmArgs& p, int row, int column, float v) {
  const i64 at = (i64)row * p.y_row + column;
  v *= p.alpha;
  if (p.bias) v += to_float(static_cast<const BIAS*>(p.bias)[(i64)row * p.bias_row + (i64)column * p.bias_column]);
  if (p.residual) v += to_float(static_cast<const OUTPUT*>(p.residual)[at]);
  v = ACTIVATION(v);
  assign(static_cast<OUTPUT*>(p.y)[at], v);
}

KERNEL(kThreads) skinny(const GemmArgs p) {
  SHARED_MEMORY(shared);
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, piece = blockIdx.z;
  const int column = blockIdx.x * 16, row = blockIdx.y * kRows, begin = piece * p.k_piece, end = min(p.k, begin + p.k_piece);
  Lines lines;
  lines.end = end;
#pragma unroll
  for (int i = 0; i < 2; ++i) lines.from[i] = static_cast<const SCALAR*>(p.b) + (i64)min(column + i * 8 + lane / 4, p.n - 1) * p.b_row;
  int k = begin + (warp * 4 + lane % 4) * kVector;
  Words b[kAtOnce][2];
#pragma unroll
  for (int u = 0; u < kAtOnce; ++u) lines.load(b[u], k + u * kStride);
  wait_for_previous();

  float sum[TILES][4] = {};
  // Every lane of a warp takes part in each instruction.
  for (int step = begin + warp * 4 * kVector; step < end; step += kAtOnce * kStride, k += kAtOnce * kStride) {
    Words a[kAtOnce][TILES];
#pragma unroll
    for (int u = 0; u < kAtOnce; ++u)
#pragma unroll
      for (int t = 0; t < TILES; ++t) a[u][t] = load_row(p, row + t * 8 + lane / 4, k + u * kStride, end);
    __syncwarp();  // all loads are under way before the first is used
#pragma unroll
    for (int u = 0; u < kAtOnce; ++u) {
#pragma unroll
      for (int half = 0; half < 4; half += 2) {
        const u32 columns[4] = {b[u][0].w[half], b[u][1].w[half], b[u][0].w[half + 1], b[u][1].w[half + 1]};
#pragma unroll
        for (int t = 0; t < TILES; ++t) multiply(SCALAR(), sum[t], columns, a[u][t].w[half], a[u][t].w[half + 1]);
      }
      lines.load(b[u], k + (kAtOnce + u) * kStride);
    }
  }

  float* parts = reinterpret_cast<float*>(shared);  // [warp][row][column]
#pragma unroll
  for (int t = 0; t < TILES; ++t)
#pragma unroll
    for (int e = 0; e < 4; ++e) parts[(warp * kRows + t * 8 + lane % 4 * 2 + e % 2) * 16 + lane / 4 + e / 2 * 8] = sum[t][e];
  __syncthreads();
  const int mine = threadIdx.x;
  float v = 0;
  if (mine < kRows * 16)
#pragma unroll
    for (int w = 0; w < kWarps; ++w) v += parts[w * kRows * 16 + mine];
#if CLUSTER
  // Only its own thread read parts[mine].
  if (mine < kRows * 16) parts[mine] = v;
  cluster_barrier();
  constexpr int kMostPieces = 8;
  float part[kMostPieces][1] = {};
  if (piece == 0 && mine < kRows * 16)
#pragma unroll
    for (int other = 0; other < kMostPieces; ++other)
      if (other < p.split) load_remote(part[other], parts + mine, other);
  v = 0;
#pragma unroll
  for (int other = 0; other < kMostPieces; ++other) v += part[other][0];
#endif
  if (piece == 0 && mine < kRows * 16 && row + mine / 16 < p.m && column + mine % 16 < p.n) finish(p, row + mine / 16, column + mine % 16, v);
#if CLUSTER
  cluster_barrier();  // nobody leaves while its parts are read
#endif
}
