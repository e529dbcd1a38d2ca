// The place of the largest (SMALLEST: smallest) element of each line along an axis, the first or the last of equal ones; with
// HARD a line with 1 there and 0 elsewhere. NaN counts as better than every number.
struct ArgArgs {
  const IN* x;
  OUT* y;
  u32 lines, count, inner;  // lines: outer * inner
};
typedef Compute<IN> C;

struct Best {
  C value;
  u32 index;  // ~0: nothing seen
};

inline bool better(C a, C b) {
  if (a != a || b != b) return a != a && b == b;
  return SMALLEST ? a < b : a > b;
}
inline Best join(Best a, Best b) {
  if (a.index == ~0u || b.index == ~0u) return a.index == ~0u ? b : a;
  if (better(a.value, b.value)) return a;
  if (better(b.value, a.value)) return b;
  return (a.index < b.index) == !LAST ? a : b;
}
inline Best best_of(const IN* x, u32 first, u32 count, u32 step, u32 inner) {
  Best best = {C(0), ~0u};
  for (u32 i = first; i < count; i += step) best = join(best, Best{C(Element<IN>::get(x[i64(i) * inner])), i});
  return best;
}
inline void put(const ArgArgs& a, u32 line, u32 best, u32 first, u32 step) {
  const u32 outer = line / a.inner, inside = line - outer * a.inner;
  if (HARD) {
    OUT* y = a.y + i64(outer) * a.count * a.inner + inside;
    for (u32 i = first; i < a.count; i += step) y[i64(i) * a.inner] = Element<OUT>::put(Compute<OUT>(i == best));
  } else if (first == 0) {
    a.y[line] = Element<OUT>::put(Compute<OUT>(best));
  }
}

// Lines of elements side by side.
template <int THREADS> inline void row(const ArgArgs& a) {
  const u32 line = blockIdx.x * (blockDim.x / THREADS) + threadIdx.x / THREADS, lane = threadIdx.x % THREADS;
  if (line >= a.lines) return;
  Best best = best_of(a.x + i64(line) * a.count, lane, a.count, THREADS, 1);
#pragma unroll
  for (int step = 16; step > 0; step /= 2)
    best = join(best, Best{__shfl_xor_sync(0xffffffffu, best.value, step), __shfl_xor_sync(0xffffffffu, best.index, step)});
  if constexpr (THREADS > 32) {
    __shared__ Best memory[THREADS / 32];
    if (lane % 32 == 0) memory[lane / 32] = best;
    __syncthreads();
    for (int i = 0; i < THREADS / 32; ++i) best = join(best, memory[i]);
  }
  put(a, line, best.index, lane, THREADS);
}
extern "C" __global__ void warps(const ArgArgs a) {
  wait_for_previous();
  row<32>(a);
}
extern "C" __global__ void blocks(const ArgArgs a) {
  wait_for_previous();
  row<512>(a);
}

// 32 neighbouring lines, 8 threads for each.
extern "C" __global__ void columns(const ArgArgs a) {
  wait_for_previous();
  __shared__ Best memory[8][32];
  const u32 line = blockIdx.x * 32 + threadIdx.x;
  Best best = {C(0), ~0u};
  if (line < a.lines) {
    const u32 outer = line / a.inner;
    best = best_of(a.x + i64(outer) * a.count * a.inner + (line - outer * a.inner), threadIdx.y, a.count, 8, a.inner);
  }
  memory[threadIdx.y][threadIdx.x] = best;
  __syncthreads();
  best = memory[0][threadIdx.x];
#pragma unroll
  for (int i = 1; i < 8; ++i) best = join(best, memory[i][threadIdx.x]);
  if (line < a.lines) put(a, line, best.index, threadIdx.y, 8);
}
