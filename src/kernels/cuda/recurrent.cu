// LSTM (CELL 2), GRU (CELL 1) and RNN (CELL 0) layers: `project` multiplies the inputs of all steps with W, then each step is
// one launch (`gates`; a GRU that resets before its product needs `reset` and `again`), and `finish` writes the last states.
constexpr int GATES = CELL == 2 ? 4 : CELL == 1 ? 3 : 1;
constexpr int SAMPLES = 4;  // of a warp
constexpr int TILE = 64, DEPTH = 16;

struct RecurrentArgs {
  const IN* x;                // [steps][batch][inputs]
  const WEIGHT *w, *r, *bias, *peepholes;  // the last two may be null
  const IN *first_h, *first_c;             // null: 0
  const void* lengths;        // null: all steps
  OUT *y, *last_h, *last_c;   // may be null
  float *projected;           // [directions][steps][batch][GATES][hidden], with the bias of W
  float *h, *c, *kept;        // two states, of which a step reads one and writes the other; kept: update gates, reset states
  u32 steps, batch, inputs, hidden, directions, reversed;
  u32 wide_lengths, input_forget, step, unused;
  u32 kinds[2][3];            // of activations, as their table in the operator lists them
  float alpha[2][3], beta[2][3], clip[2][3];
};

inline float activated(const RecurrentArgs& a, u32 d, int function, float x) {
  const float alpha = a.alpha[d][function], beta = a.beta[d][function], clip = a.clip[d][function];
  if (clip > 0) x = x < -clip ? -clip : x > clip ? clip : x;
  switch (a.kinds[d][function]) {
    case 0: return x > 0 ? x : x != x ? x : 0.0f;
    case 1: return tanhf(x);
    case 2: return 1.0f / (1.0f + expf(-x));
    case 3: return alpha * x + beta;
    case 4: return x >= 0 ? x : alpha * x;
    case 5: return x >= alpha ? x : 0.0f;
    case 6: return alpha * tanhf(beta * x);
    case 7: return fminf(fmaxf(alpha * x + beta, 0.0f), 1.0f);
    case 8: return x >= 0 ? x : alpha * (expf(x) - 1.0f);
    case 9: return x / (1.0f + fabsf(x));
    default: return x > 0 ? x + log1pf(expf(-x)) : log1pf(expf(x));
  }
}

// One tile of x W^T of direction blockIdx.z.
extern "C" __global__ void __launch_bounds__(256) project(const RecurrentArgs a) {
  wait_for_previous();
  __shared__ float left[DEPTH][TILE + 4], right[DEPTH][TILE + 4];
  const u32 rows = a.steps * a.batch, width = GATES * a.hidden, d = blockIdx.z;
  const u32 first_row = blockIdx.y * TILE, first_column = blockIdx.x * TILE;
  const u32 ty = threadIdx.x / 16 * 4, tx = threadIdx.x % 16 * 4;
  const WEIGHT* w = a.w + i64(d) * width * a.inputs;
  float sums[4][4] = {};
  for (u32 k = 0; k < a.inputs; k += DEPTH) {
    for (u32 i = threadIdx.x; i < TILE * DEPTH; i += 256) {
      const u32 line = i / DEPTH, at = k + i % DEPTH, row = first_row + line, column = first_column + line;
      left[i % DEPTH][line] = row < rows && at < a.inputs ? float(Element<IN>::get(a.x[i64(row) * a.inputs + at])) : 0.0f;
      right[i % DEPTH][line] = column < width && at < a.inputs ? float(Element<WEIGHT>::get(w[i64(column) * a.inputs + at])) : 0.0f;
    }
    __syncthreads();
#pragma unroll
    for (int i = 0; i < DEPTH; ++i)
#pragma unroll
      for (int m = 0; m < 4; ++m)
#pragma unroll
        for (int n = 0; n < 4; ++n) sums[m][n] += left[i][ty + m] * right[i][tx + n];
    __syncthreads();
  }
  for (int m = 0; m < 4; ++m)
    for (int n = 0; n < 4; ++n) {
      const u32 row = first_row + ty + m, column = first_column + tx + n;
      if (row >= rows || column >= width) continue;
      const float bias = a.bias ? float(Element<WEIGHT>::get(a.bias[d * 2 * width + column])) : 0.0f;
      a.projected[(i64(d) * rows + row) * width + column] = sums[m][n] + bias;
    }
}

