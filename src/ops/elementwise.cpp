#include "ops/elementwise.h"

#include <cmath>
#include <limits>
#include <type_traits>

#include "base/error.h"

namespace tenon::core {
namespace {

/// 2^63; the floats below it and not below -2^63 are those that fit int64_t.
constexpr double kTwo63 = 9223372036854775808.0;

template <class T>
inline constexpr bool is_storage_float = std::is_class_v<T>;

/// A float whose rounding to any narrower type equals that of `value` itself: the last bit tells that bits were lost.
float round_to_odd(double value) {
  const float nearest = static_cast<float>(value);
  if (static_cast<double>(nearest) == value || std::isnan(value) || std::isinf(value)) return nearest;
  const bool away = std::abs(static_cast<double>(nearest)) > std::abs(value);
  float toward_zero = away ? std::nextafter(nearest, 0.0f) : nearest;
  uint32_t bits;
  std::memcpy(&bits, &toward_zero, sizeof bits);
  bits |= 1;
  std::memcpy(&toward_zero, &bits, sizeof bits);
  return toward_zero;
}

template <class Float>
uint64_t truncate(Float value, bool to_unsigned_64) {
  if (value >= -kTwo63 && value < kTwo63) return static_cast<uint64_t>(static_cast<int64_t>(value));
  if (to_unsigned_64 && value >= kTwo63 && value < 2 * kTwo63) return static_cast<uint64_t>(value);
  return uint64_t{1} << 63;
}

/// One element to an integer type of `bits` bits, held in I.
template <class I, int bits, class C>
I to_integer(C value) {
  if constexpr (std::is_floating_point_v<C>) {
    if constexpr (std::is_same_v<I, int32_t>) {
      if (!(value > C(-2147483649.0) && value < C(2147483648.0))) return std::numeric_limits<int32_t>::min();
    }
    return to_integer<I, bits>(truncate(value, std::is_same_v<I, uint64_t>));
  } else if constexpr (bits < 8) {
    const int low = static_cast<int>(value) & ((1 << bits) - 1);
    return static_cast<I>(std::is_signed_v<I> && (low >> (bits - 1)) ? low - (1 << bits) : low);
  } else {
    return static_cast<I>(value);
  }
}

template <class To, class C>
To to_float_type(C value, bool saturate) {
  if constexpr (std::is_floating_point_v<To>) {
    return static_cast<To>(value);
  } else if constexpr (std::is_same_v<C, float>) {
    return from_float<To>(value, saturate);
  } else {
    return from_float<To>(round_to_odd(static_cast<double>(value)), saturate);
  }
}

template <class From, class C>
void read_as(const std::byte* from, int64_t n, C* to) {
  if constexpr (std::is_same_v<From, C>) {
    std::memcpy(to, from, n * sizeof(C));
  } else {
    for (int64_t i = 0; i < n; ++i) {
      From value;
      std::memcpy(&value, from + i * sizeof(From), sizeof(From));
      if constexpr (is_storage_float<From>) {
        if constexpr (std::is_floating_point_v<C>)
          to[i] = static_cast<C>(to_float(value));
        else
          to[i] = to_integer<C, 64>(to_float(value));
      } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<C>) {
        to[i] = to_integer<C, 64>(value);
      } else {
        to[i] = static_cast<C>(value);
      }
    }
  }
}

template <class To, class C, class Convert>
void write_as(const C* from, int64_t n, std::byte* to, Convert convert) {
  for (int64_t i = 0; i < n; ++i) {
    const To value = convert(from[i]);
    std::memcpy(to + i * sizeof(To), &value, sizeof(To));
  }
}

template <class To, class C>
void write_float(const C* from, int64_t n, std::byte* to, bool saturate) {
  write_as<To>(from, n, to, [saturate](C v) { return to_float_type<To>(v, saturate); });
}

template <class To, class C, int bits = 8 * sizeof(To)>
void write_integer(const C* from, int64_t n, std::byte* to) {
  write_as<To>(from, n, to, [](C v) { return to_integer<To, bits>(v); });
}

}  // namespace

template <class C>
void read_elements(DType dtype, const std::byte* from, int64_t n, C* to) {
  switch (dtype) {
    case DType::f32:
      return read_as<float>(from, n, to);
    case DType::f64:
      return read_as<double>(from, n, to);
    case DType::f16:
      return read_as<F16>(from, n, to);
    case DType::bf16:
      return read_as<BF16>(from, n, to);
    case DType::f8e4m3fn:
      return read_as<F8E4M3FN>(from, n, to);
    case DType::f8e4m3fnuz:
      return read_as<F8E4M3FNUZ>(from, n, to);
    case DType::f8e5m2:
      return read_as<F8E5M2>(from, n, to);
    case DType::f8e5m2fnuz:
      return read_as<F8E5M2FNUZ>(from, n, to);
    case DType::f8e8m0:
      return read_as<F8E8M0>(from, n, to);
    case DType::f4e2m1:
      return read_as<F4E2M1>(from, n, to);
    case DType::i8:
    case DType::i4:
    case DType::i2:
      return read_as<int8_t>(from, n, to);
    case DType::i16:
      return read_as<int16_t>(from, n, to);
    case DType::i32:
      return read_as<int32_t>(from, n, to);
    case DType::i64:
      return read_as<int64_t>(from, n, to);
    case DType::u8:
    case DType::u4:
    case DType::u2:
      return read_as<uint8_t>(from, n, to);
    case DType::u16:
      return read_as<uint16_t>(from, n, to);
    case DType::u32:
      return read_as<uint32_t>(from, n, to);
    case DType::u64:
      return read_as<uint64_t>(from, n, to);
    case DType::boolean:
      for (int64_t i = 0; i < n; ++i) to[i] = static_cast<C>(from[i] != std::byte{0});
      return;
    default:
      fail(ErrorCode::internal, "read_elements: {} is not a number type", to_string(dtype));
  }
}

