#pragma once
#include <cstdint>

namespace tenon::core::cpu {

/// One head: to = x with its pairs turned by the angles whose cosines and sines are given. Pairs are (i, i + half), or
/// (2i, 2i + 1) when interleaved; elements from 2 * half on are copied. `to` may be x.
struct RotaryHead {
  const float *x, *cosines, *sines;
  int64_t half, size;
  bool interleaved;
  float* to;
};
void turn_head(const RotaryHead&);

}  // namespace tenon::core::cpu
