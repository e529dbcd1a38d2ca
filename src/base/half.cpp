#include "base/half.h"

#include <array>
#include <bit>
#include <cmath>
#include <limits>

namespace tenon::core {
namespace {

constexpr uint32_t kSign = 0x80000000u;
constexpr uint32_t kInfinity = 0x7f800000u;

uint32_t bits_of(float value) { return std::bit_cast<uint32_t>(value); }
bool is_nan_bits(uint32_t magnitude) { return magnitude > kInfinity; }

/// value >> shift, rounded to nearest, ties to even.
uint32_t shift_round(uint32_t value, int shift) {
  if (shift > 31) return 0;
  uint32_t half = uint32_t{1} << (shift - 1);
  return (value + (half - 1) + ((value >> shift) & 1)) >> shift;
}

/// The magnitude bits of a float (not NaN or infinity) in a format with `Mantissa` stored bits, as if the exponent
/// field had no upper end: the caller compares the result with its largest code. All integer arithmetic, so that
/// flush-to-zero modes do not matter.
template <int Mantissa, int Bias>
uint32_t round_magnitude(uint32_t magnitude) {
  int exponent = static_cast<int>(magnitude >> 23) - 127;
  if (exponent >= 1 - Bias) return shift_round(magnitude - (uint32_t{127 - Bias} << 23), 23 - Mantissa);
  uint32_t significand = (magnitude & 0x7fffff) | 0x800000;
  return shift_round(significand, 23 - Mantissa + (1 - Bias - exponent));
}

constexpr float power_of_two(int exponent) {
  float r = 1;
  for (; exponent > 0; --exponent) r *= 2;
  for (; exponent < 0; ++exponent) r /= 2;
  return r;
}

/// What a byte format has besides finite numbers.
enum class Special { infinity, nan_all_ones, nan_negative_zero, nothing };

template <int Exponent, int Mantissa, int Bias, Special special>
struct Small {
  static constexpr int kBits = 1 + Exponent + Mantissa;
  static constexpr uint32_t kSignBit = 1u << (kBits - 1);
  static constexpr uint32_t kAllOnes = kSignBit - 1;
  static constexpr uint32_t kInfinityCode = ((1u << Exponent) - 1) << Mantissa;  // only with Special::infinity
  static constexpr uint32_t kLargest = special == Special::infinity       ? kInfinityCode - 1
                                       : special == Special::nan_all_ones ? kAllOnes - 1
                                                                          : kAllOnes;

  static constexpr float decode(uint32_t code) {
    uint32_t magnitude = code & kAllOnes;
    float sign = code & kSignBit ? -1.0f : 1.0f;
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    if (special == Special::nan_negative_zero && code == kSignBit) return nan;
    if (magnitude > kLargest) {
      bool infinite = special == Special::infinity && magnitude == kInfinityCode;
      return infinite ? sign * std::numeric_limits<float>::infinity() : nan;
    }
    int exponent = static_cast<int>(magnitude >> Mantissa);
    float fraction = static_cast<float>(magnitude & ((1u << Mantissa) - 1));
    if (exponent == 0) return sign * fraction * power_of_two(1 - Bias - Mantissa);
    return sign * (fraction + static_cast<float>(1u << Mantissa)) * power_of_two(exponent - Bias - Mantissa);
  }

  static constexpr std::array<float, 1u << kBits> decode_all() {
    std::array<float, 1u << kBits> values{};
    for (uint32_t code = 0; code < values.size(); ++code) values[code] = decode(code);
    return values;
  }

  static uint8_t encode(float value, bool saturate) {
    uint32_t bits = bits_of(value);
    uint32_t magnitude = bits & ~kSign;
    uint32_t sign = bits & kSign ? kSignBit : 0;
    if (is_nan_bits(magnitude)) return nan_code(sign);
    uint32_t code = magnitude == kInfinity ? kLargest + 1 : round_magnitude<Mantissa, Bias>(magnitude);
    if (code > kLargest) return saturate ? sign | kLargest : overflow_code(sign);
    if (special == Special::nan_negative_zero && code == 0) return 0;
    return static_cast<uint8_t>(sign | code);
  }

