// Values between elements: `grid` at positions in [-1, 1] (MODE: 0 linear, 1 nearest, 2 cubic; PADDING: 0 zeros, 1 border,
// 2 reflection; CORNERS: -1 and 1 are centers of elements), `regions` as averages (LARGEST: largest parts) over boxes.
constexpr int AXES = 3;

struct SampleArgs {
  const IN* x;            // [batch][channels][sizes]
  const POSITION* where;  // [batch][points][axes], innermost axis first; of `regions` [regions][4]
  const i64* images;      // of `regions`
  OUT* y;                 // [batch][channels][points]
  u32 count, axes;
  Divider points, channels;
  u32 batch, sizes[AXES]; // innermost first
  u32 columns, half_pixel; // of `regions`: of the points
  i32 samples, unused;    // along an axis; 0: as many as elements
  double scale;
};

inline float reflect(float x, float low, float high) {
  const float range = high - low, distance = x < low ? low - x : x - high;
  if (!(range > 0)) return low;
  if (!(distance > 0)) return x;
  const float rest = fmodf(distance, 2 * range), folded = rest <= range ? rest : 2 * range - rest;
  return x < low ? low + folded : high - folded;
}
inline float cubic(float x) {
  const float a = -0.75f;
  x = fabsf(x);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
}

struct Taps {
  u32 index[4];
  float weight[4];
  int count;

  void add(float x, u32 size, float w) {
    const float last = float(size - 1);
    if (PADDING == 0 && !(x >= 0 && x <= last)) return;
    if (PADDING == 2) x = truncf(reflect(x, CORNERS ? 0.0f : -0.5f, float(size) - (CORNERS ? 1.0f : 0.5f)));
    index[count] = x != x ? 0 : u32(fminf(fmaxf(x, 0.0f), last));
    weight[count++] = w;
  }
  void find(float normalized, u32 size) {
    count = 0;
    const float n = float(size), low = CORNERS ? 0.0f : -0.5f, high = n - (CORNERS ? 1.0f : 0.5f);
    float x = CORNERS ? (normalized + 1) / 2 * (n - 1) : ((normalized + 1) * n - 1) / 2;
    if (MODE == 1) x = rintf(x);
    if (MODE != 2 && !(x >= low && x <= high)) {
      if (PADDING == 1) x = fminf(fmaxf(x, 0.0f), n - 1);
      if (PADDING == 2) x = reflect(x, low, high);
    }
    const float base = floorf(x), f = x - base;
    if (MODE == 1) {
      add(x, size, 1);
    } else if (MODE == 0) {
      add(base, size, 1 - f);
      add(base + 1, size, f);
    } else {
      for (int k = -1; k <= 2; ++k) add(base + float(k), size, cubic(f - float(k)));
    }
  }
};

extern "C" __global__ void grid(const SampleArgs a) {
  wait_for_previous();
  const u32 index = blockIdx.x * blockDim.x + threadIdx.x;
  if (index >= a.count) return;
  const u32 plane = a.points.divide(index), sample = a.channels.divide(plane);
  const POSITION* where = a.where + (i64(sample) * a.points.divisor + (index - plane * a.points.divisor)) * a.axes;
  Taps taps[AXES];
  i64 size = 1;
#pragma unroll
  for (int i = 0; i < AXES; ++i) {
    if (i < a.axes) {
      taps[i].find(float(Element<POSITION>::get(where[i])), a.sizes[i]);
    } else {
      taps[i].count = 1;
      taps[i].index[0] = 0;
      taps[i].weight[0] = 1;
    }
    size *= a.sizes[i];
  }
  const IN* x = a.x + plane * size;
  float sum = 0;
  for (int i = 0; i < taps[2].count; ++i)
    for (int j = 0; j < taps[1].count; ++j)
      for (int k = 0; k < taps[0].count; ++k) {
        const float weight = taps[2].weight[i] * taps[1].weight[j] * taps[0].weight[k];
        const i64 at = (i64(taps[2].index[i]) * a.sizes[1] + taps[1].index[j]) * a.sizes[0] + taps[0].index[k];
        sum += weight * float(Element<IN>::get(x[at]));
      }
  a.y[index] = Element<OUT>::put(sum);
}

// One axis of one box.
struct Side {
  double first, bin;
  i32 count;
};
inline Side side_of(const SampleArgs& a, double begin, double end, u32 outputs) {
  const double shift = a.half_pixel ? 0.5 : 0.0;
  begin = begin * a.scale - shift;
  end = end * a.scale - shift;
  const double length = a.half_pixel || end - begin > 1.0 ? end - begin : 1.0;
  Side s;
  s.first = begin;
  s.bin = length / double(outputs);
  const double wanted = a.samples > 0 ? double(a.samples) : ceil(s.bin);
  s.count = wanted > 0 ? i32(wanted < 65536.0 ? wanted : 65536.0) : 0;
  return s;
}
// Two neighbours and the weight of the second; false outside.
inline bool neighbours(const Side& s, u32 output, i32 sample, u32 size, u32& low, u32& high, float& fraction) {
  double at = s.first + s.bin * (double(output) + (double(sample) + 0.5) / double(s.count));
  if (!(at >= -1.0) || at > double(size)) return false;
  if (at < 0) at = 0;
  low = u32(at);
  high = low + 1;
  fraction = float(at - double(low));
  if (low >= size - 1) {
    low = high = size - 1;
    fraction = 0;
  }
  return true;
}

extern "C" __global__ void regions(const SampleArgs a) {
  wait_for_previous();
  const u32 index = blockIdx.x * blockDim.x + threadIdx.x;
  if (index >= a.count) return;
  const u32 plane = a.points.divide(index), point = index - plane * a.points.divisor;
  const u32 region = a.channels.divide(plane), channel = plane - region * a.channels.divisor;
  const i64 image = a.images[region];
  double box[4];
  for (int i = 0; i < 4; ++i) box[i] = double(Element<POSITION>::get(a.where[i64(region) * 4 + i]));
  const Side across = side_of(a, box[0], box[2], a.columns), down = side_of(a, box[1], box[3], a.points.divisor / a.columns);
  const IN* x = a.x + (image * a.channels.divisor + channel) * a.sizes[1] * a.sizes[0];
  float sum = 0, best = 0;
  const bool known = image >= 0 && image < a.batch;
  for (i32 i = 0; i < down.count && known; ++i)
    for (i32 j = 0; j < across.count; ++j) {
      u32 top, bottom, left, right;
      float v, h, parts[4] = {};
      if (neighbours(down, point / a.columns, i, a.sizes[1], top, bottom, v) && neighbours(across, point % a.columns, j, a.sizes[0], left, right, h)) {
        parts[0] = (1 - v) * (1 - h) * float(Element<IN>::get(x[i64(top) * a.sizes[0] + left]));
        parts[1] = (1 - v) * h * float(Element<IN>::get(x[i64(top) * a.sizes[0] + right]));
        parts[2] = v * (1 - h) * float(Element<IN>::get(x[i64(bottom) * a.sizes[0] + left]));
        parts[3] = v * h * float(Element<IN>::get(x[i64(bottom) * a.sizes[0] + right]));
      }
      sum += parts[0] + parts[1] + parts[2] + parts[3];
      const float highest = fmaxf(fmaxf(parts[0], parts[1]), fmaxf(parts[2], parts[3]));
      best = i == 0 && j == 0 ? highest : fmaxf(best, highest);
    }
  const i64 samples = i64(down.count) * across.count;
  a.y[index] = Element<OUT>::put(LARGEST ? best : sum / float(samples > 0 ? samples : 1));
}
