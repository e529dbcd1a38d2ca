// Moves a box of elements FROM one strided array TO another, with conversion. WIDTH elements at a time in `rows`, one in
// `single`, tiles through shared memory in `tiles`, a few rows that become the elements of a pixel in `pixels`. Equal types are moved as unsigned integers of their size.
constexpr int kLoops = 8;

struct BoxArgs {
  const FROM* from;
  TO* to;
  u32 count, loops;         // vectors or tiles; loops are listed innermost first
  Divider extents[kLoops];
  i64 from_strides[kLoops], to_strides[kLoops];
  u32 step, unused;         // of `from` inside a vector
  u32 rows, columns;        // of `tiles`: extents of the loops along which `to` and `from` are dense; of `pixels`: rows
  i64 row_stride, column_stride;  // of `from` along rows, of `to` along columns
};

template <class To, class From> inline To converted_to(From x) {
  if constexpr (same_type<From, To>) return x;
  else return Element<To>::put(Element<From>::get(x));
}
inline TO converted(FROM x) { return converted_to<TO>(x); }

// Where the piece `index` lies.
inline void locate(const BoxArgs& a, u32 index, i64& from, i64& to) {
  from = to = 0;
#pragma unroll
  for (int l = 0; l < kLoops; ++l) {
    if (l >= a.loops) break;
    const u32 outer = a.extents[l].divide(index);
    const i64 step = index - outer * a.extents[l].divisor;
    from += step * a.from_strides[l];
    to += step * a.to_strides[l];
    index = outer;
  }
}

template <int V> inline void move(const BoxArgs& a) {
  const u32 index = blockIdx.x * blockDim.x + threadIdx.x;
  if (index >= a.count) return;
  i64 from, to;
  locate(a, index, from, to);
  if constexpr (V == 1) {
    a.to[to] = converted(a.from[from]);
  } else {
    Vector<TO, V> y;
    if (a.step) {
      const Vector<FROM, V> x = load_vector<V>(a.from + from);
#pragma unroll
      for (int i = 0; i < V; ++i) y.at[i] = converted(x.at[i]);
    } else {
      const TO one = converted(a.from[from]);
#pragma unroll
      for (int i = 0; i < V; ++i) y.at[i] = one;
    }
    store_vector<V>(a.to + to, y);
  }
}

extern "C" __global__ void rows(const BoxArgs a) {
  wait_for_previous();
  move<WIDTH>(a);
}
extern "C" __global__ void single(const BoxArgs a) {
  wait_for_previous();
  move<1>(a);
}

constexpr int kPixels = 16 / (sizeof(FROM) < sizeof(TO) ? sizeof(FROM) : sizeof(TO));

// Each row gives kPixels neighbours; what stands in one place of all rows is written side by side.
template <int ROWS> inline void move_pixels(const BoxArgs& a) {
  const u32 index = blockIdx.x * blockDim.x + threadIdx.x;
  if (index >= a.count) return;
  i64 from, to;
  locate(a, index, from, to);
  Vector<FROM, kPixels> x[ROWS];
#pragma unroll
  for (int r = 0; r < ROWS; ++r) x[r] = load_vector<kPixels>(a.from + from + r * a.row_stride);
  Vector<TO, kPixels * ROWS> y;
#pragma unroll
  for (int i = 0; i < kPixels; ++i)
#pragma unroll
    for (int r = 0; r < ROWS; ++r) y.at[i * ROWS + r] = converted(x[r].at[i]);
  store_vector<kPixels * ROWS>(a.to + to, y);
}
extern "C" __global__ void pixels(const BoxArgs a) {
  wait_for_previous();
  if (a.rows == 2) move_pixels<2>(a);
  else if (a.rows == 3) move_pixels<3>(a);
  else move_pixels<4>(a);
}

// `to` is dense along rows (loop 0 of the host), `from` along columns; loops 0 and 1 here count tiles.
extern "C" __global__ void __launch_bounds__(256) tiles(const BoxArgs a) {
  wait_for_previous();
  __shared__ TO tile[TILE][TILE + (sizeof(TO) < 4 ? 4 / sizeof(TO) : 1)];
  const u32 row_tiles = a.extents[0].divisor, column_tiles = a.extents[1].divisor;
  const u32 rest = a.extents[0].divide(blockIdx.x), outer = a.extents[1].divide(rest);
  const u32 row = (blockIdx.x - rest * row_tiles) * TILE, column = (rest - outer * column_tiles) * TILE;
  i64 from = 0, to = 0;
  u32 index = outer;
#pragma unroll
  for (int l = 2; l < kLoops; ++l) {
    if (l >= a.loops) break;
    const u32 next = a.extents[l].divide(index);
    const i64 step = index - next * a.extents[l].divisor;
    from += step * a.from_strides[l];
    to += step * a.to_strides[l];
    index = next;
  }
  const u32 x = threadIdx.x % 32, y = threadIdx.x / 32;
#pragma unroll 4
  for (u32 r = y; r < TILE; r += 8)
#pragma unroll
    for (u32 c = x; c < TILE; c += 32)
      if (row + r < a.rows && column + c < a.columns) tile[r][c] = converted(a.from[from + i64(row + r) * a.row_stride + column + c]);
  __syncthreads();
#pragma unroll 4
  for (u32 c = y; c < TILE; c += 8)
#pragma unroll
    for (u32 r = x; r < TILE; r += 32)
      if (row + r < a.rows && column + c < a.columns) a.to[to + i64(column + c) * a.column_stride + row + r] = tile[r][c];
}
