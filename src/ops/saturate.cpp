#include "ops/saturate.h"

#include <algorithm>
#include <cmath>

namespace tenon::core {

IntegerRange integer_range(DType dtype) {
  switch (dtype) {
    case DType::i2:
      return {-2, 1};
    case DType::u2:
      return {0, 3};
    case DType::i4:
      return {-8, 7};
    case DType::u4:
      return {0, 15};
    case DType::i8:
      return {-128, 127};
    case DType::u8:
      return {0, 255};
    case DType::i16:
      return {-32768, 32767};
    case DType::u16:
      return {0, 65535};
    case DType::i32:
      return {-2147483648.0, 2147483647.0};
    case DType::u32:
      return {0, 4294967295.0};
    case DType::u64:
      return {0, 9223372036854774784.0};  // the largest double below 2^63
    default:
      return {-9223372036854775808.0, 9223372036854774784.0};
  }
}

namespace {

template <class T>
void saturate_all(DType dtype, std::span<T> values) {
  const auto [low, high] = integer_range(dtype);
  for (T& v : values) {
    const double r = std::nearbyint(static_cast<double>(v));
    v = static_cast<T>(std::isnan(r) ? 0 : std::clamp(r, low, high));
  }
}

}  // namespace

void saturate(DType integer, std::span<float> values) { saturate_all(integer, values); }
void saturate(DType integer, std::span<double> values) { saturate_all(integer, values); }

}  // namespace tenon::core
