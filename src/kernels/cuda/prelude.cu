// Comes before every kernel. No header of a toolkit is read: half types and what is done with them are defined here.
typedef signed char i8;
typedef short i16;
typedef int i32;
typedef long long i64;
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
struct f16 { u16 bits; };
struct bf16 { u16 bits; };

// Integers of less than a byte take one byte in memory: a type of their own, so that writes wrap.
struct i4 { i8 value; };
struct u4 { u8 value; };
struct i2 { i8 value; };
struct u2 { u8 value; };

template <class A, class B> constexpr bool same_type = false;
template <class A> constexpr bool same_type<A, A> = true;

// The type that elements are computed in: float for floats up to 32 bits, double, u64, i64 for all other integers and bool.
template <class T> struct ComputeOf { typedef i64 type; };
template <> struct ComputeOf<f16> { typedef float type; };
template <> struct ComputeOf<bf16> { typedef float type; };
template <> struct ComputeOf<float> { typedef float type; };
template <> struct ComputeOf<double> { typedef double type; };
template <> struct ComputeOf<u64> { typedef u64 type; };
template <class T> using Compute = typename ComputeOf<T>::type;
template <class C> constexpr bool is_real = same_type<C, float> || same_type<C, double>;

// ---- conversions -----------------------------------------------------------------------------------------------------

