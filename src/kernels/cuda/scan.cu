// Running sums (PRODUCT: products) of lines along an axis; EXCLUSIVE: of the elements before each; REVERSE: from the end.
constexpr int THREADS = 256;
constexpr int EACH = 4;  // elements of a thread

struct ScanArgs {
  const IN* x;
  OUT* y;
  u32 lines, count, inner;  // lines: outer * inner
};
typedef Compute<IN> C;

inline C join(C a, C b) { return PRODUCT ? a * b : a + b; }
inline C nothing() { return C(PRODUCT ? 1 : 0); }

// A block for each line of elements side by side.
extern "C" __global__ void __launch_bounds__(256) rows(const ScanArgs a) {
  wait_for_previous();
  __shared__ C memory[THREADS / 32];
  const i64 base = i64(blockIdx.x) * a.count;
  const u32 warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  C carry = nothing();
  for (u32 first = 0; first < a.count; first += THREADS * EACH) {
    C part[EACH], sum = nothing();
#pragma unroll
    for (int i = 0; i < EACH; ++i) {
      const u32 at = first + threadIdx.x * EACH + i;
      part[i] = at < a.count ? C(Element<IN>::get(a.x[base + (REVERSE ? a.count - 1 - at : at)])) : nothing();
      sum = join(sum, part[i]);
    }
    C up = sum;  // of this thread and those before it in the warp
#pragma unroll
    for (int step = 1; step < 32; step *= 2) {
      const C other = __shfl_up_sync(0xffffffffu, up, step);
      if (lane >= step) up = join(other, up);
    }
    if (lane == 31) memory[warp] = up;
    C before = __shfl_up_sync(0xffffffffu, up, 1);
    if (lane == 0) before = nothing();
    __syncthreads();
    C block = carry;  // what comes before this warp
    for (u32 w = 0; w < warp; ++w) block = join(block, memory[w]);
    for (u32 w = 0; w < THREADS / 32; ++w) carry = join(carry, memory[w]);
    C running = join(block, before);
#pragma unroll
    for (int i = 0; i < EACH; ++i) {
      const u32 at = first + threadIdx.x * EACH + i;
      const C next = join(running, part[i]);
      if (at < a.count) a.y[base + (REVERSE ? a.count - 1 - at : at)] = Element<OUT>::put(EXCLUSIVE ? running : next);
      running = next;
    }
    __syncthreads();
  }
}

// A thread for each line.
extern "C" __global__ void columns(const ScanArgs a) {
  wait_for_previous();
  const u32 line = blockIdx.x * blockDim.x + threadIdx.x;
  if (line >= a.lines) return;
  const u32 outer = line / a.inner;
  const i64 base = i64(outer) * a.count * a.inner + (line - outer * a.inner);
  C running = nothing();
  for (u32 i = 0; i < a.count; ++i) {
    const i64 at = base + i64(REVERSE ? a.count - 1 - i : i) * a.inner;
    const C next = join(running, C(Element<IN>::get(a.x[at])));
    a.y[at] = Element<OUT>::put(EXCLUSIVE ? running : next);
    running = next;
  }
}
