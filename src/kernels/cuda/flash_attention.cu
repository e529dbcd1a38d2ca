// Attention on tensor cores, softmax in f32. Compiled with: SCALAR, MASK_TYPE, SINK (types), MASK; WARPS (16 queries each); KEYS of
// a step, a multiple of 16; DEPTH and WIDTH, multiples of 16 that hold those of the problem; VECTOR (elements that are
// aligned together). blockIdx is (block of queries, head, batch).

constexpr int kThreads = WARPS * 32, kQueries = WARPS * 16;
constexpr int kDepthLine = DEPTH * 2 + 16, kWidthLine = WIDTH * 2 + 16;  // bytes; 16 more put 8 lines in different banks
constexpr int kQueryBytes = kQueries * (kDepthLine > kWidthLine ? kDepthLine : kWidthLine);
constexpr int kStageBytes = KEYS * (kDepthLine + kWidthLine);

/// Rows [first, first + ROWS) of one head, zeros beyond `rows` and `columns`.
template <int ROWS, int COLUMNS>
__device__ inline void load_rows(unsigned char* to, const SCALAR* from, i64 step, int first, int rows, int columns) {
  constexpr int kChunks = COLUMNS / 8, kLine = COLUMNS * 2 + 16, kPiece = VECTOR * 2 >= 4 ? VECTOR * 2 : 4;
#pragma unroll 4
  for (int at = threadIdx.x; at < ROWS * kChunks; at += kThreads) {
    const int row = at / kChunks, column = at % kChunks * 8;
    unsigned char* chunk = to + row * kLine + column * 2;
    const SCALAR* source = from + (first + row) * step + column;
#pragma unroll
    for (int i = 0; i < 8; i += VECTOR) {
      const bool real = first + row < rows && column + i < columns;
      SCALAR zero = {};
      if (VECTOR > 1)
        copy_async<kPiece>(chunk + i * 2, real ? source + i : from, real);
      else
        *reinterpret_cast<SCALAR*>(chunk + i * 2) = real ? source[i] : zero;
    }
  }
}

/// The running softmax of two rows (lane / 4 and 8 more) of a warp's 16.
struct Softmax {
  float largest[2], sum[2];

  /// Scores become probabilities; `scale` is what earlier results must be multiplied by.
  __device__ void update(float (&score)[KEYS / 8][4], float (&scale)[2]) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      float top = largest[half];
#pragma unroll
      for (int j = 0; j < KEYS / 8; ++j) top = fmaxf(top, fmaxf(score[j][half * 2], score[j][half * 2 + 1]));
      top = fmaxf(top, exchange(top, 1));
      top = fmaxf(top, exchange(top, 2));
      const float base = top == HIDDEN ? 0.0f : top;
      scale[half] = power_of_two(largest[half] - base);
      largest[half] = top;
      float total = 0;
#pragma unroll
      for (int j = 0; j < KEYS / 8; ++j)
#pragma unroll
        for (int e = half * 2; e < half * 2 + 2; ++e) total += score[j][e] = power_of_two(score[j][e] - base);
      sum[half] = sum[half] * scale[half] + total;
    }
  }
  /// What the results are to be multiplied by in the end; 0 where every key was hidden.
  __device__ float factor(int half, const SINK* sink) const {
    float total = sum[half];
    total += exchange(total, 1);
    total += exchange(total, 2);
    if (largest[half] == HIDDEN) return 0;
    if (!sink) return 1 / total;
    const float extra = to_float(*sink) * kLog2E, top = fmaxf(extra, largest[half]);
    const float shrink = power_of_two(largest[half] - top);
    return shrink / (total * shrink + power_of_two(extra - top));
  }
};

/// score = q k^T for a warp's 16 queries.
__device__ inline void multiply_keys(float (&score)[KEYS / 8][4], const u32 (&q)[DEPTH / 16][4], const unsigned char* keys) {
  const int lane = threadIdx.x % 32;
#pragma unroll
  for (int j = 0; j < KEYS / 8; ++j)
#pragma unroll
    for (int e = 0; e < 4; ++e) score[j][e] = 0;
#pragma unroll
  for (int d = 0; d < DEPTH / 16; ++d)
#pragma unroll
    for (int j = 0; j < KEYS / 16; ++j) {
      u32 r[4];
      load_matrices(r, keys + (j * 16 + lane % 8 + lane / 16 * 8) * kDepthLine + d * 32 + lane / 8 % 2 * 16);
      multiply(SCALAR(), score[2 * j], q[d], r[0], r[1]);
      multiply(SCALAR(), score[2 * j + 1], q[d], r[2], r[3]);
    }
}

/// result += probabilities * values.
__device__ inline void multiply_values(float (&result)[WIDTH / 8][4], const float (&p)[KEYS / 8][4], const unsigned char* values) {
  const int lane = threadIdx.x % 32;
#pragma unroll
  for (int j = 0; j < KEYS / 16; ++j) {
    const u32 a[4] = {pack_two(SCALAR(), p[2 * j][0], p[2 * j][1]), pack_two(SCALAR(), p[2 * j][2], p[2 * j][3]),
                      pack_two(SCALAR(), p[2 * j + 1][0], p[2 * j + 1][1]), pack_two(SCALAR(), p[2 * j + 1][2], p[2 * j + 1][3])};
#pragma unroll
    for (int e = 0; e < WIDTH / 16; ++e) {
      u32 r[4];
      load_matrices_transposed(r, values + (j * 16 + lane % 16) * kWidthLine + (e * 16 + lane / 16 * 8) * 2);
      multiply(SCALAR(), result[2 * e], a, r[0], r[1]);
      multiply(SCALAR(), result[2 * e + 1], a, r[2], r[3]);
    }
  }
}

