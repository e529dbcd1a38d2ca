// Sums of products of elements of a (less a zero point) and of b over any loops: products of integers and doubles, Einsum.
constexpr int kLoops = 8;
constexpr int kSums = 4;

struct ContractArgs {
  const LEFT* a;
  const RIGHT* b;              // null: 1
  OUT* y;
  const LEFT *a_zero, *bias;  // null: 0
  const RIGHT* b_zero;
  u32 count, loops, sum_loops, sums;
  Divider extents[kLoops];  // of the output, innermost first
  i64 a_strides[kLoops], b_strides[kLoops], a_zero_strides[kLoops], b_zero_strides[kLoops], bias_strides[kLoops];
  Divider sum_extents[kSums];
  i64 a_steps[kSums], b_steps[kSums];
  double alpha;
};
typedef Compute<OUT> C;

template <class T> inline C value(const T* x, i64 at) { return convert<C>(Element<T>::get(x[at])); }

extern "C" __global__ void contract(const ContractArgs p) {
  wait_for_previous();
  const u32 index = blockIdx.x * blockDim.x + threadIdx.x;
  if (index >= p.count) return;
  i64 a = 0, b = 0, a_zero = 0, b_zero = 0, bias = 0;
  u32 rest = index;
#pragma unroll
  for (int l = 0; l < kLoops; ++l) {
    if (l >= p.loops) break;
    const u32 outer = p.extents[l].divide(rest);
    const i64 step = rest - outer * p.extents[l].divisor;
    a += step * p.a_strides[l];
    b += step * p.b_strides[l];
    a_zero += step * p.a_zero_strides[l];
    b_zero += step * p.b_zero_strides[l];
    bias += step * p.bias_strides[l];
    rest = outer;
  }
  const C from_a = p.a_zero ? value(p.a_zero, a_zero) : C(0), from_b = p.b_zero ? value(p.b_zero, b_zero) : C(0);
  const u32 inner = p.sum_extents[0].divisor, outer_sums = p.sum_extents[0].divide(p.sums);
  C sum = 0;
  for (u32 s = 0; s < outer_sums; ++s) {
    i64 at_a = a, at_b = b;
    rest = s;
    for (u32 l = 1; l < p.sum_loops; ++l) {
      const u32 outer = p.sum_extents[l].divide(rest);
      const i64 step = rest - outer * p.sum_extents[l].divisor;
      at_a += step * p.a_steps[l];
      at_b += step * p.b_steps[l];
      rest = outer;
    }
    for (u32 i = 0; i < inner; ++i, at_a += p.a_steps[0], at_b += p.b_steps[0])
      sum += (value(p.a, at_a) - from_a) * (p.b ? C(value(p.b, at_b) - from_b) : C(1));
  }
  if (p.alpha != 1.0) sum = convert<C>(double(sum) * p.alpha);
  if (p.bias) sum += value(p.bias, bias);
  p.y[index] = Element<OUT>::put(sum);
}
