#pragma once
#include <cstdint>

#include "base/threads.h"

namespace tenon::core::cpu {

enum class ScanElement { f32, f64, i32, i64 };

/// Running sums or products along the middle one of three dense loops. f32 is accumulated in f64; integers wrap.
struct ScanSpec {
  ScanElement element = ScanElement::f32;
  bool product = false;
  bool exclusive = false;  // without the element itself
  bool reverse = false;    // from the last element
  int64_t outer = 1, count = 1, inner = 1;
};

/// y may be x.
void scan(const ScanSpec&, const void* x, void* y, Threads&);

}  // namespace tenon::core::cpu