extern "C" __global__ void start(const RecurrentArgs a) {
  wait_for_previous();
  const u32 index = blockIdx.x * blockDim.x + threadIdx.x;
  if (index >= a.directions * a.batch * a.hidden) return;
  a.h[index] = a.first_h ? float(Element<IN>::get(a.first_h[index])) : 0.0f;
  if (CELL == 2) a.c[index] = a.first_c ? float(Element<IN>::get(a.first_c[index])) : 0.0f;
}

// One hidden unit of up to SAMPLES samples, for each warp; lane s has what belongs to sample s.
struct Unit {
  u32 d, j, sample, lane, at, length;  // at: of the sample's unit in a state
  bool any, own, active;               // the warp has work; this lane has a sample; whose sequence goes on
  i64 time;
};
inline Unit unit_of(const RecurrentArgs& a) {
  Unit u;
  const u32 warp = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32, groups = (a.batch + SAMPLES - 1) / SAMPLES;
  u.lane = threadIdx.x % 32;
  u.j = warp % a.hidden;
  u.d = warp / a.hidden / groups;
  u.sample = warp / a.hidden % groups * SAMPLES;
  u.any = u.d < a.directions;
  const u32 b = u.sample + u.lane;
  u.own = u.any && u.lane < SAMPLES && b < a.batch;
  u.at = (u.d * a.batch + b) * a.hidden + u.j;
  u.length = a.steps;
  if (u.own && a.lengths) {
    const i64 given = a.wide_lengths ? static_cast<const i64*>(a.lengths)[b] : i64(static_cast<const i32*>(a.lengths)[b]);
    u.length = given < 0 ? 0 : given > a.steps ? a.steps : u32(given);
  }
  u.active = u.own && a.step < u.length;
  const bool backwards = a.reversed || u.d == 1;
  u.time = backwards ? i64(u.length) - 1 - a.step : a.step;
  return u;
}
// Products of a state of the unit's samples with rows of R, and the bias of R.
template <int FIRST, int COUNT> inline void multiply(const RecurrentArgs& a, const Unit& u, const float* state, float (&own)[COUNT]) {
  float sums[COUNT][SAMPLES] = {};
  const WEIGHT* r = a.r + (i64(u.d * GATES + FIRST) * a.hidden + u.j) * a.hidden;
  const float* h = state + i64(u.d * a.batch + u.sample) * a.hidden;
  for (u32 k = u.lane; k < a.hidden; k += 32) {
    float part[SAMPLES];
#pragma unroll
    for (int s = 0; s < SAMPLES; ++s) part[s] = u.sample + s < a.batch ? h[i64(s) * a.hidden + k] : 0.0f;
#pragma unroll
    for (int g = 0; g < COUNT; ++g) {
      const float weight = float(Element<WEIGHT>::get(r[i64(g) * a.hidden * a.hidden + k]));
#pragma unroll
      for (int s = 0; s < SAMPLES; ++s) sums[g][s] += weight * part[s];
    }
  }
#pragma unroll
  for (int g = 0; g < COUNT; ++g) {
#pragma unroll
    for (int s = 0; s < SAMPLES; ++s) {
      const float sum = fold_warp<Sum>(sums[g][s]);
      if (u.lane == s) own[g] = sum;
    }
    const u32 width = GATES * a.hidden;
    if (a.bias && u.lane < SAMPLES) own[g] += float(Element<WEIGHT>::get(a.bias[(u.d * 2 + 1) * width + (FIRST + g) * a.hidden + u.j]));
  }
}
inline const float* projected_of(const RecurrentArgs& a, const Unit& u) {
  return a.projected + ((i64(u.d) * a.steps + u.time) * a.batch + u.sample + u.lane) * GATES * a.hidden + u.j;
}
inline float* state_of(const RecurrentArgs& a, u32 step) { return a.h + i64(step % 2) * a.directions * a.batch * a.hidden; }
inline void put(const RecurrentArgs& a, const Unit& u, float h) {
  state_of(a, a.step + 1)[u.at] = h;
  if (u.active && a.y) a.y[((u.time * a.directions + u.d) * a.batch + u.sample + u.lane) * a.hidden + u.j] = Element<OUT>::put(h);
}

