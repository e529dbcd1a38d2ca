// y = x * gate, channels last, where gate = a2(second * a1(first * mean + first_bias) + second_bias) has one number for each
// channel of an image. blockIdx.z counts the images, p.parts * p.slices blocks for each. Compiled with: what plane.cu wants;
// FIRST_BIAS, SECOND_BIAS (types); HELD (a block's share of the weights lies in shared memory), HELD_X (its share of x, in
// vectors of 16 bytes); ACTIVATION_1(x), ACTIVATION_2(x).

constexpr int kVector = 16 / sizeof(SCALAR);
constexpr int kLanes = 8;  // that share a line of weights

/// Shared memory in this order.
struct SqueezeMemory {
  float *sums, *mean, *own, *hidden, *gate;
  SCALAR *first, *second, *x;
  __device__ SqueezeMemory(const SqueezeArgs& p, unsigned char* shared) {
    sums = reinterpret_cast<float*>(shared);
    mean = sums + max(kPlaneThreads * VECTOR, p.chunk);
    own = mean + p.chunk;
    hidden = own + p.second_line;
    gate = hidden + p.second_line;
    first = reinterpret_cast<SCALAR*>(gate + p.chunk);
    second = first + (HELD ? p.hidden * p.chunk : 0);
    x = second + (HELD ? p.chunk * p.second_line : 0);
  }
};

__device__ inline void copy_lines(SCALAR* to, int to_step, const SCALAR* from, int from_step, int rows, int length) {
  const int vectors = length / kVector;
  for (int at = threadIdx.x; at < rows * vectors; at += kPlaneThreads) {
    const int row = at / vectors, column = at % vectors * kVector;
    copy_async<16>(to + row * to_step + column, from + (i64)row * from_step + column, true);
  }
}

/// Starts the copies of the elements that this thread is going to read.
__device__ inline void copy_pixels(const PlaneShare& share, SCALAR* to, int to_step, const SCALAR* from, int from_step, int pixels) {
  for (int vector = share.first_vector(); vector < share.vectors; vector += share.width)
    for (int pixel = share.first; pixel < pixels; pixel += share.step)
      copy_async<16>(to + pixel * to_step + vector * VECTOR, from + (i64)pixel * from_step + vector * VECTOR, true);
}

/// Calls store(row, line `row` times `by`) in one of kLanes threads for each row.
template <class Store>
__device__ inline void multiply_lines(const SCALAR* lines, int step, int length, int rows, const float* by, Store store) {
  const int lane = threadIdx.x % kLanes;
  for (int base = 0; base < rows; base += kPlaneThreads / kLanes) {
    const int row = base + (int)threadIdx.x / kLanes;
    float sum = 0;
    for (int at = lane * kVector; row < rows && at < length; at += kLanes * kVector) {
      float a[kVector], b[kVector];
      load_floats(a, lines + (i64)row * step + at);
      load_floats(b, by + at);
#pragma unroll
      for (int i = 0; i < kVector; ++i) sum += a[i] * b[i];
    }
#pragma unroll
    for (int lanes = kLanes / 2; lanes; lanes /= 2) sum += exchange(sum, lanes);
    if (row < rows && lane == 0) store(row, sum);
  }
}

__device__ inline void scale_pixels(const PlaneShare& share, const SCALAR* x, int x_step, SCALAR* y, int y_step, int pixels, const float* gate) {
  constexpr int kAtOnce = 4;
  for (int vector = share.first_vector(); vector < share.vectors; vector += share.width) {
    float factor[VECTOR];
#pragma unroll
    for (int i = 0; i < VECTOR; ++i) factor[i] = gate[vector * VECTOR + i];
    for (int pixel = share.first; pixel < pixels; pixel += kAtOnce * share.step) {
      float v[kAtOnce][VECTOR];
#pragma unroll
      for (int u = 0; u < kAtOnce; ++u)
        if (pixel + u * share.step < pixels) load_floats(v[u], x + (i64)(pixel + u * share.step) * x_step + vector * VECTOR);
#pragma unroll
      for (int u = 0; u < kAtOnce; ++u) {
        if (pixel + u * share.step >= pixels) continue;
#pragma unroll
        for (int i = 0; i < VECTOR; ++i) v[u][i] *= factor[i];
        store_floats(y + (i64)(pixel + u * share.step) * y_step + vector * VECTOR, v[u]);
      }
    }
  }
}

SHARING_KERNEL(kPlaneThreads, 2) squeeze(const SqueezeArgs p) {
  SHARED_MEMORY(shared);
  const SqueezeMemory m(p, shared);
  const int blocks = p.parts * p.slices, rank = blockIdx.z % blocks, part = rank % p.parts, slice = rank / p.parts;
  const int begin = min(part * p.chunk, p.channels), mine = min(p.chunk, p.channels - begin), line = (mine + kVector - 1) / kVector * kVector;
  const int top = min(slice * p.span, p.pixels), pixels = min(p.span, p.pixels - top);
  const SCALAR* first = static_cast<const SCALAR*>(p.first) + begin;
  const SCALAR* second = static_cast<const SCALAR*>(p.second) + (i64)begin * p.second_line;
  if (HELD) {
    copy_lines(m.first, p.chunk, first, p.first_line, p.hidden, line);
    copy_lines(m.second, p.second_line, second, p.second_line, mine, p.second_line);
  }
  wait_for_previous();

  const i64 at = ((i64)(blockIdx.z / blocks) * p.pixels + top) * p.channels + begin;
  const PlaneShare share(mine / VECTOR, 0, 1);
  const SCALAR* x = static_cast<const SCALAR*>(p.x) + at;
  const int x_step = HELD_X ? p.chunk : p.channels;
  if (HELD_X) {
    copy_pixels(share, m.x, x_step, x, p.channels, pixels);
    x = m.x;
  }
  commit_copies();
  wait_copies<0>();
  const auto add = [](float a, float b) { return a + b; };
  fold_plane(share, x, pixels, x_step, 0.0f, add, add, m.sums);
  if (p.slices > 1) barrier_of(blocks);
  for (int c = threadIdx.x; c < line; c += kPlaneThreads)
    m.mean[c] = c < mine ? joined_numbers(m.sums + c, part, p.parts, p.slices, add) / (float)p.pixels : 0.0f;
  __syncthreads();
  multiply_lines(HELD ? m.first : first, HELD ? p.chunk : p.first_line, line, p.hidden, m.mean, [&](int row, float sum) { m.own[row] = sum; });
  barrier_of(p.parts > 1 ? blocks : 1);
  for (int j = threadIdx.x; j < p.second_line; j += kPlaneThreads) {
    float v = 0;
    if (j < p.hidden) {
      v = joined_numbers(m.own + j, slice * p.parts, 1, p.parts, add);
      if (p.first_bias) v += to_float(static_cast<const FIRST_BIAS*>(p.first_bias)[j]);
      v = ACTIVATION_1(v);
    }
    m.hidden[j] = v;
  }
  __syncthreads();
  if (CLUSTERS && blocks > 1) cluster_arrive();  // what lies in the others is not read any more
  multiply_lines(HELD ? m.second : second, p.second_line, p.second_line, mine, m.hidden, [&](int row, float sum) {
    if (p.second_bias) sum += to_float(static_cast<const SECOND_BIAS*>(p.second_bias)[begin + row]);
    m.gate[row] = ACTIVATION_2(sum);
  });
  __syncthreads();
  scale_pixels(share, x, x_step, static_cast<SCALAR*>(p.y) + at, p.channels, pixels, m.gate);
  if (CLUSTERS && blocks > 1) cluster_wait();
}
