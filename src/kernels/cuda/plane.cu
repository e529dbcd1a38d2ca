// What the channels of an image come to over all of its pixels, channels last, by one block or by a cluster of them. Compiled
// with: SCALAR, VECTOR (channels that are aligned together), CLUSTERS (blocks may come in clusters).

constexpr int kPlaneThreads = 512;

/// Which vectors of channels and which pixels a thread has: vectors from first_vector() on, `width` apart, at the pixels from
/// `first` on, `step` apart.
struct PlaneShare {
  int vectors, width, groups, group, first, step;
  __device__ PlaneShare(int vectors_, int rank, int blocks) {
    vectors = vectors_;
    width = max(1, min(vectors, kPlaneThreads));
    groups = kPlaneThreads / width;
    group = (int)threadIdx.x / width;
    step = groups * blocks;
    first = group < groups ? rank * groups + group : 1 << 30;
  }
  __device__ int first_vector() const { return (int)threadIdx.x % width; }
};

/// Leaves in parts[channel] what the pixels of this block, `row` elements apart, come to: take(v, element), and join(v, v) of the
/// threads' own. `parts` has room for share.groups * share.vectors * VECTOR.
template <class Take, class Join>
__device__ inline void fold_plane(const PlaneShare& share, const SCALAR* x, int pixels, int row, float start, Take take, Join join, float* parts) {
  constexpr int kAtOnce = 4;
  const int channels = share.vectors * VECTOR;
  for (int vector = share.first_vector(); vector < share.vectors; vector += share.width) {
    float v[VECTOR];
#pragma unroll
    for (int i = 0; i < VECTOR; ++i) v[i] = start;
    const SCALAR* from = x + vector * VECTOR;
    for (int pixel = share.first; pixel < pixels; pixel += kAtOnce * share.step) {
      Pack<SCALAR, VECTOR> seen[kAtOnce];
#pragma unroll
      for (int u = 0; u < kAtOnce; ++u)
        if (pixel + u * share.step < pixels)
          seen[u] = *reinterpret_cast<const Pack<SCALAR, VECTOR>*>(from + (i64)(pixel + u * share.step) * row);
#pragma unroll
      for (int u = 0; u < kAtOnce; ++u)
        if (pixel + u * share.step < pixels)
#pragma unroll
          for (int i = 0; i < VECTOR; ++i) v[i] = take(v[i], to_float(seen[u].v[i]));
    }
    if (share.group < share.groups) {
#pragma unroll
      for (int i = 0; i < VECTOR; ++i) parts[share.group * channels + vector * VECTOR + i] = v[i];
    }
  }
  __syncthreads();
  // In two steps: a few threads for each channel, then one.
  const int sharers = channels > 0 && channels < kPlaneThreads ? min(kPlaneThreads / channels, share.groups) : 1;
  if (sharers > 1) {
    const int c = (int)threadIdx.x % channels, first = (int)threadIdx.x / channels;
    if (first < sharers)
      for (int g = first + sharers; g < share.groups; g += sharers) parts[first * channels + c] = join(parts[first * channels + c], parts[g * channels + c]);
    __syncthreads();
  }
  for (int c = threadIdx.x; c < channels; c += kPlaneThreads)
    for (int g = 1; g < (sharers > 1 ? sharers : share.groups); ++g) parts[c] = join(parts[c], parts[g * channels + c]);
  __syncthreads();
}

__device__ inline void barrier_of(int blocks) {
  if (CLUSTERS && blocks > 1)
    cluster_barrier();
  else
    __syncthreads();
}
/// The number that block `rank` has where `mine` lies here; after a barrier.
__device__ inline float number_of(const float* mine, int rank, int blocks) {
  float v[1] = {*mine};
  if (CLUSTERS && blocks > 1) load_remote(v, mine, rank);
  return v[0];
}
/// The numbers of `count` blocks joined in their order, from block `first` on, `step` apart.
template <class Join>
__device__ inline float joined_numbers(const float* mine, int first, int step, int count, Join join) {
  constexpr int kMostBlocks = CLUSTERS ? 8 : 1;
  float part[kMostBlocks] = {};
#pragma unroll
  for (int i = 0; i < kMostBlocks; ++i)
    if (i < count) part[i] = number_of(mine, first + i * step, count);
  float v = part[0];
#pragma unroll
  for (int i = 1; i < kMostBlocks; ++i)
    if (i < count) v = join(v, part[i]);
  return v;
}
