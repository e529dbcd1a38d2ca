// Matrix products and convolutions of any size on tiles of BM x BN x BK. Compiled with: SCALAR (of a and b), OUTPUT, BIAS
// (types); CONV; BM, BN, BK, STAGES, WARPS_M, WARPS_N; TENSOR_CORES; A_LINES_ARE_K, B_LINES_ARE_K (the lines of memory hold equal
// k rather than a row of a, a column of b); A_VECTOR, B_VECTOR, Y_VECTOR (elements that are aligned together);
// ACTIVATION(x); CLUSTER (the pieces of k are the blocks of a cluster, which add them up at once); B_CONSTANT (no kernel writes b);
// EARLY_RESIDUAL (there is one, in vectors of 16 bytes, and shared memory for the block's part of it); WARPGROUPS (products of
// warpgroup.cu: WARPS_N is 1, each four warps have 64 rows, lines are along k and hold 128 bytes).

constexpr int kWarpM = BM / WARPS_M, kWarpN = BN / WARPS_N;
#if CONV
typedef PixelLoader<BM, BK, A_VECTOR> LoadA;
#else
typedef TileLoader<A_LINES_ARE_K ? BK : BM, A_LINES_ARE_K ? BM : BK, A_VECTOR> LoadA;
#endif
typedef TileLoader<B_LINES_ARE_K ? BK : BN, B_LINES_ARE_K ? BN : BK, B_VECTOR> LoadB;
constexpr int kStageBytes = LoadA::kBytes + LoadB::kBytes;
constexpr int kTileBytes = BM * (BN + 8) * 4, kEarlyAt = STAGES * kStageBytes > kTileBytes ? STAGES * kStageBytes : kTileBytes;

/// One element of the 4 bytes at (line, byte offset) of a tile of floats.
__device__ inline u32 word_at(const unsigned char* tile, int line_bytes, int line, int element) {
  return *reinterpret_cast<const u32*>(tile + line * line_bytes + element * 4);
}

#if WARPGROUPS
constexpr int kColumns = BN < 128 ? BN : 128;  // of one instruction
static_assert(WARPS_N == 1 && kWarpM == 16 && WARPS_M % 4 == 0 && BN % kColumns == 0, "tiles of the instructions");
static_assert(!A_LINES_ARE_K && !B_LINES_ARE_K && LoadA::kLineBytes == 128, "lines that the instructions read");

struct Accumulator {
  float sum[BN / kColumns][kColumns / 8][4];

  __device__ void start(const unsigned char* a, const unsigned char* b) {
    fence_sums();
#pragma unroll
    for (int k = 0; k < 128; k += 32)
#pragma unroll
      for (int j = 0; j < BN / kColumns; ++j)
        start_product(SCALAR(), sum[j], a + threadIdx.x / 128 * 64 * 128 + k, b + j * kColumns * 128 + k);
    commit_products();
  }
  /// Waits for what was started.
  __device__ void add(const unsigned char*, const unsigned char*) {
    wait_products();
#pragma unroll
    for (int j = 0; j < BN / kColumns; ++j) hold(sum[j]);
  }
  template <class Put>
  __device__ void each(Put put) const {
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
#pragma unroll
    for (int j = 0; j < BN / 8; ++j)
#pragma unroll
      for (int e = 0; e < 4; ++e)
        put(warp * 16 + lane / 4 + e / 2 * 8, j * 8 + lane % 4 * 2 + e % 2, sum[j * 8 / kColumns][j % (kColumns / 8)][e]);
  }
};
#elif TENSOR_CORES
constexpr int kTilesM = kWarpM / 16, kTilesN = kWarpN / 8;
constexpr int kStep = 32 / sizeof(SCALAR);  // of k in one instruction
static_assert(kTilesN % 2 == 0 && BK % kStep == 0, "tiles of the instructions");

/// Rows [row, row + 16) of a at [k, k + kStep).
__device__ inline void fragment_a(u32 (&r)[4], const unsigned char* tile, int row, int k) {
  const int lane = threadIdx.x % 32;
  if (!A_LINES_ARE_K) {
    load_matrices(r, tile + (row + lane % 16) * LoadA::kLineBytes + k * (int)sizeof(SCALAR) + lane / 16 * 16);
  } else if (sizeof(SCALAR) == 2) {
    load_matrices_transposed(r, tile + (k + lane % 8 + lane / 16 * 8) * LoadA::kLineBytes + (row + lane / 8 % 2 * 8) * 2);
  } else {
    const int m = row + lane / 4, line = k + lane % 4;
    r[0] = word_at(tile, LoadA::kLineBytes, line, m);
    r[1] = word_at(tile, LoadA::kLineBytes, line, m + 8);
    r[2] = word_at(tile, LoadA::kLineBytes, line + 4, m);
    r[3] = word_at(tile, LoadA::kLineBytes, line + 4, m + 8);
  }
}