inline float lstm_cell(const RecurrentArgs& a, const Unit& u, const float* x, const float* sums) {
  const u32 n = a.hidden;
  float p[3] = {};
  for (int i = 0; i < 3 && a.peepholes; ++i) p[i] = float(Element<WEIGHT>::get(a.peepholes[(u.d * 3 + i) * n + u.j]));
  float cell = a.c[u.at];
  const float in = activated(a, u.d, 0, x[0] + sums[0] + p[0] * cell);
  const float forget = a.input_forget ? 1.0f - in : activated(a, u.d, 0, x[2 * n] + sums[2] + p[2] * cell);
  cell = forget * cell + in * activated(a, u.d, 1, x[3 * n] + sums[3]);
  a.c[u.at] = cell;
  return activated(a, u.d, 0, x[n] + sums[1] + p[1] * cell) * activated(a, u.d, 2, cell);
}
inline float gru_cell(const RecurrentArgs& a, const Unit& u, const float* x, const float* sums, float h) {
  const u32 n = a.hidden;
  const float update = activated(a, u.d, 0, x[0] + sums[0]), reset = activated(a, u.d, 0, x[n] + sums[1]);
  return (1.0f - update) * activated(a, u.d, 1, x[2 * n] + reset * sums[2]) + update * h;
}

extern "C" __global__ void gates(const RecurrentArgs a) {
  wait_for_previous();
  const Unit u = unit_of(a);
  if (!u.any) return;
  float sums[GATES];
  multiply<0, GATES>(a, u, state_of(a, a.step), sums);
  if (!u.own) return;
  float h = state_of(a, a.step)[u.at];
  if (u.active) {
    const float* x = projected_of(a, u);
    if constexpr (CELL == 2) h = lstm_cell(a, u, x, sums);
    else if constexpr (CELL == 1) h = gru_cell(a, u, x, sums, h);
    else h = activated(a, u.d, 0, x[0] + sums[0]);
  }
  put(a, u, h);
}

extern "C" __global__ void reset(const RecurrentArgs a) {
  wait_for_previous();
  const Unit u = unit_of(a);
  if (!u.any) return;
  float sums[2];
  multiply<0, 2>(a, u, state_of(a, a.step), sums);
  if (!u.active) return;
  const float* x = projected_of(a, u);
  a.kept[u.at] = activated(a, u.d, 0, x[0] + sums[0]);
  a.kept[a.directions * a.batch * a.hidden + u.at] = activated(a, u.d, 0, x[a.hidden] + sums[1]) * state_of(a, a.step)[u.at];
}

extern "C" __global__ void again(const RecurrentArgs a) {
  wait_for_previous();
  const Unit u = unit_of(a);
  if (!u.any) return;
  float sum[1];
  multiply<2, 1>(a, u, a.kept + a.directions * a.batch * a.hidden, sum);
  if (!u.own) return;
  float h = state_of(a, a.step)[u.at];
  if (u.active) {
    const float update = a.kept[u.at];
    h = (1.0f - update) * activated(a, u.d, 1, projected_of(a, u)[2 * a.hidden] + sum[0]) + update * h;
  }
  put(a, u, h);
}

extern "C" __global__ void finish(const RecurrentArgs a) {
  wait_for_previous();
  const u32 index = blockIdx.x * blockDim.x + threadIdx.x;
  if (index >= a.directions * a.batch * a.hidden) return;
  if (a.last_h) a.last_h[index] = Element<OUT>::put(state_of(a, a.steps)[index]);
  if (CELL == 2 && a.last_c) a.last_c[index] = Element<OUT>::put(a.c[index]);
}
