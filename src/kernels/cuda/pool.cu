// Pooling. Compiled with: SCALAR; KIND (0: max, 1: average, 2: lp); INDICES (of the largest elements are asked for); CHANNELS_LAST; VECTOR (channels of a thread; 1 unless
// CHANNELS_LAST); WINDOW_H, WINDOW_W (of the last two axes; 0: taken from the arguments; else the first axis has windows of 1).

struct Position {
  i64 image;  // of the batch, or plane of row-major memory
  int channel;
  int at[3];
};

__device__ inline Position position_of(const PoolArgs& p, u32 index) {
  Position r;
  r.channel = 0;
  if (CHANNELS_LAST) {
    const u32 vectors = p.channels / VECTOR;
    r.channel = (int)(index % vectors) * VECTOR;
    index /= vectors;
  }
#pragma unroll
  for (int i = 2; i >= 0; --i) {
    r.at[i] = (int)(index % p.out[i]);
    index /= p.out[i];
  }
  r.image = index;
  return r;
}

__device__ inline i64 position_in(const PoolArgs& p, const Position& r, const int (&in)[3]) {
  const i64 pixel = ((r.image * p.in[0] + in[0]) * p.in[1] + in[1]) * p.in[2] + in[2];
  return CHANNELS_LAST ? pixel * p.channels + r.channel : pixel;
}

/// How many positions of the window along an axis the average is divided by.
__device__ inline int counted(const PoolArgs& p, int axis, int at) {
  const int low = p.include_padding ? -p.begin[axis] : 0, high = p.in[axis] + (p.include_padding ? p.end[axis] : 0);
  int count = 0;
  for (int k = 0; k < p.kernel[axis]; ++k) {
    const int x = at * p.stride[axis] - p.begin[axis] + k * p.dilation[axis];
    count += x >= low && x < high;
  }
  return count;
}

/// Calls f(flat position in the plane, element's offset) for what of the window lies inside.
template <class F>
__device__ inline void window(const PoolArgs& p, const Position& r, F f) {
  int in[3];
  for (int i = 0; i < p.kernel[0]; ++i) {
    in[0] = r.at[0] * p.stride[0] - p.begin[0] + i * p.dilation[0];
    if ((u32)in[0] >= (u32)p.in[0]) continue;
    for (int j = 0; j < p.kernel[1]; ++j) {
      in[1] = r.at[1] * p.stride[1] - p.begin[1] + j * p.dilation[1];
      if ((u32)in[1] >= (u32)p.in[1]) continue;
      for (int k = 0; k < p.kernel[2]; ++k) {
        in[2] = r.at[2] * p.stride[2] - p.begin[2] + k * p.dilation[2];
        if ((u32)in[2] < (u32)p.in[2]) f(in, position_in(p, r, in));
      }
    }
  }
}

__device__ inline float joined(float a, float b) {
  if (KIND == 0) return b > a || b != b ? b : a;
  return a + b;
}
__device__ inline float prepared(float x, const PoolArgs& p) { return KIND == 2 ? powf(fabsf(x), p.power) : x; }

/// Joins what the window sees to `v`. With a window of known size all loads are under way before the first is used.
__device__ inline void join_window(const PoolArgs& p, const Position& r, const SCALAR* x, float (&v)[VECTOR]) {
#if WINDOW_H
  Pack<SCALAR, VECTOR> seen[WINDOW_H][WINDOW_W], nothing;
#pragma unroll
  for (int i = 0; i < VECTOR; ++i) assign(nothing.v[i], v[i]);
  int in[3] = {r.at[0] * p.stride[0] - p.begin[0], 0, 0};
#pragma unroll
  for (int j = 0; j < WINDOW_H; ++j)
#pragma unroll
    for (int k = 0; k < WINDOW_W; ++k) {
      in[1] = r.at[1] * p.stride[1] - p.begin[1] + j * p.dilation[1];
      in[2] = r.at[2] * p.stride[2] - p.begin[2] + k * p.dilation[2];
      const bool inside = (u32)in[0] < (u32)p.in[0] && (u32)in[1] < (u32)p.in[1] && (u32)in[2] < (u32)p.in[2];
      seen[j][k] = nothing;
      if (inside) seen[j][k] = *reinterpret_cast<const Pack<SCALAR, VECTOR>*>(x + position_in(p, r, in));
    }
#pragma unroll
  for (int j = 0; j < WINDOW_H; ++j)
#pragma unroll
    for (int k = 0; k < WINDOW_W; ++k)
#pragma unroll
      for (int i = 0; i < VECTOR; ++i) v[i] = joined(v[i], prepared(to_float(seen[j][k].v[i]), p));
#else
  window(p, r, [&](const int (&)[3], i64 at) {
    float value[VECTOR];
    load_floats(value, x + at);
#pragma unroll
    for (int i = 0; i < VECTOR; ++i) v[i] = joined(v[i], prepared(value[i], p));
  });
#endif
}

