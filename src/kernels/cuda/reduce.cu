// Folds the elements of the reduced loops for each element of the kept ones. ACC is the type of the sums, FOLD one of Sum,
// Larger, Smaller, Product; PREPARE: 0 nothing, 1 magnitude, 2 square; FINISH: 0 nothing, 1 mean, 2 root, 3 logarithm,
// 4 log of the sum of exponentials (FOLD is Sum).
constexpr int kLoops = 4;
constexpr int kRowThreads = 256;

struct ReduceArgs {
  const IN* x;
  OUT* y;
  ACC* partial;             // [splits][outputs], where the reduced elements are split over blocks
  u32 outputs, count;       // kept and reduced elements
  u32 splits, piece;        // parts of the reduced elements, and the elements of one
  u32 kept_loops, reduced_loops;
  Divider kept[kLoops], reduced[kLoops];  // innermost first
  i64 kept_strides[kLoops], reduced_strides[kLoops];
};

template <class C> inline C p_exp(C x) {
  if constexpr (same_type<C, float>) return expf(x);
  else return C(exp(double(x)));
}
template <class C> inline C p_log(C x) {
  if constexpr (same_type<C, float>) return logf(x);
  else return C(log(double(x)));
}
template <class C> inline C p_sqrt(C x) {
  if constexpr (same_type<C, float>) return sqrtf(x);
  else return C(sqrt(double(x)));
}

template <class Fold, class C> inline C first_of() {
  if constexpr (same_type<Fold, Sum>) return C(0);
  else if constexpr (same_type<Fold, Product>) return C(1);
  else if constexpr (is_real<C>) return C(__int_as_float(same_type<Fold, Larger> ? 0xff800000 : 0x7f800000));
  else if constexpr (C(-1) > C(0)) return same_type<Fold, Larger> ? C(0) : C(-1);
  else return same_type<Fold, Larger> ? C(u64(1) << 63) : C(~(u64(1) << 63));
}

inline i64 locate(u32 index, u32 loops, const Divider* extents, const i64* strides) {
  if (loops == 1) return i64(index) * strides[0];
  i64 at = 0;
#pragma unroll
  for (int l = 0; l < kLoops; ++l) {
    if (l >= loops) break;
    const u32 outer = extents[l].divide(index);
    at += i64(index - outer * extents[l].divisor) * strides[l];
    index = outer;
  }
  return at;
}

template <class C> inline C prepared(C x) {
  if constexpr (PREPARE == 1) return x < C(0) ? C(C(0) - x) : x;
  else if constexpr (PREPARE == 2) return x * x;
  else return x;
}

template <class C> inline C finished(C sum, u32 count) {
  if constexpr (FINISH == 1) return sum / C(count);
  else if constexpr (FINISH == 2) return p_sqrt(sum);
  else if constexpr (FINISH == 3) return p_log(sum);
  else return sum;
}

// Folds f(element) over [first, last) in steps.
template <class Fold, class F> inline ACC fold_elements(const ReduceArgs& a, i64 base, u32 first, u32 last, u32 step, F f) {
  ACC all = first_of<Fold, ACC>();
#pragma unroll 4
  for (u32 r = first; r < last; r += step)
    all = Fold::join(all, f(convert<ACC>(Element<IN>::get(a.x[base + locate(r, a.reduced_loops, a.reduced, a.reduced_strides)]))));
  return all;
}

// All elements of one output; `gather` joins what the threads of an output found.
template <class Gather> inline ACC reduced_value(const ReduceArgs& a, i64 base, u32 first, u32 last, u32 step, ACC& shift, Gather gather) {
  shift = 0;
  if constexpr (FINISH == 4) {
    shift = gather(Larger(), fold_elements<Larger>(a, base, first, last, step, [](ACC x) { return x; }));
    if (shift - shift != ACC(0)) shift = 0;
    const ACC m = shift;
    return gather(FOLD(), fold_elements<FOLD>(a, base, first, last, step, [m](ACC x) { return ACC(p_exp(x - m)); }));
  } else {
    return gather(FOLD(), fold_elements<FOLD>(a, base, first, last, step, [](ACC x) { return prepared(x); }));
  }
}

inline void put(const ReduceArgs& a, u32 output, ACC value, ACC shift) {
  if (a.splits > 1) {
    a.partial[i64(blockIdx.y) * a.outputs + output] = value;
  } else if constexpr (FINISH == 4) {
    a.y[output] = Element<OUT>::put(p_log(value) + shift);
  } else {
    a.y[output] = Element<OUT>::put(finished(value, a.count));
  }
}

// A warp for each output, or a whole block.
template <int THREADS> inline void along(const ReduceArgs& a) {
  const u32 output = blockIdx.x * (blockDim.x / THREADS) + threadIdx.x / THREADS, lane = threadIdx.x % THREADS;
  if (output >= a.outputs) return;
  const u32 first = blockIdx.y * a.piece, last = a.count - first < a.piece ? a.count : first + a.piece;
  __shared__ ACC memory[THREADS / 32];
  ACC shift;
  const ACC value = reduced_value(a, locate(output, a.kept_loops, a.kept, a.kept_strides), first + lane, last, THREADS, shift, [&](auto fold, ACC x) {
    return fold_block<decltype(fold), THREADS>(x, memory);
  });
  if (lane == 0) put(a, output, value, shift);
}
extern "C" __global__ void warps(const ReduceArgs a) {
  wait_for_previous();
  along<32>(a);
}
extern "C" __global__ void blocks(const ReduceArgs a) {
  wait_for_previous();
  along<kRowThreads>(a);
}

// 32 neighbouring outputs, 8 threads for each.
extern "C" __global__ void columns(const ReduceArgs a) {
  wait_for_previous();
  const u32 output = blockIdx.x * 32 + threadIdx.x;
  const u32 first = blockIdx.y * a.piece, last = output >= a.outputs ? 0 : a.count - first < a.piece ? a.count : first + a.piece;
  __shared__ ACC memory[8][32];
  const i64 base = output < a.outputs ? locate(output, a.kept_loops, a.kept, a.kept_strides) : 0;
  ACC shift;
  const ACC value = reduced_value(a, base, first + threadIdx.y, last, 8, shift, [&](auto fold, ACC x) {
    __syncthreads();
    memory[threadIdx.y][threadIdx.x] = x;
    __syncthreads();
    x = memory[0][threadIdx.x];
#pragma unroll
    for (int i = 1; i < 8; ++i) x = decltype(fold)::join(x, memory[i][threadIdx.x]);
    return x;
  });
  if (threadIdx.y == 0 && output < a.outputs) put(a, output, value, shift);
}

// What `warps`, `blocks` or `columns` left of each split.
extern "C" __global__ void finish(const ReduceArgs a) {
  wait_for_previous();
  const u32 output = blockIdx.x * blockDim.x + threadIdx.x;
  if (output >= a.outputs) return;
  ACC all = a.partial[output];
  for (u32 s = 1; s < a.splits; ++s) all = FOLD::join(all, a.partial[i64(s) * a.outputs + output]);
  a.y[output] = Element<OUT>::put(finished(all, a.count));
}
