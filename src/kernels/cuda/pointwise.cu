// The scalar functions of pointwise kernels, p_NAME as in UnaryKind and BinaryKind, on the compute types. Integers wrap.
template <class C> inline C magnitude(C x) {
  if constexpr (same_type<C, float>) return fabsf(x);
  else if constexpr (same_type<C, double>) return fabs(x);
  else return x < C(0) ? C(u64(0) - u64(x)) : x;
}
#define REAL_FUNCTION(NAME, FLOAT, DOUBLE)            \
  inline float NAME(float x) { return FLOAT(x); }     \
  inline double NAME(double x) { return DOUBLE(x); }
REAL_FUNCTION(p_floor, floorf, floor)
REAL_FUNCTION(p_ceil, ceilf, ceil)
REAL_FUNCTION(p_round, rintf, rint)
REAL_FUNCTION(p_sqrt, sqrtf, sqrt)
REAL_FUNCTION(p_exp, expf, exp)
REAL_FUNCTION(p_expm1, expm1f, expm1)
REAL_FUNCTION(p_log, logf, log)
REAL_FUNCTION(p_log1p, log1pf, log1p)
REAL_FUNCTION(p_sin, sinf, sin)
REAL_FUNCTION(p_cos, cosf, cos)
REAL_FUNCTION(p_tan, tanf, tan)
REAL_FUNCTION(p_asin, asinf, asin)
REAL_FUNCTION(p_acos, acosf, acos)
REAL_FUNCTION(p_atan, atanf, atan)
REAL_FUNCTION(p_sinh, sinhf, sinh)
REAL_FUNCTION(p_cosh, coshf, cosh)
REAL_FUNCTION(p_tanh, tanhf, tanh)
REAL_FUNCTION(p_asinh, asinhf, asinh)
REAL_FUNCTION(p_acosh, acoshf, acosh)
REAL_FUNCTION(p_atanh, atanhf, atanh)
REAL_FUNCTION(p_erf, erff, erf)
REAL_FUNCTION(p_erfc, erfcf, erfc)

template <class C> inline C p_abs(C x) { return magnitude(x); }
template <class C> inline C p_neg(C x) {
  if constexpr (is_real<C>) return -x;
  else return C(u64(0) - u64(x));
}
template <class C> inline C p_sign(C x) { return x > C(0) ? C(1) : x < C(0) ? C(-1) : is_real<C> ? x : C(0); }
template <class C> inline C p_rsqrt(C x) { return C(1) / p_sqrt(x); }
template <class C> inline C p_reciprocal(C x) { return C(1) / x; }
template <class C> inline C p_square(C x) {
  if constexpr (is_real<C>) return x * x;
  else return C(u64(x) * u64(x));
}
template <class C> inline C p_relu(C x) { return x < C(0) ? C(0) : x; }
template <class C> inline C p_sigmoid(C x) { return C(1) / (C(1) + p_exp(-x)); }
template <class C> inline C p_softplus(C x) { return (x > C(0) ? x : C(0)) + p_log1p(p_exp(-magnitude(x))); }
template <class C> inline C p_softsign(C x) { return x / (C(1) + magnitude(x)); }
template <class C> inline C p_gelu_erf(C x) { return C(0.5) * x * p_erfc(-x * C(0.70710678118654752440)); }
template <class C> inline C p_gelu_tanh(C x) {
  return C(0.5) * x * (C(1) + p_tanh(C(0.79788456080286535588) * (x + C(0.044715) * x * x * x)));
}
template <class C> inline C p_mish(C x) { return x * p_tanh(p_softplus(x)); }
template <class C> inline C p_hard_swish(C x) {
  const C gate = x / C(6) + C(0.5);
  return x * (gate < C(0) ? C(0) : gate > C(1) ? C(1) : gate);
}
template <class C> inline C p_logical_not(C x) { return x == C(0); }
template <class C> inline C p_bitwise_not(C x) { return ~x; }
template <class C> inline i64 p_is_nan(C x) { return x != x; }

// Functions of two parameters.
template <class C> inline i64 p_is_inf(C x, C negative, C positive) { return isinf(x) && (x < C(0) ? negative : positive) != C(0); }
template <class C> inline C p_leaky_relu(C x, C alpha, C) { return x < C(0) ? alpha * x : x; }
template <class C> inline C p_elu(C x, C alpha, C) { return x < C(0) ? alpha * p_expm1(x) : x; }
template <class C> inline C p_selu(C x, C alpha, C beta) { return beta * (x > C(0) ? x : alpha * p_expm1(x)); }
template <class C> inline C p_celu(C x, C alpha, C) {
  const C below = alpha * p_expm1(x / alpha);
  return (x < C(0) ? C(0) : x) + (below > C(0) ? C(0) : below);
}
template <class C> inline C p_hard_sigmoid(C x, C alpha, C beta) {
  const C y = alpha * x + beta;
  return y < C(0) ? C(0) : y > C(1) ? C(1) : y;
}
template <class C> inline C p_thresholded_relu(C x, C alpha, C) { return x > alpha ? x : C(0); }
template <class C> inline C p_shrink(C x, C alpha, C beta) { return x < -alpha ? x + beta : x > alpha ? x - beta : C(0); }
template <class C> inline C p_swish(C x, C alpha, C) { return x * p_sigmoid(alpha * x); }