/// Columns [column, column + 16) of b at [k, k + kStep): two words for the first 8 columns, two for the others.
__device__ inline void fragment_b(u32 (&r)[4], const unsigned char* tile, int column, int k) {
  const int lane = threadIdx.x % 32;
  if (!B_LINES_ARE_K) {
    load_matrices(r, tile + (column + lane % 8 + lane / 16 * 8) * LoadB::kLineBytes + k * (int)sizeof(SCALAR) + lane / 8 % 2 * 16);
  } else if (sizeof(SCALAR) == 2) {
    load_matrices_transposed(r, tile + (k + lane % 16) * LoadB::kLineBytes + (column + lane / 16 * 8) * 2);
  } else {
    const int n = column + lane / 4, line = k + lane % 4;
    r[0] = word_at(tile, LoadB::kLineBytes, line, n);
    r[1] = word_at(tile, LoadB::kLineBytes, line + 4, n);
    r[2] = word_at(tile, LoadB::kLineBytes, line, n + 8);
    r[3] = word_at(tile, LoadB::kLineBytes, line + 4, n + 8);
  }
}

struct Accumulator {
  float sum[kTilesM][kTilesN][4];

  __device__ void start(const unsigned char*, const unsigned char*) {}
  __device__ void add(const unsigned char* a, const unsigned char* b) {
    const int warp = threadIdx.x / 32, row = warp / WARPS_N * kWarpM, column = warp % WARPS_N * kWarpN;
#pragma unroll
    for (int k = 0; k < BK; k += kStep) {
      u32 fa[kTilesM][4], fb[kTilesN / 2][4];
#pragma unroll
      for (int i = 0; i < kTilesM; ++i) fragment_a(fa[i], a, row + i * 16, k);
#pragma unroll
      for (int j = 0; j < kTilesN / 2; ++j) fragment_b(fb[j], b, column + j * 16, k);
#pragma unroll
      for (int i = 0; i < kTilesM; ++i)
#pragma unroll
        for (int j = 0; j < kTilesN; ++j) multiply(SCALAR(), sum[i][j], fa[i], fb[j / 2][j % 2 * 2], fb[j / 2][j % 2 * 2 + 1]);
    }
  }
  /// Calls put(row, column, value) for each element of the tile that this thread holds.
  template <class Put>
  __device__ void each(Put put) const {
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const int row = warp / WARPS_N * kWarpM + lane / 4, column = warp % WARPS_N * kWarpN + lane % 4 * 2;
#pragma unroll
    for (int i = 0; i < kTilesM; ++i)
#pragma unroll
      for (int j = 0; j < kTilesN; ++j)
#pragma unroll
        for (int e = 0; e < 4; ++e) put(row + i * 16 + e / 2 * 8, column + j * 8 + e % 2, sum[i][j][e]);
  }
};
#else
constexpr int kAcross = 16, kDown = kThreads / kAcross, kRows = BM / kDown, kColumns = BN / kAcross;

/// Elements k to k + 3 of one row of a or one column of b.
template <bool LINES_ARE_K, int LINE_BYTES>
__device__ inline void four_of_k(float (&to)[4], const unsigned char* tile, int index, int k) {
  if (!LINES_ARE_K) {
    load_floats(to, reinterpret_cast<const float*>(tile + index * LINE_BYTES) + k);
  } else {
#pragma unroll
    for (int i = 0; i < 4; ++i) to[i] = __uint_as_float(word_at(tile, LINE_BYTES, k + i, index));
  }
}

struct Accumulator {
  float sum[kRows][kColumns];

  __device__ void start(const unsigned char*, const unsigned char*) {}
  __device__ void add(const unsigned char* a, const unsigned char* b) {
    const int across = threadIdx.x % kAcross, down = threadIdx.x / kAcross;
#pragma unroll 2
    for (int k = 0; k < BK; k += 4) {
      float fa[kRows][4], fb[kColumns][4];
#pragma unroll
      for (int i = 0; i < kRows; ++i) four_of_k<A_LINES_ARE_K, LoadA::kLineBytes>(fa[i], a, down + i * kDown, k);
#pragma unroll
      for (int j = 0; j < kColumns; ++j) four_of_k<B_LINES_ARE_K, LoadB::kLineBytes>(fb[j], b, across + j * kAcross, k);
#pragma unroll
      for (int e = 0; e < 4; ++e)
#pragma unroll
        for (int i = 0; i < kRows; ++i)
#pragma unroll
          for (int j = 0; j < kColumns; ++j) sum[i][j] += fa[i][e] * fb[j][e];
    }
  }
  template <class Put>
  __device__ void each(Put put) const {
    const int across = threadIdx.x % kAcross, down = threadIdx.x / kAcross;
#pragma unroll
    for (int i = 0; i < kRows; ++i)
#pragma unroll
      for (int j = 0; j < kColumns; ++j) put(down + i * kDown, across + j * kAcross, sum[i][j]);
  }
};
#endif

