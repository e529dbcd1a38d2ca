// Attention on tensor cores, softmax in f32. Compiled with: SCALAR, MASK_TYPE, SINK (types), MASK; WARPS (of 16 TILES queries each)
// times PIECES (warps that share the keys of a query); KEYS of a warp in one step, a multiple of 16; STAGES; DEPTH and WIDTH,
// multiples of 16 that hold those of the problem; VECTOR (elements that are aligned together); MASK_ROWS (queries have masks of
// their own) and MASK_VECTOR (1 or 2 elements of a mask are aligned together); PRECISE (f32: three products of TF32 make one that is nearly of
// f32). blockIdx is (block of queries, head, batch).

constexpr int kThreads = WARPS * PIECES * 32, kQueries = WARPS * TILES * 16, kStep = PIECES * KEYS;
constexpr int kSize = sizeof(SCALAR), kChunk = 16 / kSize, kSlice = 32 / kSize;  // elements that are copied, and multiplied, together
constexpr int kDepthLine = DEPTH * kSize + 16, kWidthLine = WIDTH * kSize + 16;  // bytes; 16 more put 8 lines in different banks
constexpr int kQueryBytes = kQueries * kDepthLine, kStageBytes = kStep * (kDepthLine + kWidthLine);
constexpr int kPartLine = WIDTH + 8;  // floats
[[maybe_unused]] constexpr int kPartBytes = PIECES * kQueries * (kPartLine + 2) * 4;

