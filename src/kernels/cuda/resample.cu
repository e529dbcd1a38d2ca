// Weighted sums of elements along up to three loops: linear and cubic interpolation. The elements and weights of each step of
// such a loop stand in tables of the host.
constexpr int kLoops = 8;
constexpr int kSampled = 3;

struct ResampleArgs {
  const IN* x;
  OUT* y;
  const i64* places;        // of x: `taps` for each step of a sampled loop; -1 in the first one: outside of the input
  const float* weights;     // side by side with the places
  u32 count, loops;         // vectors of y; loops are listed innermost first
  Divider extents[kLoops];
  i64 strides[kLoops];      // of x; 0 for sampled loops
  u32 sampled[kSampled];    // which loops; kLoops: none, and the table holds one place 0 of weight 1
  u32 taps[kSampled], tables[kSampled];
  float outside;
  u32 unused;
};

template <int V> inline void resample(const ResampleArgs& a) {
  const u32 index = blockIdx.x * blockDim.x + threadIdx.x;
  if (index >= a.count) return;
  u32 rest = index, first[kSampled] = {a.tables[0], a.tables[1], a.tables[2]};
  i64 base = 0;
#pragma unroll
  for (int l = 0; l < kLoops; ++l) {
    if (l >= a.loops) break;
    const u32 outer = a.extents[l].divide(rest), step = rest - outer * a.extents[l].divisor;
    base += step * a.strides[l];
#pragma unroll
    for (int s = 0; s < kSampled; ++s)
      if (a.sampled[s] == l) first[s] = a.tables[s] + step * a.taps[s];
    rest = outer;
  }
  float sums[V] = {};
  bool outside = false;
#pragma unroll
  for (int s = 0; s < kSampled; ++s) outside = outside || (a.sampled[s] < kLoops && a.places[first[s]] < 0);
  for (u32 i = 0; i < a.taps[2] && !outside; ++i) {
    const i64 plane = base + a.places[first[2] + i];
    const float plane_weight = a.weights[first[2] + i];
    for (u32 j = 0; j < a.taps[1]; ++j) {
      const i64 line = plane + a.places[first[1] + j];
      const float line_weight = plane_weight * a.weights[first[1] + j];
      for (u32 k = 0; k < a.taps[0]; ++k) {
        const float weight = line_weight * a.weights[first[0] + k];
        const Vector<IN, V> x = load_vector<V>(a.x + line + a.places[first[0] + k]);
#pragma unroll
        for (int v = 0; v < V; ++v) sums[v] += weight * float(Element<IN>::get(x.at[v]));
      }
    }
  }
  Vector<OUT, V> y;
#pragma unroll
  for (int v = 0; v < V; ++v) y.at[v] = Element<OUT>::put(outside ? a.outside : sums[v]);
  store_vector<V>(a.y + i64(index) * V, y);
}
extern "C" __global__ void wide(const ResampleArgs a) {
  wait_for_previous();
  resample<WIDTH>(a);
}
extern "C" __global__ void single(const ResampleArgs a) {
  wait_for_previous();
  resample<1>(a);
}