 private:
  static uint8_t nan_code(uint32_t sign) {
    switch (special) {
      case Special::infinity:
      case Special::nan_all_ones:
        return static_cast<uint8_t>(sign | kAllOnes);
      case Special::nan_negative_zero:
        return kSignBit;
      case Special::nothing:
        break;
    }
    return kSignBit;  // no NaN in the format: negative zero stands for it
  }
  static uint8_t overflow_code(uint32_t sign) {
    if (special == Special::infinity) return static_cast<uint8_t>(sign | kInfinityCode);
    if (special == Special::nothing) return static_cast<uint8_t>(sign | kLargest);
    return nan_code(sign);
  }
};

using E4M3FN = Small<4, 3, 7, Special::nan_all_ones>;
using E4M3FNUZ = Small<4, 3, 8, Special::nan_negative_zero>;
using E5M2 = Small<5, 2, 15, Special::infinity>;
using E5M2FNUZ = Small<5, 2, 16, Special::nan_negative_zero>;
using E2M1 = Small<2, 1, 1, Special::nothing>;

template <class Format>
constexpr auto kDecoded = Format::decode_all();

}  // namespace

float to_float(F16 half) {
  uint32_t sign = static_cast<uint32_t>(half.bits & 0x8000) << 16;
  uint32_t exponent = (half.bits >> 10) & 31;
  uint32_t mantissa = half.bits & 0x3ff;
  if (exponent == 31) {
    uint32_t quiet = mantissa ? 0x400000 : 0;
    return std::bit_cast<float>(sign | kInfinity | quiet | (mantissa << 13));
  }
  if (exponent == 0) {
    if (mantissa == 0) return std::bit_cast<float>(sign);
    int shift = std::countl_zero(mantissa) - 21;  // brings the leading one to bit 10
    mantissa = (mantissa << shift) & 0x3ff;
    exponent = static_cast<uint32_t>(1 - shift);
  }
  return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (mantissa << 13));
}

float to_float(BF16 value) { return std::bit_cast<float>(static_cast<uint32_t>(value.bits) << 16); }
float to_float(F8E4M3FN value) { return kDecoded<E4M3FN>[value.bits]; }
float to_float(F8E4M3FNUZ value) { return kDecoded<E4M3FNUZ>[value.bits]; }
float to_float(F8E5M2 value) { return kDecoded<E5M2>[value.bits]; }
float to_float(F8E5M2FNUZ value) { return kDecoded<E5M2FNUZ>[value.bits]; }
float to_float(F4E2M1 value) { return kDecoded<E2M1>[value.bits & 15]; }

float to_float(F8E8M0 value) {
  if (value.bits == 255) return std::numeric_limits<float>::quiet_NaN();
  if (value.bits == 0) return std::bit_cast<float>(uint32_t{0x400000});  // 2^-127
  return std::bit_cast<float>(static_cast<uint32_t>(value.bits) << 23);
}

template <>
F16 from_float<F16>(float value, bool) {
  uint32_t bits = bits_of(value);
  uint32_t magnitude = bits & ~kSign;
  uint16_t sign = static_cast<uint16_t>((bits & kSign) >> 16);
  if (is_nan_bits(magnitude)) return F16{static_cast<uint16_t>(sign | 0x7e00 | ((magnitude >> 13) & 0x3ff))};
  uint32_t code = magnitude == kInfinity ? 0x7c00 : round_magnitude<10, 15>(magnitude);
  return F16{static_cast<uint16_t>(sign | (code > 0x7c00 ? 0x7c00 : code))};
}

template <>
BF16 from_float<BF16>(float value, bool) {
  uint32_t bits = bits_of(value);
  if (is_nan_bits(bits & ~kSign)) return BF16{static_cast<uint16_t>((bits >> 16) | 0x40)};
  return BF16{static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16)};
}

template <>
F8E4M3FN from_float<F8E4M3FN>(float value, bool saturate) {
  return F8E4M3FN{E4M3FN::encode(value, saturate)};
}
template <>
F8E4M3FNUZ from_float<F8E4M3FNUZ>(float value, bool saturate) {
  return F8E4M3FNUZ{E4M3FNUZ::encode(value, saturate)};
}
template <>
F8E5M2 from_float<F8E5M2>(float value, bool saturate) {
  return F8E5M2{E5M2::encode(value, saturate)};
}
template <>
F8E5M2FNUZ from_float<F8E5M2FNUZ>(float value, bool saturate) {
  return F8E5M2FNUZ{E5M2FNUZ::encode(value, saturate)};
}
template <>
F4E2M1 from_float<F4E2M1>(float value, bool) {
  return F4E2M1{E2M1::encode(value, true)};
}

F8E8M0 to_e8m0(float value, bool saturate, E8M0Round mode) {
  constexpr uint32_t kLargest = 254, kNaN = 255;
  uint32_t magnitude = bits_of(value) & ~kSign;
  if (is_nan_bits(magnitude)) return F8E8M0{kNaN};
  if (magnitude == kInfinity) return F8E8M0{static_cast<uint8_t>(saturate ? kLargest : kNaN)};
  if (magnitude == 0 && !saturate) return F8E8M0{kNaN};
  uint32_t exponent = magnitude >> 23;
  uint32_t mantissa = magnitude & 0x7fffff;
  // Exponent 0 stands for 2^-127, whose float is the subnormal 0x400000.
  uint32_t one = exponent == 0 ? 0x400000 : 0;
  bool above = mantissa > one;
  bool upper_half = exponent == 0 ? mantissa >= 0x600000 : mantissa >= 0x400000;
  if (mode == E8M0Round::up ? above : mode == E8M0Round::nearest && upper_half) ++exponent;
  if (exponent > kLargest) exponent = saturate ? kLargest : kNaN;
  return F8E8M0{static_cast<uint8_t>(exponent)};
}

template <>
F8E8M0 from_float<F8E8M0>(float value, bool saturate) {
  return to_e8m0(value, saturate, E8M0Round::nearest);
}

}  // namespace tenon::core
