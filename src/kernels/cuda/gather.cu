// Copies slices FROM one array TO another, the place of each given by a tuple of indices, with conversion of the elements
// (equal types are moved as unsigned integers of their size). Slices that an index out of range asks for are zero.
constexpr int kMost = 8;

struct GatherArgs {
  const FROM* x;
  TO* y;
  const void* indices;
  u32 count;               // vectors of y
  u32 tuple;               // indices of one slice
  u32 wide, unused;        // indices are i64, else i32
  Divider slice;           // vectors of a slice
  Divider per_batch;       // slices that share a batch of x and, where `repeats`, use the same tuples again and again
  u32 repeats, unused2;
  i64 batch_stride;        // of x, in elements
  i64 extents[kMost], strides[kMost];  // of x, of each index of a tuple
};

template <class To, class From> inline To converted_to(From x) {
  if constexpr (same_type<From, To>) return x;
  else return Element<To>::put(Element<From>::get(x));
}

inline i64 read_index(const void* indices, u32 wide, i64 at) {
  return wide ? static_cast<const i64*>(indices)[at] : i64(static_cast<const i32*>(indices)[at]);
}

template <int V> inline void gather(const GatherArgs& a) {
  const u32 index = blockIdx.x * blockDim.x + threadIdx.x;
  if (index >= a.count) return;
  const u32 which = a.slice.divide(index), inside = index - which * a.slice.divisor;
  const u32 batch = a.per_batch.divide(which);
  const i64 tuple = a.repeats ? which - batch * a.per_batch.divisor : which;
  i64 from = batch * a.batch_stride + i64(inside) * V;
  bool known = true;
  for (u32 j = 0; j < a.tuple; ++j) {
    i64 at = read_index(a.indices, a.wide, tuple * a.tuple + j);
    if (at < 0) at += a.extents[j];
    known = known && at >= 0 && at < a.extents[j];
    from += at * a.strides[j];
  }
  Vector<FROM, V> x = {};
  if (known) {
    if constexpr (V == 1) x.at[0] = a.x[from];
    else x = load_vector<V>(a.x + from);
  }
  Vector<TO, V> y;
#pragma unroll
  for (int i = 0; i < V; ++i) y.at[i] = converted_to<TO>(x.at[i]);
  store_vector<V>(a.y + i64(index) * V, y);
}
extern "C" __global__ void slices(const GatherArgs a) {
  wait_for_previous();
  gather<WIDTH>(a);
}
extern "C" __global__ void single(const GatherArgs a) {
  wait_for_previous();
  gather<1>(a);
}

struct ElementsArgs {
  const FROM* x;           // of `scatter`: the updates, in the order of the indices
  TO* y;
  const void* indices;
  u32 count, loops, wide, axis;
  Divider extents[kMost];  // of the indices, innermost first
  i64 strides[kMost];      // of the array that the indices point into
  i64 length;              // of its axis
};

// Where the element of a call lies in the array that is pointed into; false for an index out of range.
inline bool locate(const ElementsArgs& a, u32 index, i64& at) {
  i64 chosen = read_index(a.indices, a.wide, index);
  if (chosen < 0) chosen += a.length;
  at = 0;
#pragma unroll
  for (int l = 0; l < kMost; ++l) {
    if (l >= a.loops) break;
    const u32 outer = a.extents[l].divide(index);
    at += (l == a.axis ? chosen : i64(index - outer * a.extents[l].divisor)) * a.strides[l];
    index = outer;
  }
  return chosen >= 0 && chosen < a.length;
}

extern "C" __global__ void elements(const ElementsArgs a) {
  wait_for_previous();
  const u32 index = blockIdx.x * blockDim.x + threadIdx.x;
  if (index >= a.count) return;
  i64 at;
  FROM x = {};
  if (locate(a, index, at)) x = a.x[at];
  a.y[index] = converted_to<TO>(x);
}

extern "C" __global__ void scatter_elements(const ElementsArgs a) {
  wait_for_previous();
  const u32 index = blockIdx.x * blockDim.x + threadIdx.x;
  if (index >= a.count) return;
  i64 at;
  if (locate(a, index, at)) a.y[at] = converted_to<TO>(a.x[index]);
}

// x: the updates; y: what is pointed into.
extern "C" __global__ void scatter_slices(const GatherArgs a) {
  wait_for_previous();
  const u32 index = blockIdx.x * blockDim.x + threadIdx.x;
  if (index >= a.count) return;
  const u32 which = a.slice.divide(index), inside = index - which * a.slice.divisor;
  i64 to = inside;
  for (u32 j = 0; j < a.tuple; ++j) {
    i64 at = read_index(a.indices, a.wide, i64(which) * a.tuple + j);
    if (at < 0) at += a.extents[j];
    if (at < 0 || at >= a.extents[j]) return;
    to += at * a.strides[j];
  }
  a.y[to] = converted_to<TO>(a.x[index]);
}