/// The index of the largest element as ONNX counts: in its plane, planes one after the other.
__device__ inline i64 flat_index(const PoolArgs& p, const Position& r, const int (&in)[3], int channel) {
  const i64 plane = CHANNELS_LAST ? r.image * p.channels + channel : r.image;
  const i64 within = p.column_major ? ((i64)in[2] * p.in[1] + in[1]) * p.in[0] + in[0] : ((i64)in[0] * p.in[1] + in[1]) * p.in[2] + in[2];
  return plane * p.in[0] * p.in[1] * p.in[2] + within;
}

KERNEL(256) pool(const PoolArgs p) {
  wait_for_previous();
  const i64 index = (i64)blockIdx.x * 256 + threadIdx.x;
  if (index >= p.outputs) return;
  const SCALAR* x = static_cast<const SCALAR*>(p.x);
  const Position r = position_of(p, (u32)index);
  float v[VECTOR];
#pragma unroll
  for (int i = 0; i < VECTOR; ++i) v[i] = KIND == 0 ? -INFINITE : 0.0f;
#if KIND == 0 && INDICES
  if (p.indices) {
    for (int i = 0; i < VECTOR; ++i) {
      int best[3] = {0, 0, 0};
      bool found = false;
      window(p, r, [&](const int (&in)[3], i64 at) {
        const float value = to_float(x[at + i]);
        if (found && !(value > v[i] || (value != value && v[i] == v[i]))) return;
        found = true;
        v[i] = value;
        for (int a = 0; a < 3; ++a) best[a] = in[a];
      });
      // Indices lie in row-major order, whatever the order of y.
      i64 to = index;
      if (CHANNELS_LAST) to = (((r.image * p.channels + r.channel + i) * p.out[0] + r.at[0]) * p.out[1] + r.at[1]) * p.out[2] + r.at[2];
      p.indices[to] = flat_index(p, r, best, r.channel + i);
    }
    store_floats(static_cast<SCALAR*>(p.y) + index * VECTOR, v);
    return;
  }
#endif
  join_window(p, r, x, v);
  if (KIND != 0) {
    const int count = KIND == 1 ? max(counted(p, 0, r.at[0]) * counted(p, 1, r.at[1]) * counted(p, 2, r.at[2]), 1) : 1;
#pragma unroll
    for (int i = 0; i < VECTOR; ++i) v[i] = KIND == 1 ? v[i] / (float)count : powf(v[i], 1 / p.power);
  }
  store_floats(static_cast<SCALAR*>(p.y) + index * VECTOR, v);
}

__device__ inline float finished(float x, const PoolArgs& p, i64 count) {
  if (KIND == 0) return x;
  return KIND == 1 ? x / (float)count : powf(x, 1 / p.power);
}

/// The window is the whole plane. Channels last: blockIdx.z counts the images, p.blocks for each; else a warp for each plane.
#if CHANNELS_LAST
KERNEL(kPlaneThreads) global_pool(const PoolArgs p) {
  wait_for_previous();
  SHARED_MEMORY(shared);
  float* parts = reinterpret_cast<float*>(shared);
  const int pixels = p.in[0] * p.in[1] * p.in[2], rank = blockIdx.z % p.blocks;
  const i64 image = blockIdx.z / p.blocks;
  const PlaneShare share(p.channels / VECTOR, rank, p.blocks);
  fold_plane(share, static_cast<const SCALAR*>(p.x) + image * pixels * p.channels, pixels, p.channels, KIND == 0 ? -INFINITE : 0.0f,
             [&](float v, float element) { return joined(v, prepared(element, p)); }, joined, parts);
  barrier_of(p.blocks);
  SCALAR* y = static_cast<SCALAR*>(p.y) + image * p.channels;
  for (int c = rank * kPlaneThreads + threadIdx.x; c < p.channels; c += p.blocks * kPlaneThreads)
    assign(y[c], finished(joined_numbers(parts + c, 0, 1, p.blocks, joined), p, pixels));
  barrier_of(p.blocks);  // nobody leaves while others read its parts
}
#else
KERNEL(256) global_pool(const PoolArgs p) {
  wait_for_previous();
  const SCALAR* x = static_cast<const SCALAR*>(p.x);
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  const i64 pixels = (i64)p.in[0] * p.in[1] * p.in[2], plane = (i64)blockIdx.x * 8 + warp;
  if (plane >= p.outputs) return;
  float v = KIND == 0 ? -INFINITE : 0.0f;
  for (i64 pixel = lane; pixel < pixels; pixel += 32) v = joined(v, prepared(to_float(x[plane * pixels + pixel]), p));
#pragma unroll
  for (int lanes = 16; lanes; lanes /= 2) v = joined(v, exchange(v, lanes));
  if (lane == 0) assign(static_cast<SCALAR*>(p.y)[plane], finished(v, p, pixels));
}
#endif