template <class C>
void write_elements(DType dtype, const C* from, int64_t n, std::byte* to, bool saturate) {
  switch (dtype) {
    case DType::f32:
      return write_float<float>(from, n, to, saturate);
    case DType::f64:
      return write_float<double>(from, n, to, saturate);
    case DType::f16:
      return write_float<F16>(from, n, to, saturate);
    case DType::bf16:
      return write_float<BF16>(from, n, to, saturate);
    case DType::f8e4m3fn:
      return write_float<F8E4M3FN>(from, n, to, saturate);
    case DType::f8e4m3fnuz:
      return write_float<F8E4M3FNUZ>(from, n, to, saturate);
    case DType::f8e5m2:
      return write_float<F8E5M2>(from, n, to, saturate);
    case DType::f8e5m2fnuz:
      return write_float<F8E5M2FNUZ>(from, n, to, saturate);
    case DType::f8e8m0:
      return write_float<F8E8M0>(from, n, to, saturate);
    case DType::f4e2m1:
      return write_float<F4E2M1>(from, n, to, saturate);
    case DType::i8:
      return write_integer<int8_t>(from, n, to);
    case DType::i16:
      return write_integer<int16_t>(from, n, to);
    case DType::i32:
      return write_integer<int32_t>(from, n, to);
    case DType::i64:
      return write_integer<int64_t>(from, n, to);
    case DType::u8:
      return write_integer<uint8_t>(from, n, to);
    case DType::u16:
      return write_integer<uint16_t>(from, n, to);
    case DType::u32:
      return write_integer<uint32_t>(from, n, to);
    case DType::u64:
      return write_integer<uint64_t>(from, n, to);
    case DType::i4:
      return write_integer<int8_t, C, 4>(from, n, to);
    case DType::u4:
      return write_integer<uint8_t, C, 4>(from, n, to);
    case DType::i2:
      return write_integer<int8_t, C, 2>(from, n, to);
    case DType::u2:
      return write_integer<uint8_t, C, 2>(from, n, to);
    case DType::boolean:
      return write_as<uint8_t>(from, n, to, [](C v) { return uint8_t(v != C(0)); });
    default:
      fail(ErrorCode::internal, "write_elements: {} is not a number type", to_string(dtype));
  }
}

template void read_elements(DType, const std::byte*, int64_t, float*);
template void read_elements(DType, const std::byte*, int64_t, double*);
template void read_elements(DType, const std::byte*, int64_t, int64_t*);
template void read_elements(DType, const std::byte*, int64_t, uint64_t*);
template void write_elements(DType, const float*, int64_t, std::byte*, bool);
template void write_elements(DType, const double*, int64_t, std::byte*, bool);
template void write_elements(DType, const int64_t*, int64_t, std::byte*, bool);
template void write_elements(DType, const uint64_t*, int64_t, std::byte*, bool);
template void write_elements(DType, const bool*, int64_t, std::byte*, bool);

BroadcastView::BroadcastView(const Dims& dims, const Dims& out) {
  int64_t step = 1;
  std::vector<Axis> inner_first;
  for (size_t i = 0; i < out.size(); ++i) {
    const int64_t extent = out[out.size() - 1 - i];
    const int64_t own = i < dims.size() ? dims[dims.size() - 1 - i] : 1;
    const int64_t stride = own == 1 ? 0 : step;
    step *= own;
    if (extent == 1) continue;
    if (!inner_first.empty() && stride == inner_first.back().stride * inner_first.back().extent)
      inner_first.back().extent *= extent;
    else
      inner_first.push_back({extent, stride});
  }
  axes_.assign(inner_first.rbegin(), inner_first.rend());
}

int64_t BroadcastView::offset(int64_t index) const {
  int64_t offset = 0;
  for (size_t i = axes_.size(); i-- > 0;) {
    offset += index % axes_[i].extent * axes_[i].stride;
    index /= axes_[i].extent;
  }
  return offset;
}

void for_strips(Threads& threads, int64_t count, FunctionRef<void(int64_t begin, int64_t n)> body) {
  constexpr int64_t kGrain = 8 * kStrip;
  threads.parallel_ranges(count, kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end; at += kStrip) body(at, std::min(kStrip, end - at));
  });
}

}  // namespace tenon::core
