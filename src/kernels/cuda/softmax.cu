// exp(x - max) / sum along rows (`rows`, `long_rows`) or along an axis with `inner` elements behind it (`columns`).
struct SoftmaxArgs {
  const IN* x;
  OUT* y;
  u32 rows, length, inner, inner_tiles;
};
typedef Compute<IN> C;

extern "C" __global__ void rows(const SoftmaxArgs a) {
  wait_for_previous();
  u32 index;
  Row<C> row;
  row.length = a.length;
  if (!find_row(a.rows, index, row.lane)) return;
  row.load(a.x + i64(index) * a.length);
  C most = lowest<C>(), sum = 0;
  row.each([&](C v) { most = Larger::join(most, v); });
  most = fold_row<Larger, ROW_THREADS>(most);
  row.each([&](C& v) {
    const C power = p_exp(v - most);
    sum += power;
    v = LOG ? v - most : power;
  });
  sum = fold_row<Sum, ROW_THREADS>(sum);
  const C last = LOG ? p_log(sum) : C(1) / sum;
  row.store(a.y + i64(index) * a.length, [&](C v, int, int) { return LOG ? v - last : v * last; });
}

inline C result(C x, C most, C last) { return LOG ? x - most - last : p_exp(x - most) * last; }

extern "C" __global__ void long_rows(const SoftmaxArgs a) {
  wait_for_previous();
  const IN* x = a.x + i64(blockIdx.x) * a.length;
  OUT* y = a.y + i64(blockIdx.x) * a.length;
  C most = lowest<C>(), sum = 0;
  for (u32 i = threadIdx.x; i < a.length; i += LONG_THREADS) most = Larger::join(most, Element<IN>::get(x[i]));
  most = fold_row<Larger, LONG_THREADS>(most);
  for (u32 i = threadIdx.x; i < a.length; i += LONG_THREADS) sum += p_exp(Element<IN>::get(x[i]) - most);
  sum = fold_row<Sum, LONG_THREADS>(sum);
  const C last = LOG ? p_log(sum) : C(1) / sum;
  for (u32 i = threadIdx.x; i < a.length; i += LONG_THREADS) y[i] = Element<OUT>::put(result(Element<IN>::get(x[i]), most, last));
}

// 32 neighbouring columns a block, 8 threads for each.
template <class Fold> inline C fold_columns(C x) {
  __shared__ C memory[8][32];
  __syncthreads();
  memory[threadIdx.y][threadIdx.x] = x;
  __syncthreads();
  x = memory[0][threadIdx.x];
#pragma unroll
  for (int i = 1; i < 8; ++i) x = Fold::join(x, memory[i][threadIdx.x]);
  return x;
}

extern "C" __global__ void columns(const SoftmaxArgs a) {
  wait_for_previous();
  const u32 outer = blockIdx.x / a.inner_tiles, column = blockIdx.x % a.inner_tiles * 32 + threadIdx.x;
  const i64 start = i64(outer) * a.length * a.inner + column;
  const u32 length = column < a.inner ? a.length : 0;
  C most = lowest<C>(), sum = 0;
  for (u32 i = threadIdx.y; i < length; i += 8) most = Larger::join(most, Element<IN>::get(a.x[start + i64(i) * a.inner]));
  most = fold_columns<Larger>(most);
  for (u32 i = threadIdx.y; i < length; i += 8) sum += p_exp(Element<IN>::get(a.x[start + i64(i) * a.inner]) - most);
  sum = fold_columns<Sum>(sum);
  const C last = LOG ? p_log(sum) : C(1) / sum;
  for (u32 i = threadIdx.y; i < length; i += 8) {
    const i64 at = start + i64(i) * a.inner;
    a.y[at] = Element<OUT>::put(result(Element<IN>::get(a.x[at]), most, last));
  }
}
