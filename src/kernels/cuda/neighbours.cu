// x / (bias + factor * sum of the squares of the channels around it) ^ beta.
struct NeighboursArgs {
  const IN* x;
  OUT* y;
  u32 count, before, after, unused;
  Divider inner, channels;
  float bias, factor, beta;
};

extern "C" __global__ void neighbours(const NeighboursArgs a) {
  wait_for_previous();
  const u32 index = blockIdx.x * blockDim.x + threadIdx.x;
  if (index >= a.count) return;
  const u32 row = a.inner.divide(index), channel = row - a.channels.divide(row) * a.channels.divisor;
  const u32 first = channel < a.before ? 0 : channel - a.before;
  const u32 last = a.channels.divisor - 1 - channel < a.after ? a.channels.divisor - 1 : channel + a.after;
  float sum = 0;
  for (u32 c = first; c <= last; ++c) {
    const float v = float(Element<IN>::get(a.x[i64(index) + (i64(c) - channel) * a.inner.divisor]));
    sum += v * v;
  }
  const float x = float(Element<IN>::get(a.x[index]));
  a.y[index] = Element<OUT>::put(x * expf(-a.beta * logf(a.bias + a.factor * sum)));
}
