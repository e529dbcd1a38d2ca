// The k largest (SMALLEST: smallest) elements of each line in their order, with their indices; of equal ones the first. NaN
// counts as better than every number. Elements are sorted as keys: numbers in the order wanted, then falling indices.
constexpr int THREADS = 256;
constexpr int SIZE = 2048;  // keys that a block sorts
typedef Compute<IN> C;

template <bool WIDE> struct KeyOf {
  u64 high, low;
  static KeyOf of(u64 number, u32 index) { return {number, ~u64(index)}; }
  static KeyOf lowest() { return {0, 0}; }
  bool operator<(const KeyOf& b) const { return high < b.high || (high == b.high && low < b.low); }
  u32 index() const { return u32(~low); }
};
template <> struct KeyOf<false> {
  u64 both;
  static KeyOf of(u64 number, u32 index) { return {number << 32 | u64(~index)}; }
  static KeyOf lowest() { return {0}; }
  bool operator<(const KeyOf& b) const { return both < b.both; }
  u32 index() const { return ~u32(both); }
};
constexpr bool is_wide = sizeof(IN) == 8;
typedef KeyOf<is_wide> Key;

struct TopKArgs {
  const IN* x;
  OUT* values;
  i64* indices;
  Key* keys;               // [lines][splits][k], or [lines][padded] where all are sorted
  u32 lines, count, inner, k;
  u32 splits, piece;       // parts of a line, and the elements of one
  u32 padded, size, stride;  // of `step` and `rest`: what is merged, and how far apart pairs are
};

inline u64 ordered(double x) {
  const i64 bits = __double_as_longlong(x + 0.0);
  return bits < 0 ? ~u64(bits) : u64(bits) | u64(1) << 63;
}
inline u64 ordered(float x) {
  const u32 bits = __float_as_uint(x + 0.0f);
  return bits >> 31 ? ~bits : bits | 0x80000000u;
}
inline u64 ordered(u64 x) { return x; }
inline u64 ordered(i64 x) { return is_wide ? u64(x) ^ u64(1) << 63 : u64(u32(x + (i64(1) << 31))); }
inline Key key_of(IN element, u32 index) {
  const C x = Element<IN>::get(element);
  u64 number = ordered(x);
  if constexpr (same_type<IN, u32>) number = u64(x);
  if (SMALLEST) number = ~number;
  if (x != x) number = ~u64(0);
  return Key::of(number, index);
}

inline const IN* line_of(const TopKArgs& a, u32 line) {
  const u32 outer = line / a.inner;
  return a.x + i64(outer) * a.count * a.inner + (line - outer * a.inner);
}
template <class To, class From> inline To stored(From x) {
  if constexpr (same_type<To, From>) return x;
  else return Element<To>::put(Element<From>::get(x));
}
inline void put(const TopKArgs& a, u32 line, u32 place, Key key) {
  const u32 outer = line / a.inner;
  const i64 to = (i64(outer) * a.k + place) * a.inner + (line - outer * a.inner);
  a.values[to] = stored<OUT>(line_of(a, line)[i64(key.index()) * a.inner]);
  a.indices[to] = key.index();
}

// Pairs `stride` apart are put in order, falling where the bit `size` of their place is 0.
inline void exchange(Key* keys, u32 pair, u32 size, u32 stride, u32 place) {
  const u32 low = 2 * pair - (pair & (stride - 1)), high = low + stride;
  const Key a = keys[low], b = keys[high];
  if ((a < b) == (((place + low) & size) == 0)) {
    keys[low] = b;
    keys[high] = a;
  }
}
inline void sort_steps(Key* keys, u32 size, u32 stride, u32 place) {
  for (; stride > 0; stride /= 2) {
    __syncthreads();
    for (u32 i = threadIdx.x; i < SIZE / 2; i += THREADS) exchange(keys, i, size, stride, place);
  }
}
inline void sort_all(Key* keys, u32 place) {
  for (u32 size = 2; size <= SIZE; size *= 2) sort_steps(keys, size, size / 2, place);
  __syncthreads();
}

