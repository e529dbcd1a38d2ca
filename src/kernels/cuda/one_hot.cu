// values[1] where the index of a line (from the end where it is negative) is the place along the new axis, else values[0].
struct OneHotArgs {
  const INDEX* indices;
  const UNIT* values;
  UNIT* y;
  u32 count;
  Divider depth, inner;
};

extern "C" __global__ void one_hot(const OneHotArgs a) {
  wait_for_previous();
  const u32 index = blockIdx.x * blockDim.x + threadIdx.x;
  if (index >= a.count) return;
  const u32 row = a.inner.divide(index), inside = index - row * a.inner.divisor;
  const u32 outer = a.depth.divide(row), place = row - outer * a.depth.divisor;
  i64 wanted = convert<i64>(Element<INDEX>::get(a.indices[i64(outer) * a.inner.divisor + inside]));
  if (wanted < 0) wanted += a.depth.divisor;
  a.y[index] = a.values[wanted == place];
}
