// Rows of elements side by side, each held in the registers of ROW_THREADS threads: ROW_VECTORS vectors of ROW_WIDTH elements
// in each, chosen by the host so that they hold a row; LONG_THREADS threads go over a longer row several times.
constexpr int LONG_THREADS = 256;

inline float p_exp(float x) { return expf(x); }
inline double p_exp(double x) { return exp(x); }
inline float p_log(float x) { return logf(x); }
inline double p_log(double x) { return log(x); }
inline float p_sqrt(float x) { return sqrtf(x); }
inline double p_sqrt(double x) { return sqrt(x); }
template <class C> inline C lowest() { return -C(__int_as_float(0x7f800000)); }

// The sum (or other fold) over a row; every thread of the row gets it.
template <class Fold, int THREADS_OF_ROW, class C> inline C fold_row(C x) {
  if constexpr (THREADS_OF_ROW <= 32) {
    return fold_warp<Fold, THREADS_OF_ROW>(x);
  } else {
    __shared__ C memory[THREADS_OF_ROW / 32];
    return fold_block<Fold, THREADS_OF_ROW>(x, memory);
  }
}

template <class C> struct Row {
  C at[ROW_VECTORS][ROW_WIDTH];
  u32 length, lane;

  template <class T> void load(const T* from) {
#pragma unroll
    for (int k = 0; k < ROW_VECTORS; ++k) {
      const u32 first = (k * ROW_THREADS + lane) * ROW_WIDTH;
      if (first >= length) continue;
      const Vector<T, ROW_WIDTH> part = load_vector<ROW_WIDTH>(from + first);
#pragma unroll
      for (int i = 0; i < ROW_WIDTH; ++i) at[k][i] = Element<T>::get(part.at[i]);
    }
  }
  // Calls f(value) for each element that this thread holds.
  template <class F> void each(F f) {
#pragma unroll
    for (int k = 0; k < ROW_VECTORS; ++k)
      if ((k * ROW_THREADS + lane) * ROW_WIDTH < length)
#pragma unroll
        for (int i = 0; i < ROW_WIDTH; ++i) f(at[k][i]);
  }
  // Stores f(value, index in the row).
  template <class T, class F> void store(T* to, F f) {
#pragma unroll
    for (int k = 0; k < ROW_VECTORS; ++k) {
      const u32 first = (k * ROW_THREADS + lane) * ROW_WIDTH;
      if (first >= length) continue;
      Vector<T, ROW_WIDTH> part;
#pragma unroll
      for (int i = 0; i < ROW_WIDTH; ++i) part.at[i] = Element<T>::put(f(at[k][i], k, i));
      store_vector<ROW_WIDTH>(to + first, part);
    }
  }
};

// The row of this thread: blocks hold one row, or, of rows up to a warp wide, as many as fit. False behind the last row.
inline bool find_row(u32 rows, u32& row, u32& lane) {
  lane = threadIdx.x % ROW_THREADS;
  row = blockIdx.x * (blockDim.x / ROW_THREADS) + threadIdx.x / ROW_THREADS;
  return row < rows;
}
