#include <cpuid.h>
#include <immintrin.h>

#include <cstring>
#include <limits>
#include <type_traits>

#include "base/half.h"
#include "kernels/cpu/pointwise_loops.h"

namespace tenon::core::cpu {
namespace {

/// clang 14 has no name for this feature: bit 29 of ECX, leaf 1.
bool cpu_has_f16c() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid(1, &a, &b, &c, &d) && (c >> 29 & 1);
}

constexpr double kTwo63 = 9223372036854775808.0;

/// Truncates; what does not fit gives the lowest value of i32 and 64-bit types, narrower ones wrap.
template <class To, class From>
To convert(From value) {
  if constexpr (std::is_same_v<To, bool>) {
    return value != From(0);
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    if constexpr (std::is_same_v<To, int32_t>)
      return value > From(-2147483649.0) && value < From(2147483648.0) ? static_cast<int32_t>(value)
                                                                       : std::numeric_limits<int32_t>::min();
    if (value >= -kTwo63 && value < kTwo63) return static_cast<To>(static_cast<int64_t>(value));
    if (std::is_same_v<To, uint64_t> && value >= kTwo63 && value < 2 * kTwo63) return static_cast<To>(value);
    return static_cast<To>(uint64_t{1} << 63);
  } else {
    return static_cast<To>(value);
  }
}

template <class From, class To>
void cast(const StripArgs& args) {
  const auto* x = static_cast<const From*>(args.in[0]);
  auto* out = static_cast<To*>(args.out);
  for (int64_t i = 0; i < args.count; ++i) out[i] = convert<To>(x[i]);
}

template <class T, int left, int right>
void where(const StripArgs& args) {
  const auto* condition = static_cast<const bool*>(args.in[0]);
  const auto *x = static_cast<const T*>(args.in[1]), *y = static_cast<const T*>(args.in[2]);
  auto* out = static_cast<T*>(args.out);
  for (int64_t i = 0; i < args.count; ++i) {
    const T a = x[i * left], b = y[i * right];
    out[i] = condition[i] ? a : b;
  }
}

template <class Half>
void widen(const StripArgs& args) {
  const auto* x = static_cast<const Half*>(args.in[0]);
  auto* out = static_cast<float*>(args.out);
  for (int64_t i = 0; i < args.count; ++i) out[i] = to_float(x[i]);
}
template <class Half>
void narrow(const StripArgs& args) {
  const auto* x = static_cast<const float*>(args.in[0]);
  auto* out = static_cast<Half*>(args.out);
  for (int64_t i = 0; i < args.count; ++i) out[i] = from_float<Half>(x[i]);
}
template <class Half>
void round(const StripArgs& args) {
  const auto* x = static_cast<const float*>(args.in[0]);
  auto* out = static_cast<float*>(args.out);
  for (int64_t i = 0; i < args.count; ++i) out[i] = to_float(from_float<Half>(x[i]));
}

__attribute__((target("avx2,f16c"))) void widen_f16(const StripArgs& args) {
  const auto* x = static_cast<const F16*>(args.in[0]);
  auto* out = static_cast<float*>(args.out);
  int64_t i = 0;
  for (; i + 8 <= args.count; i += 8)
    _mm256_storeu_ps(out + i, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(x + i))));
  for (; i < args.count; ++i) out[i] = to_float(x[i]);
}
__attribute__((target("avx2,f16c"))) void narrow_f16(const StripArgs& args) {
  const auto* x = static_cast<const float*>(args.in[0]);
  auto* out = static_cast<F16*>(args.out);
  int64_t i = 0;
  for (; i + 8 <= args.count; i += 8)
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), _mm256_cvtps_ph(_mm256_loadu_ps(x + i), 0));
  for (; i < args.count; ++i) out[i] = from_float<F16>(x[i]);
}
__attribute__((target("avx2,f16c"))) void round_f16(const StripArgs& args) {
  const auto* x = static_cast<const float*>(args.in[0]);
  auto* out = static_cast<float*>(args.out);
  int64_t i = 0;
  for (; i + 8 <= args.count; i += 8)
    _mm256_storeu_ps(out + i, _mm256_cvtph_ps(_mm256_cvtps_ph(_mm256_loadu_ps(x + i), 0)));
  for (; i < args.count; ++i) out[i] = to_float(from_float<F16>(x[i]));
}