/// Rows [first, first + ROWS) of one head, zeros beyond `rows` and `columns`.
template <int ROWS, int COLUMNS>
__device__ inline void load_rows(unsigned char* to, const SCALAR* from, i64 step, int first, int rows, int columns) {
  constexpr int kChunks = COLUMNS / kChunk, kLine = COLUMNS * kSize + 16, kPiece = VECTOR * kSize >= 4 ? VECTOR * kSize : 4;
#pragma unroll 4
  for (int at = threadIdx.x; at < ROWS * kChunks; at += kThreads) {
    const int row = at / kChunks, column = at % kChunks * kChunk;
    unsigned char* chunk = to + row * kLine + column * kSize;
    const SCALAR* source = from + (first + row) * step + column;
#pragma unroll
    for (int i = 0; i < kChunk; i += VECTOR) {
      const bool real = first + row < rows && column + i < columns;
      SCALAR zero = {};
      if (VECTOR * kSize >= 4)
        copy_async<kPiece>(chunk + i * kSize, real ? source + i : from, real);
      else
        *reinterpret_cast<SCALAR*>(chunk + i * kSize) = real ? source[i] : zero;
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
};

typedef float Scores[TILES][KEYS / 8][4];
typedef float Results[TILES][WIDTH / 8][4];

template <class T>
__device__ inline void multiply_all(T type, float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  if constexpr (PRECISE) {
    const auto high = [](u32 x) { return x & 0xffffe000u; };  // what TF32 holds
    const auto low = [&](u32 x) { return __float_as_uint(__uint_as_float(x) - __uint_as_float(high(x))); };
    const u32 a_high[4] = {high(a[0]), high(a[1]), high(a[2]), high(a[3])}, a_low[4] = {low(a[0]), low(a[1]), low(a[2]), low(a[3])};
    multiply(type, d, a_low, high(b0), high(b1));
    multiply(type, d, a_high, low(b0), low(b1));
    multiply(type, d, a_high, high(b0), high(b1));
  } else {
    multiply(type, d, a, b0, b1);
  }
}

/// score = q k^T for a warp's queries.
__device__ inline void multiply_keys(Scores& score, const u32 (&q)[TILES][DEPTH / kSlice][4], const unsigned char* keys) {
  const int lane = threadIdx.x % 32;
#pragma unroll
  for (int t = 0; t < TILES; ++t)
#pragma unroll
    for (int j = 0; j < KEYS / 8; ++j)
#pragma unroll
      for (int e = 0; e < 4; ++e) score[t][j][e] = 0;
#pragma unroll
  for (int d = 0; d < DEPTH / kSlice; ++d)
#pragma unroll
    for (int j = 0; j < KEYS / 16; ++j) {
      u32 r[4];
      load_matrices(r, keys + (j * 16 + lane % 8 + lane / 16 * 8) * kDepthLine + d * 32 + lane / 8 % 2 * 16);
#pragma unroll
      for (int t = 0; t < TILES; ++t) {
        multiply_all(SCALAR(), score[t][2 * j], q[t][d], r[0], r[1]);
        multiply_all(SCALAR(), score[t][2 * j + 1], q[t][d], r[2], r[3]);
      }
    }
}

/// result += probabilities * values.
template <class T>
__device__ inline void multiply_values(T type, Results& result, const Scores& p, const unsigned char* values) {
  const int lane = threadIdx.x % 32;
  if constexpr (sizeof(T) == 2) {
#pragma unroll
    for (int j = 0; j < KEYS / 16; ++j) {
      u32 a[TILES][4];
#pragma unroll
      for (int t = 0; t < TILES; ++t)
#pragma unroll
        for (int i = 0; i < 4; ++i) a[t][i] = pack_two(type, p[t][2 * j + i / 2][i % 2 * 2], p[t][2 * j + i / 2][i % 2 * 2 + 1]);
#pragma unroll
      for (int e = 0; e < WIDTH / 16; ++e) {
        u32 r[4];
        load_matrices_transposed(r, values + (j * 16 + lane % 16) * kWidthLine + (e * 16 + lane / 16 * 8) * 2);
#pragma unroll
        for (int t = 0; t < TILES; ++t) {
          multiply(type, result[t][2 * e], a[t], r[0], r[1]);
          multiply(type, result[t][2 * e + 1], a[t], r[2], r[3]);
        }
      }
    }
  } else {
    // Keys are taken in an order of their own, so that a lane's probabilities stand where the product wants them.
#pragma unroll
    for (int j = 0; j < KEYS / 8; ++j)
#pragma unroll
      for (int e = 0; e < WIDTH / 8; ++e) {
        const unsigned char* from = values + (j * 8 + lane % 4 * 2) * kWidthLine + (e * 8 + lane / 4) * 4;
        const u32 b0 = *reinterpret_cast<const u32*>(from), b1 = *reinterpret_cast<const u32*>(from + kWidthLine);
#pragma unroll
        for (int t = 0; t < TILES; ++t) {
          const u32 a[4] = {__float_as_uint(p[t][j][0]), __float_as_uint(p[t][j][2]), __float_as_uint(p[t][j][1]), __float_as_uint(p[t][j][3])};
          multiply_all(type, result[t][e], a, b0, b1);
        }
      }
  }
}

/// What a row of the mask adds to the scores of a warp's KEYS keys from `first` on, in the logarithm of base 2.
__device__ inline void load_mask([[maybe_unused]] float (&to)[KEYS / 8][2], [[maybe_unused]] const MASK_TYPE* row, [[maybe_unused]] int first,
                                 [[maybe_unused]] int columns) {
#if MASK
#pragma unroll
  for (int j = 0; j < KEYS / 8; ++j) {
    const int key = first + j * 8 + threadIdx.x % 4 * 2;
    Pack<MASK_TYPE, 2> pair = {};
    if (MASK_VECTOR == 2) {
      if (key < columns) pair = *reinterpret_cast<const Pack<MASK_TYPE, 2>*>(row + key);
    } else {
      if (key < columns) pair.v[0] = row[key];
      if (key + 1 < columns) pair.v[1] = row[key + 1];
    }
#pragma unroll
    for (int e = 0; e < 2; ++e) {
#if MASK == 2
      const float added = pair.v[e] ? 0.0f : HIDDEN;
#else
      const float given = to_float(pair.v[e]), added = given == HIDDEN ? HIDDEN : fmaxf(given * kLog2E, -1e30f);
#endif
      to[j][e] = key + e < columns ? added : HIDDEN;
    }
  }
#endif
}

/// Products of queries and keys become scores in the logarithm of base 2; `low` and `high`: the masks of rows lane / 4 and 8 more.
__device__ inline void finish_scores(float (&score)[KEYS / 8][4], [[maybe_unused]] const float (&low)[KEYS / 8][2],
                                     [[maybe_unused]] const float (&high)[KEYS / 8][2], const AttentionArgs& p, const Visible (&visible)[2], int first) {
  float scale = p.scale * kLog2E;
  if (p.softcap > 0) {
    scale = p.softcap * kLog2E;
#pragma unroll
    for (int j = 0; j < KEYS / 8; ++j)
#pragma unroll
      for (int e = 0; e < 4; ++e) score[j][e] = tanhf(score[j][e] * p.scale / p.softcap);
  }
#pragma unroll
  for (int j = 0; j < KEYS / 8; ++j)
#pragma unroll
    for (int e = 0; e < 2; ++e) {
      score[j][e] = score[j][e] * scale + (MASK ? low[j][e] : 0.0f);
      score[j][e + 2] = score[j][e + 2] * scale + (MASK ? high[j][e] : 0.0f);
    }
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    if (first >= visible[half].first && first + KEYS <= visible[half].last) continue;
#pragma unroll
    for (int j = 0; j < KEYS / 8; ++j)
#pragma unroll
      for (int e = 0; e < 2; ++e) {
        const int key = first + j * 8 + threadIdx.x % 4 * 2 + e;
        if (key < visible[half].first || key >= visible[half].last) score[j][half * 2 + e] = HIDDEN;
      }
  }
}

/// Joins what the pieces of the keys gave, in order, and stores it. `parts`: [piece][query][kPartLine], then the largest score and
/// the sum of each row.
__device__ inline void store_results(const AttentionArgs& p, const float* parts, int first_query) {
  const float *tops = parts + PIECES * kQueries * kPartLine, *sums = tops + PIECES * kQueries;
  const int batch = blockIdx.z, head = blockIdx.y;
  SCALAR* y = static_cast<SCALAR*>(p.y) + batch * p.y_step.batch + head * p.y_step.head;
  for (int at = threadIdx.x; at < kQueries * (WIDTH / VECTOR); at += kThreads) {
    const int row = at / (WIDTH / VECTOR), column = at % (WIDTH / VECTOR) * VECTOR, query = first_query + row;
    if (query >= p.queries || column >= p.width) continue;
    float top = HIDDEN, total = 0, result[VECTOR] = {};
#pragma unroll
    for (int i = 0; i < PIECES; ++i) top = fmaxf(top, tops[i * kQueries + row]);
    if (top != HIDDEN) {
      if (p.sink) {
        const float extra = to_float(static_cast<const SINK*>(p.sink)[head]) * kLog2E;
        top = fmaxf(top, extra);
        total = power_of_two(extra - top);
      }
#pragma unroll
      for (int i = 0; i < PIECES; ++i) {
        const float weight = power_of_two(tops[i * kQueries + row] - top);
        float part[VECTOR];
        load_floats(part, parts + (i * kQueries + row) * kPartLine + column);
        total += sums[i * kQueries + row] * weight;
#pragma unroll
        for (int e = 0; e < VECTOR; ++e) result[e] += part[e] * weight;
      }
#pragma unroll
      for (int e = 0; e < VECTOR; ++e) result[e] /= total;
    }
    store_floats(y + query * p.y_step.row + column, result);
  }
}

KERNEL(kThreads) flash_attention(const AttentionArgs p) {
  wait_for_previous();
  SHARED_MEMORY(shared);
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32 % WARPS, piece = threadIdx.x / 32 / WARPS;
  const int batch = blockIdx.z, head = blockIdx.y, group = head / (p.heads / p.groups), first_query = blockIdx.x * kQueries;
  const SCALAR* k = static_cast<const SCALAR*>(p.k) + batch * p.k_step.batch + group * p.k_step.head;
  const SCALAR* v = static_cast<const SCALAR*>(p.v) + batch * p.v_step.batch + group * p.v_step.head;
  const SCALAR* q = static_cast<const SCALAR*>(p.q) + batch * p.q_step.batch + head * p.q_step.head;
  const int last_query = min(first_query + kQueries, p.queries) - 1, last_key = visible_keys(p, batch, last_query).last;
  const int begin = visible_keys(p, batch, first_query).first / kStep, end = (last_key + kStep - 1) / kStep;

  auto stage_of = [&](int step) { return shared + kQueryBytes + (step - begin) % STAGES * kStageBytes; };
  auto load = [&](int step) {
    if (step < end) {
      load_rows<kStep, DEPTH>(stage_of(step), k, p.k_step.row, step * kStep, p.keys, p.depth);
      load_rows<kStep, WIDTH>(stage_of(step) + kStep * kDepthLine, v, p.v_step.row, step * kStep, p.keys, p.width);
    }
    commit_copies();
  };
  load_rows<kQueries, DEPTH>(shared, q, p.q_step.row, first_query, p.queries, p.depth);
  for (int i = 0; i < STAGES - 1; ++i) load(begin + i);

  Visible visible[TILES][2];
  constexpr int kMasks = MASK_ROWS ? TILES * 2 : 1;
  const MASK_TYPE* mask[kMasks];
#pragma unroll
  for (int i = 0; i < TILES * 2; ++i) {
    const int query = min(first_query + (warp * TILES + i / 2) * 16 + lane / 4 + i % 2 * 8, p.queries - 1);
    visible[i / 2][i % 2] = visible_keys(p, batch, query);
    if (i < kMasks) mask[i] = mask_of(p, batch, head, query);
  }
  wait_copies<STAGES - 2>();
  __syncthreads();
  u32 fragment[TILES][DEPTH / kSlice][4];
#pragma unroll
  for (int t = 0; t < TILES; ++t)
#pragma unroll
    for (int d = 0; d < DEPTH / kSlice; ++d)
      load_matrices(fragment[t][d], shared + ((warp * TILES + t) * 16 + lane % 16) * kDepthLine + d * 32 + lane / 16 * 16);

  Softmax softmax[TILES];
#pragma unroll
  for (int t = 0; t < TILES; ++t) softmax[t] = {{HIDDEN, HIDDEN}, {0, 0}};
  Results result = {};
  for (int step = begin; step < end; ++step) {
    const int first = step * kStep + piece * KEYS;
    Scores score;
    float added[kMasks][KEYS / 8][2];
#pragma unroll
    for (int i = 0; i < kMasks; ++i) load_mask(added[i], mask[i], first, p.mask_columns);
    wait_copies<STAGES - 2>();
    __syncthreads();  // everyone's copies arrived, and the stage that is loaded next was read by all
    load(step + STAGES - 1);
    if (first >= last_key) continue;
    const unsigned char* stage = stage_of(step);
    multiply_keys(score, fragment, stage + piece * KEYS * kDepthLine);
#pragma unroll
    for (int t = 0; t < TILES; ++t) {
      float scale[2];
      finish_scores(score[t], added[t * 2 % kMasks], added[(t * 2 + 1) % kMasks], p, visible[t], first);
      softmax[t].update(score[t], scale);
#pragma unroll
      for (int j = 0; j < WIDTH / 8; ++j)
#pragma unroll
        for (int e = 0; e < 4; ++e) result[t][j][e] *= scale[e / 2];
    }
    multiply_values(SCALAR(), result, score, stage + kStep * kDepthLine + piece * KEYS * kWidthLine);
  }
  wait_copies<0>();
  __syncthreads();  // the stages take the results

  float* parts = reinterpret_cast<float*>(shared);
  float *tops = parts + PIECES * kQueries * kPartLine, *sums = tops + PIECES * kQueries;
#pragma unroll
  for (int i = 0; i < TILES * 2; ++i) {
    const int t = i / 2, half = i % 2, row = piece * kQueries + (warp * TILES + t) * 16 + lane / 4 + half * 8;
    float total = softmax[t].sum[half];
    total += exchange(total, 1);
    total += exchange(total, 2);
    if (lane % 4 == 0) tops[row] = softmax[t].largest[half], sums[row] = total;
#pragma unroll
    for (int j = 0; j < WIDTH / 8; ++j)
      *reinterpret_cast<Pack<float, 2>*>(parts + row * kPartLine + j * 8 + lane % 4 * 2) = {{result[t][j][half * 2], result[t][j][half * 2 + 1]}};
  }
  __syncthreads();
  store_results(p, parts, first_query);
}
