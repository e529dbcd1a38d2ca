// Copies elements (units of UNIT) from where tables, one for each loop, say: enlargements by repetition, paddings with other
// elements. An element whose place is negative in a table is `fill`.
constexpr int kLoops = 8;

struct PickArgs {
  const UNIT* x;
  UNIT* y;
  const i64* places;      // of x, in units: table after table
  u32 count, loops;       // loops are listed innermost first
  Divider extents[kLoops];
  u32 tables[kLoops];     // where each begins
  uint4 fill;             // its first bytes are a unit
};

extern "C" __global__ void pick(const PickArgs a) {
  wait_for_previous();
  const u32 index = blockIdx.x * blockDim.x + threadIdx.x;
  if (index >= a.count) return;
  u32 rest = index;
  i64 from = 0;
  bool outside = false;
#pragma unroll
  for (int l = 0; l < kLoops; ++l) {
    if (l >= a.loops) break;
    const u32 outer = a.extents[l].divide(rest);
    const i64 place = a.places[a.tables[l] + rest - outer * a.extents[l].divisor];
    outside = outside || place < 0;
    from += place;
    rest = outer;
  }
  a.y[index] = outside ? *reinterpret_cast<const UNIT*>(&a.fill) : a.x[from];
}