KERNEL(kThreads) flash_attention(const AttentionArgs p) {
  wait_for_previous();
  SHARED_MEMORY(shared);
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  const int batch = blockIdx.z, head = blockIdx.y, group = head / (p.heads / p.groups), first_query = blockIdx.x * kQueries;
  const SCALAR* k = static_cast<const SCALAR*>(p.k) + batch * p.k_step.batch + group * p.k_step.head;
  const SCALAR* v = static_cast<const SCALAR*>(p.v) + batch * p.v_step.batch + group * p.v_step.head;
  const SCALAR* q = static_cast<const SCALAR*>(p.q) + batch * p.q_step.batch + head * p.q_step.head;
  const int last_query = min(first_query + kQueries, p.queries) - 1;
  const int begin = visible_keys(p, batch, first_query).first / KEYS, end = (visible_keys(p, batch, last_query).last + KEYS - 1) / KEYS;

  auto load = [&](int step) {
    unsigned char* stage = shared + kQueryBytes + step % 2 * kStageBytes;
    load_rows<KEYS, DEPTH>(stage, k, p.k_step.row, step * KEYS, p.keys, p.depth);
    load_rows<KEYS, WIDTH>(stage + KEYS * kDepthLine, v, p.v_step.row, step * KEYS, p.keys, p.width);
  };
  load_rows<kQueries, DEPTH>(shared, q, p.q_step.row, first_query, p.queries, p.depth);
  commit_copies();
  if (begin < end) load(begin);
  commit_copies();
  wait_copies<1>();
  __syncthreads();
  u32 fragment[DEPTH / 16][4];
#pragma unroll
  for (int d = 0; d < DEPTH / 16; ++d)
    load_matrices(fragment[d], shared + (warp * 16 + lane % 16) * kDepthLine + d * 32 + lane / 16 * 16);

  Visible visible[2];
  const MASK_TYPE* mask[2];
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const int query = min(first_query + warp * 16 + lane / 4 + half * 8, p.queries - 1);
    visible[half] = visible_keys(p, batch, query);
    mask[half] = mask_of(p, batch, head, query);
  }
  Softmax softmax = {{HIDDEN, HIDDEN}, {0, 0}};
  float result[WIDTH / 8][4] = {};
  for (int step = begin; step < end; ++step) {
    if (step + 1 < end) load(step + 1);
    commit_copies();
    wait_copies<1>();
    __syncthreads();
    const unsigned char* stage = shared + kQueryBytes + step % 2 * kStageBytes;
    float score[KEYS / 8][4], scale[2];
    multiply_keys(score, fragment, stage);
#pragma unroll
    for (int j = 0; j < KEYS / 8; ++j)
#pragma unroll
      for (int e = 0; e < 4; ++e) {
        const int key = step * KEYS + j * 8 + lane % 4 * 2 + e % 2;
        const bool seen = key >= visible[e / 2].first && key < visible[e / 2].last;
        score[j][e] = seen ? finished_score(p, mask[e / 2], key, score[j][e]) : HIDDEN;
      }
    softmax.update(score, scale);
#pragma unroll
    for (int j = 0; j < WIDTH / 8; ++j)
#pragma unroll
      for (int e = 0; e < 4; ++e) result[j][e] *= scale[e / 2];
    multiply_values(result, score, stage + KEYS * kDepthLine);
    __syncthreads();  // the stage is loaded again
  }
  wait_copies<0>();

  // The queries of a warp are in its registers by now, so its rows of their memory take its results.
  const SINK* sink = p.sink ? static_cast<const SINK*>(p.sink) + head : nullptr;
  const float factor[2] = {softmax.factor(0, sink), softmax.factor(1, sink)};
  unsigned char* rows = shared + warp * 16 * (kQueryBytes / kQueries);
  __syncthreads();
#pragma unroll
  for (int j = 0; j < WIDTH / 8; ++j)
#pragma unroll
    for (int half = 0; half < 2; ++half)
      *reinterpret_cast<u32*>(rows + (lane / 4 + half * 8) * kWidthLine + (j * 8 + lane % 4 * 2) * 2) =
          pack_two(SCALAR(), result[j][half * 2] * factor[half], result[j][half * 2 + 1] * factor[half]);
  __syncwarp();
  SCALAR* y = static_cast<SCALAR*>(p.y) + batch * p.y_step.batch + head * p.y_step.head;
  for (int at = lane; at < 16 * (WIDTH / VECTOR); at += 32) {
    const int row = at / (WIDTH / VECTOR), column = at % (WIDTH / VECTOR) * VECTOR, query = first_query + warp * 16 + row;
    if (query >= p.queries || column >= p.width) continue;
    *reinterpret_cast<Pack<SCALAR, VECTOR>*>(y + query * p.y_step.row + column) =
        *reinterpret_cast<const Pack<SCALAR, VECTOR>*>(rows + row * kWidthLine + column * 2);
  }
}
