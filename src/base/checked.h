#pragma once
#include <cstdint>
#include <span>

#include "base/error.h"

namespace tenon::core {

/// Sizes come from files and users: every product and sum of them goes through these.
inline int64_t checked_mul(int64_t a, int64_t b) {
  int64_t r;
  if (__builtin_mul_overflow(a, b, &r)) fail(ErrorCode::too_large, "the product {} * {} does not fit in 64 bits", a, b);
  return r;
}
inline int64_t checked_add(int64_t a, int64_t b) {
  int64_t r;
  if (__builtin_add_overflow(a, b, &r)) fail(ErrorCode::too_large, "the sum {} + {} does not fit in 64 bits", a, b);
  return r;
}
inline int64_t checked_product(std::span<const int64_t> dims) {
  int64_t r = 1;
  for (int64_t d : dims) r = checked_mul(r, d);
  return r;
}
inline int64_t round_up(int64_t value, int64_t multiple) {
  return checked_add(value, multiple - 1) / multiple * multiple;
}

}  // namespace tenon::core
