// (x - mean) / sqrt(variance + epsilon) * scale + bias, mean and variance of a group of neighbouring channels of one sample,
// in row-major (LAST false) or channels-last order.
constexpr int THREADS = 256;

struct GroupNormArgs {
  const IN* x;
  OUT* y;
  const SCALE* scale;          // null: 1
  const BIAS* bias;            // null: 0
  float* partial;              // [groups][splits] of mean and sum of squared distances; then [groups] of mean and 1 / deviation
  u32 count;                   // elements, or vectors of `apply_wide`
  u32 groups, splits, piece;   // of all samples; parts of a group, and the elements of one
  u32 length;                  // elements of a group
  Divider per_group, plane, channels;
  u32 groups_of_sample, channels_of_scale;  // channels that share an element of scale and bias
  float epsilon;
};

// Where element e of a group lies.
inline i64 element_of_group(const GroupNormArgs& a, u32 group, u32 e) {
  if (!LAST) return i64(group) * a.length + e;
  const u32 sample = group / a.groups_of_sample, inside = group - sample * a.groups_of_sample;
  const u32 pixel = a.per_group.divide(e);
  return (i64(sample) * a.plane.divisor + pixel) * a.channels.divisor + inside * a.per_group.divisor + (e - pixel * a.per_group.divisor);
}

extern "C" __global__ void __launch_bounds__(256) statistics(const GroupNormArgs a) {
  wait_for_previous();
  __shared__ float memory[THREADS / 32];
  const u32 group = blockIdx.x / a.splits, first = (blockIdx.x - group * a.splits) * a.piece;
  const u32 last = a.length - first < a.piece ? a.length : first + a.piece;
  float sum = 0, squares = 0;
  for (u32 e = first + threadIdx.x; e < last; e += THREADS) sum += float(Element<IN>::get(a.x[element_of_group(a, group, e)]));
  const float mean = fold_block<Sum, THREADS>(sum, memory) / float(last - first);
  for (u32 e = first + threadIdx.x; e < last; e += THREADS) {
    const float v = float(Element<IN>::get(a.x[element_of_group(a, group, e)])) - mean;
    squares += v * v;
  }
  squares = fold_block<Sum, THREADS>(squares, memory);
  if (threadIdx.x == 0) {
    a.partial[2 * blockIdx.x] = mean;
    a.partial[2 * blockIdx.x + 1] = squares;
  }
}

// The parts of each group come together.
extern "C" __global__ void combine(const GroupNormArgs a) {
  wait_for_previous();
  const u32 group = blockIdx.x * blockDim.x + threadIdx.x;
  if (group >= a.groups) return;
  const float* part = a.partial + 2 * i64(group) * a.splits;
  float mean = part[0], squares = part[1], count = float(a.length < a.piece ? a.length : a.piece);
  for (u32 s = 1; s < a.splits; ++s) {
    const u32 first = s * a.piece;
    const float more = float(a.length - first < a.piece ? a.length - first : a.piece), distance = part[2 * s] - mean;
    mean += distance * (more / (count + more));
    squares += part[2 * s + 1] + distance * distance * (count * more / (count + more));
    count += more;
  }
  float* result = a.partial + 2 * (i64(a.groups) * a.splits + group);
  result[0] = mean;
  result[1] = 1.0f / sqrtf(squares / float(a.length) + a.epsilon);
}

template <int V> inline void apply(const GroupNormArgs& a) {
  const u32 index = blockIdx.x * blockDim.x + threadIdx.x;
  if (index >= a.count) return;
  const u32 first = index * V, row = LAST ? a.channels.divide(first) : a.plane.divide(first);
  const u32 sample = LAST ? a.plane.divide(row) : a.channels.divide(row);
  const u32 channel = LAST ? first - row * a.channels.divisor : row - sample * a.channels.divisor;
  const Vector<IN, V> x = load_vector<V>(a.x + first);
  const float* results = a.partial + 2 * i64(a.groups) * a.splits;
  Vector<OUT, V> y;
#pragma unroll
  for (int v = 0; v < V; ++v) {
    const u32 c = LAST ? channel + v : channel, at = c / a.channels_of_scale;
    const float* group = results + 2 * (sample * a.groups_of_sample + a.per_group.divide(c));
    const float scale = a.scale ? float(Element<SCALE>::get(a.scale[at])) : 1.0f, bias = a.bias ? float(Element<BIAS>::get(a.bias[at])) : 0.0f;
    y.at[v] = Element<OUT>::put((float(Element<IN>::get(x.at[v])) - group[0]) * group[1] * scale + bias);
  }
  store_vector<V>(a.y + first, y);
}
extern "C" __global__ void apply_wide(const GroupNormArgs a) {
  wait_for_previous();
  apply<WIDTH>(a);
}
extern "C" __global__ void apply_single(const GroupNormArgs a) {
  wait_for_previous();
  apply<1>(a);
}
