// y = x * gate, channels last, where gate = a2(second * a1(first * mean + first_bias) + second_bias) has one number for each
// channel of an image. blockIdx.z counts the images, p.blocks for each, which share its pixels, the rows of `first` and the
// channels of `second`. Compiled with: what plane.cu wants; FIRST_BIAS, SECOND_BIAS (types); HELD (a block's share of the
// weights lies in shared memory); ACTIVATION_1(x), ACTIVATION_2(x).

constexpr int kVector = 16 / sizeof(SCALAR);
constexpr int kLanes = 8;  // that share a channel of `second`

/// Shared memory in this order.
struct SqueezeMemory {
  float *parts, *mean, *own, *hidden;
  SCALAR *first, *second;
  __device__ SqueezeMemory(const SqueezeArgs& p, const PlaneShare& share, unsigned char* shared) {
    parts = reinterpret_cast<float*>(shared);
    mean = parts + (share.groups * p.channels + 3) / 4 * 4;
    own = mean + p.first_line;
    hidden = own + max(p.first_line, p.second_line);
    first = reinterpret_cast<SCALAR*>(hidden + p.second_line);
    second = first + (p.hidden + p.blocks - 1) / p.blocks * p.first_line;
  }
};

__device__ inline void copy_lines(SCALAR* to, const void* from, i64 line, int count, int length) {
  for (int at = threadIdx.x * kVector; at < count * length; at += kPlaneThreads * kVector)
    copy_async<16>(to + at, static_cast<const SCALAR*>(from) + line * length + at, true);
}

/// What lane `lane` of `lanes` adds to the product of a line with floats.
__device__ inline float line_product(const SCALAR* line, const float* by, int length, int lane, int lanes) {
  float sum = 0;
  for (int at = lane * kVector; at < length; at += lanes * kVector) {
    const Pack<SCALAR, kVector> pack = *reinterpret_cast<const Pack<SCALAR, kVector>*>(line + at);
#pragma unroll
    for (int i = 0; i < kVector; ++i) sum += to_float(pack.v[i]) * by[at + i];
  }
  return sum;
}

/// Numbers of this block's rows of `first`: row j is that of block j % p.blocks.
__device__ inline void compute_hidden(const SqueezeArgs& p, const SqueezeMemory& m, int rank) {
  const int lane = threadIdx.x % 32;
  for (int i = threadIdx.x / 32; i * p.blocks + rank < p.hidden; i += kPlaneThreads / 32) {
    const int row = i * p.blocks + rank;
    const SCALAR* line = HELD ? m.first + i * p.first_line : static_cast<const SCALAR*>(p.first) + (i64)row * p.first_line;
    float sum = warp_sum(line_product(line, m.mean, p.first_line, lane, 32));
    if (p.first_bias) sum += to_float(static_cast<const FIRST_BIAS*>(p.first_bias)[row]);
    if (lane == 0) m.own[row] = ACTIVATION_1(sum);
  }
}

/// The gates of this block's channels, those from `begin` to `end`.
__device__ inline void compute_gates(const SqueezeArgs& p, const SqueezeMemory& m, int begin, int end) {
  const int lane = threadIdx.x % kLanes;
  for (int base = begin; base < end; base += kPlaneThreads / kLanes) {
    const int channel = base + threadIdx.x / kLanes;
    float sum = 0;
    if (channel < end) {
      const SCALAR* line = HELD ? m.second + (channel - begin) * p.second_line : static_cast<const SCALAR*>(p.second) + (i64)channel * p.second_line;
      sum = line_product(line, m.hidden, p.second_line, lane, kLanes);
    }
#pragma unroll
    for (int lanes = kLanes / 2; lanes; lanes /= 2) sum += exchange(sum, lanes);
    if (channel >= end || lane != 0) continue;
    if (p.second_bias) sum += to_float(static_cast<const SECOND_BIAS*>(p.second_bias)[channel]);
    m.own[channel] = ACTIVATION_2(sum);
  }
}

__device__ inline void scale_pixels(const PlaneShare& share, const SCALAR* x, SCALAR* y, int pixels, int channels, const float* gate) {
  constexpr int kAtOnce = 4;
  for (int vector = share.first_vector(); vector < share.vectors; vector += share.width) {
    float factor[VECTOR];
#pragma unroll
    for (int i = 0; i < VECTOR; ++i) factor[i] = gate[vector * VECTOR + i];
    for (int pixel = share.first; pixel < pixels; pixel += kAtOnce * share.step) {
      float v[kAtOnce][VECTOR];
#pragma unroll
      for (int u = 0; u < kAtOnce; ++u)
        if (pixel + u * share.step < pixels) load_floats(v[u], x + (i64)(pixel + u * share.step) * channels + vector * VECTOR);
#pragma unroll
      for (int u = 0; u < kAtOnce; ++u) {
        if (pixel + u * share.step >= pixels) continue;
#pragma unroll
        for (int i = 0; i < VECTOR; ++i) v[u][i] *= factor[i];
        store_floats(y + (i64)(pixel + u * share.step) * channels + vector * VECTOR, v[u]);
      }
    }
  }
}

KERNEL(kPlaneThreads) squeeze(const SqueezeArgs p) {
  SHARED_MEMORY(shared);
  const int rank = blockIdx.z % p.blocks, chunk = (p.channels + p.blocks - 1) / p.blocks;
  const int begin = min(rank * chunk, p.channels), end = min(begin + chunk, p.channels);
  const PlaneShare share(p.channels, rank, p.blocks);
  const SqueezeMemory m(p, share, shared);
  if (HELD) {
    for (int i = 0; i * p.blocks + rank < p.hidden; ++i) copy_lines(m.first + i * p.first_line, p.first, i * p.blocks + rank, 1, p.first_line);
    copy_lines(m.second, p.second, begin, end - begin, p.second_line);
    commit_copies();
  }
  wait_for_previous();

  const i64 image = blockIdx.z / p.blocks * (i64)p.pixels * p.channels;
  const SCALAR* x = static_cast<const SCALAR*>(p.x) + image;
  const auto add = [](float a, float b) { return a + b; };
  fold_plane(share, x, p.pixels, p.channels, 0.0f, add, add, m.parts);
  wait_copies<0>();
  barrier_of(p.blocks);
  for (int c = threadIdx.x; c < p.first_line; c += kPlaneThreads)
    m.mean[c] = c < p.channels ? joined_numbers(m.parts + c, p.blocks, add) / (float)p.pixels : 0.0f;
  __syncthreads();
  compute_hidden(p, m, rank);
  barrier_of(p.blocks);
  for (int j = threadIdx.x; j < p.second_line; j += kPlaneThreads) m.hidden[j] = j < p.hidden ? number_of(m.own + j, j % p.blocks, p.blocks) : 0.0f;
  barrier_of(p.blocks);  // `own` is written again
  compute_gates(p, m, begin, end);
  barrier_of(p.blocks);
  for (int c = threadIdx.x; c < p.channels; c += kPlaneThreads) m.mean[c] = number_of(m.own + c, c / chunk, p.blocks);
  barrier_of(p.blocks);  // nobody leaves while others read its gates
  scale_pixels(share, x, static_cast<SCALAR*>(p.y) + image, p.pixels, p.channels, m.mean);
}
