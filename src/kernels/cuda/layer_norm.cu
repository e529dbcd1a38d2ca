// (x - mean) / sqrt(variance + epsilon) * scale + bias along rows; with RMS without the mean.
struct LayerNormArgs {
  const IN* x;
  OUT* y;
  const SCALE* scale;  // null: 1
  const BIAS* bias;    // null: 0
  float *mean, *inverse;  // null: not wanted
  u32 rows, length;
  double epsilon;
};
typedef Compute<IN> C;

inline void store_statistics(const LayerNormArgs& a, u32 row, u32 lane, C mean, C inverse) {
  if (lane != 0) return;
  if (a.mean) a.mean[row] = float(mean);
  if (a.inverse) a.inverse[row] = float(inverse);
}

template <class T> inline void load_parameters(C (&to)[ROW_WIDTH], const T* from, u32 at, C absent) {
  if (from) {
    const Vector<T, ROW_WIDTH> part = load_vector<ROW_WIDTH>(from + at);
#pragma unroll
    for (int i = 0; i < ROW_WIDTH; ++i) to[i] = Element<T>::get(part.at[i]);
  } else {
#pragma unroll
    for (int i = 0; i < ROW_WIDTH; ++i) to[i] = absent;
  }
}

/// Scale and bias of the elements that a thread holds, where they are few enough to wait in registers for the statistics.
constexpr bool kHeldParameters = ROW_VECTORS * ROW_WIDTH <= 16;
struct Parameters {
  C scale[ROW_VECTORS][ROW_WIDTH], bias[ROW_VECTORS][ROW_WIDTH];
  void load(const LayerNormArgs& a, u32 lane) {
#pragma unroll
    for (int k = 0; k < ROW_VECTORS; ++k) load(a, lane, k);
  }
  void load(const LayerNormArgs& a, u32 lane, int k) {
    const u32 at = (k * ROW_THREADS + lane) * ROW_WIDTH;
    if (at >= a.length) return;
    load_parameters(scale[k], a.scale, at, C(1));
    load_parameters(bias[k], a.bias, at, C(0));
  }
};

extern "C" __global__ void rows(const LayerNormArgs a) {
  u32 index;
  Row<C> row;
  row.length = a.length;
  const bool found = find_row(a.rows, index, row.lane);
  Parameters parameters;
  if (CONSTANT_PARAMETERS && kHeldParameters && found) parameters.load(a, row.lane);
  wait_for_previous();
  if (!found) return;
  row.load(a.x + i64(index) * a.length);
  if (!CONSTANT_PARAMETERS && kHeldParameters) parameters.load(a, row.lane);
  C sum = 0, squares = 0;
  if (!RMS) {
    row.each([&](C v) { sum += v; });
    sum = fold_row<Sum, ROW_THREADS>(sum);
  }
  const C mean = sum / C(a.length);
  row.each([&](C v) { squares += (v - mean) * (v - mean); });
  squares = fold_row<Sum, ROW_THREADS>(squares);
  const C inverse = C(1) / p_sqrt(squares / C(a.length) + C(a.epsilon));
  store_statistics(a, index, row.lane, mean, inverse);
  row.store(a.y + i64(index) * a.length, [&](C v, int k, int i) {
    if (i == 0 && !kHeldParameters) parameters.load(a, row.lane, k);
    return (v - mean) * inverse * parameters.scale[k][i] + parameters.bias[k][i];
  });
}

extern "C" __global__ void long_rows(const LayerNormArgs a) {
  wait_for_previous();
  const IN* x = a.x + i64(blockIdx.x) * a.length;
  OUT* y = a.y + i64(blockIdx.x) * a.length;
  C sum = 0, squares = 0;
  if (!RMS) {
    for (u32 i = threadIdx.x; i < a.length; i += LONG_THREADS) sum += Element<IN>::get(x[i]);
    sum = fold_row<Sum, LONG_THREADS>(sum);
  }
  const C mean = sum / C(a.length);
  for (u32 i = threadIdx.x; i < a.length; i += LONG_THREADS) {
    const C v = Element<IN>::get(x[i]) - mean;
    squares += v * v;
  }
  squares = fold_row<Sum, LONG_THREADS>(squares);
  const C inverse = C(1) / p_sqrt(squares / C(a.length) + C(a.epsilon));
  store_statistics(a, blockIdx.x, threadIdx.x, mean, inverse);
  for (u32 i = threadIdx.x; i < a.length; i += LONG_THREADS) {
    const C scale = a.scale ? C(Element<SCALE>::get(a.scale[i])) : C(1), bias = a.bias ? C(Element<BIAS>::get(a.bias[i])) : C(0);
    y[i] = Element<OUT>::put((Element<IN>::get(x[i]) - mean) * inverse * scale + bias);
  }
}