__device__ inline i64 position_of(const GemmArgs& p, int z, int row, int column) {
  return z / p.inner_count * p.y_outer + z % p.inner_count * p.y_inner + (i64)row * p.y_row + column;
}
__device__ inline void load_bias(const GemmArgs& p, int z, int row, int column, float (&to)[Y_VECTOR]) {
  const BIAS* bias = static_cast<const BIAS*>(p.bias) + z * p.bias_z + (i64)row * p.bias_row;
#pragma unroll
  for (int i = 0; i < Y_VECTOR; ++i) to[i] = p.bias ? to_float(bias[(i64)(column + i) * p.bias_column]) : 0.0f;
}
/// Bias, residual (null: none) and activation of Y_VECTOR neighbours, stored at `at`.
__device__ inline void finish(const GemmArgs& p, i64 at, float (&v)[Y_VECTOR], const float (&bias)[Y_VECTOR], const OUTPUT* residual) {
#pragma unroll
  for (int i = 0; i < Y_VECTOR; ++i) v[i] = v[i] * p.alpha + bias[i];
  if (residual) {
    float r[Y_VECTOR];
    load_floats(r, residual);
#pragma unroll
    for (int i = 0; i < Y_VECTOR; ++i) v[i] += r[i];
  }
#pragma unroll
  for (int i = 0; i < Y_VECTOR; ++i) v[i] = ACTIVATION(v[i]);
  store_floats(static_cast<OUTPUT*>(p.y) + at, v);
}

/// Tiles in the order of launch: 8 rows of tiles share each column of b.
__device__ inline void tile_origin(const GemmArgs& p, int& row, int& column) {
  const int down = (p.m + BM - 1) / BM, across = (p.n + BN - 1) / BN;
  const int band = blockIdx.x / (8 * across), within = blockIdx.x % (8 * across);
  const int rows = min(8, down - band * 8);
  row = (band * 8 + within % rows) * BM;
  column = within / rows * BN;
}