template <class C> inline C p_add(C a, C b) {
  if constexpr (is_real<C>) return a + b;
  else return C(u64(a) + u64(b));
}
template <class C> inline C p_sub(C a, C b) {
  if constexpr (is_real<C>) return a - b;
  else return C(u64(a) - u64(b));
}
template <class C> inline C p_mul(C a, C b) {
  if constexpr (is_real<C>) return a * b;
  else return C(u64(a) * u64(b));
}
// Integers divided by 0 give 0: a kernel has no one to tell.
template <class C> inline C p_div(C a, C b) {
  if constexpr (is_real<C>) return a / b;
  else if (b == C(0)) return C(0);
  else if (C(-1) < C(0) && b == C(-1)) return p_neg(a);
  else return a / b;
}
inline float p_fmod(float a, float b) { return fmodf(a, b); }
inline double p_fmod(double a, double b) { return fmod(a, b); }
template <class I> inline I p_fmod(I a, I b) {
  if (b == I(0) || (I(-1) < I(0) && b == I(-1))) return I(0);
  return a % b;
}
template <class C> inline C p_mod(C a, C b) {
  const C r = p_fmod(a, b);
  if constexpr (is_real<C>) {
    if (r == C(0)) return copysign(C(0), b);
  } else if (r == C(0)) {
    return r;
  }
  return (r < C(0)) != (b < C(0)) ? r + b : r;
}
template <class C> inline C p_min(C a, C b) { return a != a || a < b || b == a ? a : b; }
template <class C> inline C p_max(C a, C b) { return a != a || a > b || b == a ? a : b; }
template <class C> inline C p_prelu(C x, C slope) { return x < C(0) ? p_mul(slope, x) : x; }
inline float p_pow(float a, float b) { return powf(a, b); }
inline double p_pow(double a, double b) { return pow(a, b); }
template <class I> inline I p_pow(I base, I exponent) {
  if (exponent < I(0)) return base == I(1) ? I(1) : base == I(-1) ? (exponent % I(2) == I(0) ? I(1) : I(-1)) : I(0);
  I result = 1;
  for (u64 e = u64(exponent); e != 0; e >>= 1) {
    if (e & 1) result = p_mul(result, base);
    base = p_mul(base, base);
  }
  return result;
}
template <class C> inline i64 p_equal(C a, C b) { return a == b; }
template <class C> inline i64 p_less(C a, C b) { return a < b; }
template <class C> inline i64 p_greater(C a, C b) { return a > b; }
template <class C> inline i64 p_less_equal(C a, C b) { return a <= b; }
template <class C> inline i64 p_greater_equal(C a, C b) { return a >= b; }
template <class I> inline I p_logical_and(I a, I b) { return a & b; }
template <class I> inline I p_logical_or(I a, I b) { return a | b; }
template <class I> inline I p_logical_xor(I a, I b) { return a ^ b; }
template <class I> inline I p_bitwise_and(I a, I b) { return a & b; }
template <class I> inline I p_bitwise_or(I a, I b) { return a | b; }
template <class I> inline I p_bitwise_xor(I a, I b) { return a ^ b; }
template <class I> inline I p_shift_left(I a, I by) { return u64(by) < 64 ? I(u64(a) << u64(by)) : I(0); }
template <class I> inline I p_shift_right(I a, I by) { return u64(by) < 64 ? a >> u64(by) : a < I(0) ? I(-1) : I(0); }

// ---- loops -----------------------------------------------------------------------------------------------------------
// The generated text defines OPERANDS, RESULTS, the types In<n> and Out<n> of what lies in memory, and
// `template <int V> void compute(Elements<V>&)`.

constexpr int kLoops = 8;

struct FlatArgs {
  const void* in[OPERANDS];
  void* out[RESULTS];
  u64 count;                  // elements
  u32 steps[OPERANDS_EVEN];   // 1: one element each; 0: one element for all
};
struct BoxArgs {
  const void* in[OPERANDS];
  void* out[RESULTS];
  u32 count, loops;           // vectors; loops are listed innermost first
  Divider extents[kLoops];    // in vectors
  i64 strides[OPERANDS][kLoops];  // in elements for each vector
  u32 steps[OPERANDS_EVEN];   // inside a vector
};

template <int V, class T> inline void fetch(Vector<T, V>& to, const T* from, u32 step) {
  if constexpr (V == 1) {
    to.at[0] = *from;
  } else if (step) {
    to = load_vector<V>(from);
  } else {
    const T one = *from;
#pragma unroll
    for (int i = 0; i < V; ++i) to.at[i] = one;
  }
}
