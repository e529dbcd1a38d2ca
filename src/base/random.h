#pragma once
#include <cstdint>

namespace tenon::core {

/// The constants and the finish of splitmix64.
inline constexpr uint64_t kRandomStep = 0x9e3779b97f4a7c15;
inline uint64_t mix_bits(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

/// splitmix64: the next number of the sequence that `state` stands in; the same on every machine.
inline uint64_t next_random(uint64_t& state) { return mix_bits(state += kRandomStep); }

}  // namespace tenon::core