KERNEL(kThreads) gemm(const GemmArgs p) {
#if WARPGROUPS
  SHARED_TILES(shared);
#else
  SHARED_MEMORY(shared);
#endif
  int row, column;
  tile_origin(p, row, column);
  const int z = blockIdx.z / p.split, piece = blockIdx.z % p.split;
  const int begin = piece * p.k_piece, steps = (min(p.k, begin + p.k_piece) - begin + BK - 1) / BK;
  const SCALAR* a = static_cast<const SCALAR*>(p.a) + z / p.inner_count * p.a_outer + z % p.inner_count * p.a_inner;
  const SCALAR* b = static_cast<const SCALAR*>(p.b) + z / p.inner_count * p.b_outer + z % p.inner_count * p.b_inner;
  const LoadB load_b{b, p.b_row, B_LINES_ARE_K ? p.k : p.n, B_LINES_ARE_K ? p.n : p.k};
#if CONV
  LoadA load_a(p, a, row, begin);
#else
  const LoadA load_a{a, p.a_row, A_LINES_ARE_K ? p.k : p.m, A_LINES_ARE_K ? p.m : p.k};
#endif
  auto stage_of = [&](int step) { return shared + step % STAGES * kStageBytes; };
  auto load_step_a = [&](int step) {
    const int k = begin + step * BK;
#if CONV
    load_a(p, stage_of(step), k);
#else
    load_a(stage_of(step), A_LINES_ARE_K ? k : row, A_LINES_ARE_K ? row : k);
#endif
  };
  auto load_step_b = [&](int step) {
    const int k = begin + step * BK;
    load_b(stage_of(step) + LoadA::kBytes, B_LINES_ARE_K ? k : column, B_LINES_ARE_K ? column : k);
  };

  Accumulator accumulator = {};
  if (B_CONSTANT)
    for (int step = 0; step < STAGES - 1 && step < steps; ++step) load_step_b(step);
  wait_for_previous();
  for (int step = 0; step < STAGES - 1; ++step) {
    if (step < steps) {
      load_step_a(step);
      if (!B_CONSTANT) load_step_b(step);
    }
    commit_copies();
  }

  // The elements of y that this thread finishes: all in one column of vectors. What is added to them comes meanwhile.
  constexpr int kLine = BN + 8, kVectors = BM * (BN / Y_VECTOR);  // kLine: floats
  static_assert(kThreads % (BN / Y_VECTOR) == 0, "a thread keeps its column");
  const int first = threadIdx.x + (CLUSTER ? piece * kThreads : 0), stride = (CLUSTER ? p.split : 1) * kThreads;
  const int c = first % (BN / Y_VECTOR) * Y_VECTOR;
  const OUTPUT* residual = static_cast<const OUTPUT*>(p.residual);
  OUTPUT* early = reinterpret_cast<OUTPUT*>(shared + kEarlyAt);
  float bias[Y_VECTOR] = {};
  if (column + c < p.n) load_bias(p, z, 0, column + c, bias);
  if (EARLY_RESIDUAL)
    for (int at = first; at < kVectors; at += stride) {
      const int r = row + at / (BN / Y_VECTOR);
      const bool inside = r < p.m && column + c < p.n;
      copy_async<Y_VECTOR * sizeof(OUTPUT) == 16 ? 16 : 4>(early + at * Y_VECTOR, inside ? residual + position_of(p, z, r, column + c) : residual, inside);
    }
  for (int step = 0; step < steps; ++step) {
    wait_copies<STAGES - 2>();
#if WARPGROUPS
    show_to_products();
#endif
    __syncthreads();  // everyone's copies arrived, and the stage that is loaded next was read by all
    const unsigned char* stage = stage_of(step);
    accumulator.start(stage, stage + LoadA::kBytes);
    const int ahead = step + STAGES - 1;
    if (ahead < steps) {
      load_step_a(ahead);
      load_step_b(ahead);
    }
    commit_copies();
    accumulator.add(stage, stage + LoadA::kBytes);
  }
  wait_copies<0>();
  __syncthreads();

  float* tile = reinterpret_cast<float*>(shared);
  accumulator.each([&](int r, int c, float value) { tile[r * kLine + c] = value; });
  __syncthreads();
#if CLUSTER
  cluster_barrier();
#endif
  for (int at = first; at < kVectors; at += stride) {
    const int r = at / (BN / Y_VECTOR);
    if (row + r >= p.m || column + c >= p.n) continue;
    float v[Y_VECTOR] = {};
#if CLUSTER
    constexpr int kAtOnce = 4;
    for (int other = 0; other < p.split; other += kAtOnce) {
      float part[kAtOnce][Y_VECTOR] = {};
#pragma unroll
      for (int u = 0; u < kAtOnce; ++u)
        if (other + u < p.split) load_remote(part[u], tile + r * kLine + c, other + u);
#pragma unroll
      for (int u = 0; u < kAtOnce; ++u)
#pragma unroll
        for (int i = 0; i < Y_VECTOR; ++i) v[i] += part[u][i];
    }
#else
#pragma unroll
    for (int i = 0; i < Y_VECTOR; ++i) v[i] = tile[r * kLine + c + i];
#endif
    if (CLUSTER || p.split == 1) {
      const i64 to = position_of(p, z, row + r, column + c);
      if (p.bias_row) load_bias(p, z, row + r, column + c, bias);
      finish(p, to, v, bias, !residual ? residual : EARLY_RESIDUAL ? early + at * Y_VECTOR : residual + to);
    } else {
      store_floats(p.partial + ((i64)blockIdx.z * p.m + row + r) * p.n + column + c, v);
    }
  }
#if CLUSTER
  cluster_barrier();  // nobody leaves while others read its tile
#endif
}

/// Adds the pieces of k in order. A thread for each Y_VECTOR elements of a row; blockIdx.z is z.
KERNEL(256) gemm_sum(const GemmArgs p) {
  wait_for_previous();
  const i64 at = ((i64)blockIdx.x * 256 + threadIdx.x) * Y_VECTOR, size = (i64)p.m * p.n;
  if (at >= size) return;
  const float* from = p.partial + blockIdx.z * size * p.split + at;
  float v[Y_VECTOR] = {};
  for (int piece = 0; piece < p.split; ++piece) {
    float part[Y_VECTOR];
    load_floats(part, from + piece * size);
#pragma unroll
    for (int i = 0; i < Y_VECTOR; ++i) v[i] += part[i];
  }
  const int row = (int)(at / p.n), column = (int)(at % p.n);
  const i64 to = position_of(p, blockIdx.z, row, column);
  float bias[Y_VECTOR];
  load_bias(p, blockIdx.z, row, column, bias);
  finish(p, to, v, bias, p.residual ? static_cast<const OUTPUT*>(p.residual) + to : nullptr);
}