// The best k of read(first) ... read(last - 1), in falling order at the front of `best`.
template <class Read> inline void select_best(Key* best, u32 first, u32 last, u32 k, Read read) {
  __shared__ u32 any;
  for (u32 kept = 0; first < last || kept == 0; kept = k) {
    if (threadIdx.x == 0) any = kept == 0;
    __syncthreads();
    const Key least = kept ? best[k - 1] : Key::lowest();
    bool better = false;
    __syncthreads();
    for (u32 i = kept + threadIdx.x; i < SIZE; i += THREADS) {
      const u32 at = first + (i - kept);
      best[i] = at < last ? read(at) : Key::lowest();
      better = better || least < best[i];
    }
    if (better) any = 1;
    __syncthreads();
    if (any) sort_all(best, 0);
    __syncthreads();
    first = last - first < SIZE - kept ? last : first + (SIZE - kept);
  }
}

extern "C" __global__ void __launch_bounds__(256) choose(const TopKArgs a) {
  wait_for_previous();
  __shared__ Key best[SIZE];
  const u32 line = blockIdx.x / a.splits, split = blockIdx.x - line * a.splits;
  const u32 first = split * a.piece, last = a.count - first < a.piece ? a.count : first + a.piece;
  const IN* x = line_of(a, line);
  select_best(best, first, last, a.k, [&](u32 i) { return key_of(x[i64(i) * a.inner], i); });
  for (u32 i = threadIdx.x; i < a.k; i += THREADS) {
    if (a.splits == 1) put(a, line, i, best[i]);
    else a.keys[i64(blockIdx.x) * a.k + i] = best[i];
  }
}

extern "C" __global__ void __launch_bounds__(256) merge(const TopKArgs a) {
  wait_for_previous();
  __shared__ Key best[SIZE];
  const Key* keys = a.keys + i64(blockIdx.x) * a.splits * a.k;
  select_best(best, 0, a.splits * a.k, a.k, [&](u32 i) { return keys[i]; });
  for (u32 i = threadIdx.x; i < a.k; i += THREADS) put(a, blockIdx.x, i, best[i]);
}

// ---- all elements sorted, for a large k: `chunks`, then for each size `step` down to chunks and `rest`, then `take`

extern "C" __global__ void __launch_bounds__(256) chunks(const TopKArgs a) {
  wait_for_previous();
  __shared__ Key keys[SIZE];
  const u32 chunks_of_line = a.padded / SIZE, line = blockIdx.x / chunks_of_line;
  const u32 first = (blockIdx.x - line * chunks_of_line) * SIZE;
  const IN* x = line_of(a, line);
  for (u32 i = threadIdx.x; i < SIZE; i += THREADS)
    keys[i] = first + i < a.count ? key_of(x[i64(first + i) * a.inner], first + i) : Key::lowest();
  sort_all(keys, first);
  for (u32 i = threadIdx.x; i < SIZE; i += THREADS) a.keys[i64(line) * a.padded + first + i] = keys[i];
}

extern "C" __global__ void __launch_bounds__(256) step(const TopKArgs a) {
  wait_for_previous();
  const u32 blocks_of_line = a.padded / (2 * THREADS), line = blockIdx.x / blocks_of_line;
  exchange(a.keys + i64(line) * a.padded, (blockIdx.x - line * blocks_of_line) * THREADS + threadIdx.x, a.size, a.stride, 0);
}

extern "C" __global__ void __launch_bounds__(256) rest(const TopKArgs a) {
  wait_for_previous();
  __shared__ Key keys[SIZE];
  const u32 chunks_of_line = a.padded / SIZE, line = blockIdx.x / chunks_of_line;
  const u32 first = (blockIdx.x - line * chunks_of_line) * SIZE;
  Key* all = a.keys + i64(line) * a.padded + first;
  for (u32 i = threadIdx.x; i < SIZE; i += THREADS) keys[i] = all[i];
  sort_steps(keys, a.size, SIZE / 2, first);
  __syncthreads();
  for (u32 i = threadIdx.x; i < SIZE; i += THREADS) all[i] = keys[i];
}

extern "C" __global__ void take(const TopKArgs a) {
  wait_for_previous();
  const u32 index = blockIdx.x * blockDim.x + threadIdx.x, line = index / a.k;
  if (line < a.lines) put(a, line, index - line * a.k, a.keys[i64(line) * a.padded + (index - line * a.k)]);
}
