// Updates folded into elements in the order of the updates. FOLD: Sum, Product, Larger or Smaller. Negative indices count from
// the end; updates with an index out of range are left out.
constexpr int kMost = 8;

struct FoldArgs {
  const FROM* updates;
  TO* y;
  const void* indices;
  u32 lines, wide;             // threads of `lines`; indices are i64, else i32
  u32 loops, count;            // of `lines`: loops over its lines, innermost first, and the updates of one
  Divider extents[kMost];
  i64 steps[kMost], strides[kMost];  // of the updates, and of y
  i64 step, stride, length;    // along the axis; its elements in y
  u32 tuples, tuple;           // of `slices`: places that are updated, and indices of one
  u32 inner, workers;          // elements of a slice, and threads that share one element of all slices
  i64 tuple_extents[kMost], tuple_strides[kMost];
};

inline i64 read_index(const FoldArgs& a, i64 at, i64 extent) {
  const i64 index = a.wide ? static_cast<const i64*>(a.indices)[at] : i64(static_cast<const i32*>(a.indices)[at]);
  return index < 0 ? index + extent : index;
}
inline void fold(const FoldArgs& a, i64 to, i64 from) {
  typedef Compute<TO> C;
  a.y[to] = Element<TO>::put(FOLD::join(C(Element<TO>::get(a.y[to])), convert<C>(Element<FROM>::get(a.updates[from]))));
}

// A thread for each line along the axis: no two lines meet.
extern "C" __global__ void lines(const FoldArgs a) {
  wait_for_previous();
  u32 rest = blockIdx.x * blockDim.x + threadIdx.x;
  if (rest >= a.lines) return;
  i64 from = 0, to = 0;
#pragma unroll
  for (int l = 0; l < kMost; ++l) {
    if (l >= a.loops) break;
    const u32 outer = a.extents[l].divide(rest), step = rest - outer * a.extents[l].divisor;
    from += step * a.steps[l];
    to += step * a.strides[l];
    rest = outer;
  }
  for (u32 i = 0; i < a.count; ++i, from += a.step) {
    const i64 index = read_index(a, from, a.length);
    if (index >= 0 && index < a.length) fold(a, to + index * a.stride, from);
  }
}

// A thread folds all updates of one element of those slices whose number is its own modulo the workers.
extern "C" __global__ void slices(const FoldArgs a) {
  wait_for_previous();
  const u32 thread = blockIdx.x * blockDim.x + threadIdx.x;
  if (thread >= a.lines) return;
  const u32 worker = thread / a.inner, inside = thread - worker * a.inner;
  for (u32 t = 0; t < a.tuples; ++t) {
    i64 slice = 0;
    bool known = true;
    for (u32 j = 0; j < a.tuple; ++j) {
      const i64 index = read_index(a, i64(t) * a.tuple + j, a.tuple_extents[j]);
      known = known && index >= 0 && index < a.tuple_extents[j];
      slice += index * a.tuple_strides[j];
    }
    if (known && u32(slice) % a.workers == worker) fold(a, slice * a.inner + inside, i64(t) * a.inner + inside);
  }
}