/// To the nearest bf16, in the low half of each number; a NaN stays one.
__attribute__((target("avx2"))) __m256i nearest_bf16(__m256 x) {
  const __m256i bits = _mm256_castps_si256(x), high = _mm256_srli_epi32(bits, 16);
  const __m256i odd = _mm256_and_si256(high, _mm256_set1_epi32(1));
  const __m256i rounded = _mm256_srli_epi32(_mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff))), 16);
  const __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(x, x, _CMP_UNORD_Q));
  return _mm256_blendv_epi8(rounded, _mm256_or_si256(high, _mm256_set1_epi32(0x40)), nan);
}
__attribute__((target("avx2"))) void widen_bf16(const StripArgs& args) {
  const auto* x = static_cast<const BF16*>(args.in[0]);
  auto* out = static_cast<float*>(args.out);
  int64_t i = 0;
  for (; i + 8 <= args.count; i += 8) {
    const __m256i low = _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(x + i)));
    _mm256_storeu_ps(out + i, _mm256_castsi256_ps(_mm256_slli_epi32(low, 16)));
  }
  for (; i < args.count; ++i) out[i] = to_float(x[i]);
}
__attribute__((target("avx2"))) void narrow_bf16(const StripArgs& args) {
  const auto* x = static_cast<const float*>(args.in[0]);
  auto* out = static_cast<BF16*>(args.out);
  int64_t i = 0;
  for (; i + 8 <= args.count; i += 8) {
    const __m256i y = nearest_bf16(_mm256_loadu_ps(x + i));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i),
                     _mm_packus_epi32(_mm256_castsi256_si128(y), _mm256_extracti128_si256(y, 1)));
  }
  for (; i < args.count; ++i) out[i] = from_float<BF16>(x[i]);
}
__attribute__((target("avx2"))) void round_bf16(const StripArgs& args) {
  const auto* x = static_cast<const float*>(args.in[0]);
  auto* out = static_cast<float*>(args.out);
  int64_t i = 0;
  for (; i + 8 <= args.count; i += 8)
    _mm256_storeu_ps(out + i, _mm256_castsi256_ps(_mm256_slli_epi32(nearest_bf16(_mm256_loadu_ps(x + i)), 16)));
  for (; i < args.count; ++i) out[i] = to_float(from_float<BF16>(x[i]));
}

}  // namespace

template <class T>
StripFunction find_cast(DType to) {
  switch (to) {
    case DType::f32:
      return cast<T, float>;
    case DType::f64:
      return cast<T, double>;
    case DType::i8:
      return cast<T, int8_t>;
    case DType::i16:
      return cast<T, int16_t>;
    case DType::i32:
      return cast<T, int32_t>;
    case DType::i64:
      return cast<T, int64_t>;
    case DType::u8:
      return cast<T, uint8_t>;
    case DType::u16:
      return cast<T, uint16_t>;
    case DType::u32:
      return cast<T, uint32_t>;
    case DType::u64:
      return cast<T, uint64_t>;
    case DType::boolean:
      return cast<T, bool>;
    default:
      return nullptr;
  }
}

template <class T>
StripFunction find_where(unsigned uniform) {
  if (uniform == 0) return where<T, 1, 1>;
  if (uniform == 2) return where<T, 0, 1>;
  if (uniform == 4) return where<T, 1, 0>;
  return uniform == 6 ? where<T, 0, 0> : nullptr;
}

StripFunction find_half(std::string_view op, DType type) {
  static const bool has_avx2 = __builtin_cpu_supports("avx2");
  static const bool has_f16c = has_avx2 && cpu_has_f16c();
  if (type == DType::f16) {
    if (op == "widen") return has_f16c ? widen_f16 : widen<F16>;
    if (op == "narrow") return has_f16c ? narrow_f16 : narrow<F16>;
    return op == "round_to" ? (has_f16c ? round_f16 : round<F16>) : nullptr;
  }
  if (op == "widen") return has_avx2 ? widen_bf16 : widen<BF16>;
  if (op == "narrow") return has_avx2 ? narrow_bf16 : narrow<BF16>;
  return op == "round_to" ? (has_avx2 ? round_bf16 : round<BF16>) : nullptr;
}

#define TENON_FIND_CONVERSIONS(T)             \
  template StripFunction find_cast<T>(DType); \
  template StripFunction find_where<T>(unsigned);
TENON_FOR_STRIP_TYPES(TENON_FIND_CONVERSIONS)
#undef TENON_FIND_CONVERSIONS

}  // namespace tenon::core::cpu