inline float to_float(f16 x) {
  float y;
  asm("cvt.f32.f16 %0, %1;" : "=f"(y) : "h"(x.bits));
  return y;
}
inline float to_float(bf16 x) { return __uint_as_float(u32(x.bits) << 16); }
inline f16 to_f16(float x) {
  f16 y;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(y.bits) : "f"(x));
  return y;
}
inline bf16 to_bf16(float x) {
  bf16 y;
#if __CUDA_ARCH__ >= 800
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(y.bits) : "f"(x));
#else
  const u32 bits = __float_as_uint(x);
  y.bits = x != x ? u16(0x7fff) : u16((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
#endif
  return y;
}
// A float that rounds to every narrower type as the double does: the last bit tells that bits were lost.
inline float round_to_odd(double x) {
  const float toward_zero = __double2float_rz(x);
  if (double(toward_zero) == x || x != x || isinf(x)) return toward_zero;
  return __uint_as_float(__float_as_uint(toward_zero) | 1);
}

// What does not fit 64 bits gives the lowest value; what fits them wraps.
template <class F> inline u64 truncate(F x, bool to_u64) {
  const F two63 = F(9223372036854775808.0);
  if (x >= -two63 && x < two63) return u64(i64(x));
  if (to_u64 && x >= two63 && x < 2 * two63) return u64(x);
  return u64(1) << 63;
}
template <class F> inline i32 truncate_to_i32(F x) {
  return x > F(-2147483649.0) && x < F(2147483648.0) ? i32(x) : i32(0x80000000u);
}

template <class T> struct Element;  // get: memory to compute type; put: compute type to memory
#define INTEGER_ELEMENT(T)                                                                 \
  template <> struct Element<T> {                                                          \
    static Compute<T> get(T x) { return Compute<T>(x); }                                   \
    template <class C> static T put(C x) {                                                 \
      if constexpr (is_real<C>) return T(truncate(x, same_type<T, u64>));                  \
      else return T(x);                                                                    \
    }                                                                                      \
  };
INTEGER_ELEMENT(i8) INTEGER_ELEMENT(i16) INTEGER_ELEMENT(i64) INTEGER_ELEMENT(u8) INTEGER_ELEMENT(u16) INTEGER_ELEMENT(u32)
INTEGER_ELEMENT(u64)
template <> struct Element<i32> {
  static i64 get(i32 x) { return x; }
  template <class C> static i32 put(C x) {
    if constexpr (is_real<C>) return truncate_to_i32(x);
    else return i32(x);
  }
};
template <> struct Element<bool> {
  static i64 get(bool x) { return x; }
  template <class C> static bool put(C x) { return x != C(0); }
};
#define SMALL_ELEMENT(T, BITS, SIGNED)                                                     \
  template <> struct Element<T> {                                                          \
    static i64 get(T x) { return x.value; }                                                \
    template <class C> static T put(C x) {                                                 \
      const i32 low = i32(Element<i64>::put(x)) & ((1 << BITS) - 1);                       \
      T y;                                                                                 \
      y.value = SIGNED && (low >> (BITS - 1)) ? low - (1 << BITS) : low;                   \
      return y;                                                                            \
    }                                                                                      \
  };
SMALL_ELEMENT(i4, 4, true) SMALL_ELEMENT(u4, 4, false) SMALL_ELEMENT(i2, 2, true) SMALL_ELEMENT(u2, 2, false)
template <> struct Element<float> {
  static float get(float x) { return x; }
  template <class C> static float put(C x) { return float(x); }
};
template <> struct Element<double> {
  static double get(double x) { return x; }
  template <class C> static double put(C x) { return double(x); }
};
template <class C> inline float narrowed(C x) {
  if constexpr (same_type<C, float>) return x;
  else return round_to_odd(double(x));
}
template <> struct Element<f16> {
  static float get(f16 x) { return to_float(x); }
  template <class C> static f16 put(C x) { return to_f16(narrowed(x)); }
};
template <> struct Element<bf16> {
  static float get(bf16 x) { return to_float(x); }
  template <class C> static bf16 put(C x) { return to_bf16(narrowed(x)); }
};

// One compute type to another, as if the value were read from memory of the first and written to the second.
template <class C, class From> inline C convert(From x) {
  if constexpr (same_type<C, From>) return x;
  else if constexpr (is_real<From> && !is_real<C>) return C(truncate(x, same_type<C, u64>));
  else return C(x);
}
// Rounds or wraps to what an element of type T can hold.
template <class T, class C> inline Compute<T> held(C x) { return Element<T>::get(Element<T>::put(x)); }

// ---- vectors of elements ---------------------------------------------------------------------------------------------

// Moves BYTES (a power of two) in the widest pieces there are; both addresses are aligned to BYTES or to 16.
template <int BYTES> inline void copy_bytes(void* to, const void* from) {
  if constexpr (BYTES >= 16) {
#pragma unroll
    for (int i = 0; i < BYTES / 16; ++i) static_cast<uint4*>(to)[i] = static_cast<const uint4*>(from)[i];
  } else if constexpr (BYTES == 8) {
    *static_cast<uint2*>(to) = *static_cast<const uint2*>(from);
  } else if constexpr (BYTES == 4) {
    *static_cast<u32*>(to) = *static_cast<const u32*>(from);
  } else if constexpr (BYTES == 2) {
    *static_cast<u16*>(to) = *static_cast<const u16*>(from);
  } else {
    *static_cast<u8*>(to) = *static_cast<const u8*>(from);
  }
}
template <class T, int V> struct alignas(sizeof(T) * V < 16 ? sizeof(T) * V : 16) Vector {
  T at[V];
};
template <int V, class T> inline Vector<T, V> load_vector(const T* from) {
  Vector<T, V> v;
  copy_bytes<sizeof(T) * V>(&v, from);
  return v;
}
template <int V, class T> inline void store_vector(T* to, const Vector<T, V>& v) { copy_bytes<sizeof(T) * V>(to, &v); }

// ---- index division --------------------------------------------------------------------------------------------------

// Division of numbers below 2^31 by a divisor known to the host.
struct Divider {
  u32 divisor, magic, shift, unused;
  u32 divide(u32 n) const { return (__umulhi(n, magic) + n) >> shift; }
};

// ---- order of kernels ------------------------------------------------------------------------------------------------

// Every kernel calls this in each of its threads. A kernel may be started while the one before it still runs: what that one
// writes can be read from here on, and what it reads overwritten.
inline void wait_for_previous() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;");
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

// ---- work of warps and blocks ----------------------------------------------------------------------------------------

struct Sum {
  template <class C> static C join(C a, C b) { return a + b; }
};
// NaN if either is.
struct Larger {
  template <class C> static C join(C a, C b) { return a != a || a > b ? a : b; }
};
struct Smaller {
  template <class C> static C join(C a, C b) { return a != a || a < b ? a : b; }
};
struct Product {
  template <class C> static C join(C a, C b) { return a * b; }
};

// All threads of a group of LANES (a power of two up to 32) get the result.
template <class Fold, int LANES = 32, class C> inline C fold_warp(C x) {
#pragma unroll
  for (int step = LANES / 2; step > 0; step /= 2) x = Fold::join(x, __shfl_xor_sync(0xffffffffu, x, step));
  return x;
}
// All threads of the block get the result. `memory` holds one C per warp and may be used again after the next barrier.
template <class Fold, int THREADS, class C> inline C fold_block(C x, C* memory) {
  x = fold_warp<Fold>(x);
  if constexpr (THREADS > 32) {
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    __syncthreads();
    if (lane == 0) memory[warp] = x;
    __syncthreads();
    x = memory[0];
#pragma unroll
    for (int i = 1; i < THREADS / 32; ++i) x = Fold::join(x, memory[i]);
  }
  return x;
}
