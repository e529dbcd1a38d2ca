// QUANTIZE: saturate(round(x / scale) + zero), computed in PRECISION; else (x - zero) * scale. A scale belongs to all elements,
// to an index along an axis, or to a block along it.
struct QuantizeArgs {
  const IN* x;
  OUT* y;
  const SCALE* scale;
  const ZERO* zero;      // null: 0
  u32 count, blocks;     // elements; blocks along the axis
  Divider inner, axis, block;
  float low, high;       // that OUT holds
};

// Which scale element `index` has. All of them one: inner is above every index.
inline u32 scale_of(const QuantizeArgs& a, u32 index) {
  const u32 row = a.inner.divide(index), column = index - row * a.inner.divisor;
  const u32 outer = a.axis.divide(row), along = row - outer * a.axis.divisor;
  if (!BLOCKS) return along;
  return (outer * a.blocks + a.block.divide(along)) * a.inner.divisor + column;
}

inline OUT converted(const QuantizeArgs& a, IN element, u32 scale_index) {
  const float scale = float(Element<SCALE>::get(a.scale[scale_index]));
  if constexpr (QUANTIZE) {
    const float quotient = float(held<PRECISION>(float(held<PRECISION>(float(Element<IN>::get(element)))) / float(held<PRECISION>(scale))));
    const float zero = a.zero ? float(Element<ZERO>::get(a.zero[scale_index])) : 0.0f;
    const float sum = (quotient == quotient ? rintf(quotient) : 0.0f) + zero;
    return Element<OUT>::put(i64(fminf(fmaxf(sum, a.low), a.high)));
  } else {
    const Compute<IN> zero = a.zero ? Compute<IN>(Element<ZERO>::get(a.zero[scale_index])) : Compute<IN>(0);
    return Element<OUT>::put(float(Element<IN>::get(element) - zero) * scale);
  }
}

template <int V> inline void quantize(const QuantizeArgs& a) {
  const u32 first = (blockIdx.x * blockDim.x + threadIdx.x) * V;
  if (first >= a.count) return;
  const Vector<IN, V> x = load_vector<V>(a.x + first);
  Vector<OUT, V> y;
#pragma unroll
  for (int v = 0; v < V; ++v) y.at[v] = converted(a, x.at[v], scale_of(a, first + v));
  store_vector<V>(a.y + first, y);
}
extern "C" __global__ void wide(const QuantizeArgs a) {
  wait_for_previous();
  quantize<4>(a);
}
extern "C" __global__ void single(const QuantizeArgs a) {
  wait_for_previous();
  quantize<1>(a);
}

// The range of x, widened to hold 0, in 255 steps: `extremes` finds that of each block, `dynamic` joins them and quantizes.
constexpr int THREADS = 256;
struct DynamicArgs {
  const float* x;
  u8* y;
  float* scale;
  u8* zero;
  float* partial;  // [blocks] of the lowest and highest
  u32 count, blocks;
};
struct Lowest {
  static float join(float a, float b) { return fminf(a, b); }
};
struct Highest {
  static float join(float a, float b) { return fmaxf(a, b); }
};

extern "C" __global__ void __launch_bounds__(256) extremes(const DynamicArgs a) {
  wait_for_previous();
  __shared__ float memory[2][THREADS / 32];
  float low = 0, high = 0;
  for (u32 i = blockIdx.x * THREADS + threadIdx.x; i < a.count; i += a.blocks * THREADS) {
    low = fminf(low, a.x[i]);
    high = fmaxf(high, a.x[i]);
  }
  low = fold_block<Lowest, THREADS>(low, memory[0]);
  high = fold_block<Highest, THREADS>(high, memory[1]);
  if (threadIdx.x != 0) return;
  a.partial[2 * blockIdx.x] = low;
  a.partial[2 * blockIdx.x + 1] = high;
}

extern "C" __global__ void __launch_bounds__(256) dynamic(const DynamicArgs a) {
  wait_for_previous();
  __shared__ float memory[2][THREADS / 32];
  float low = 0, high = 0;
  for (u32 i = threadIdx.x; i < a.blocks; i += THREADS) {
    low = fminf(low, a.partial[2 * i]);
    high = fmaxf(high, a.partial[2 * i + 1]);
  }
  low = fold_block<Lowest, THREADS>(low, memory[0]);
  high = fold_block<Highest, THREADS>(high, memory[1]);
  const float scale = low == high ? 1.0f : (high - low) / 255.0f;
  const float zero = rintf(fminf(fmaxf(0.0f - low / scale, 0.0f), 255.0f));
  if (blockIdx.x == 0 && threadIdx.x == 0) {
    *a.scale = scale;
    *a.zero = u8(zero);
  }
  for (u32 i = blockIdx.x * THREADS + threadIdx.x; i < a.count; i += a.blocks * THREADS) {
    const float quotient = a.x[i] / scale;
    a.y[i] = u8(fminf(fmaxf((quotient == quotient ? rintf(quotient) : 0.0f) + zero, 0.0f), 255.0f));
  }
}
