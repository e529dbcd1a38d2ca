#pragma once
#include <chrono>
#include <functional>

#include "devices/device.h"

namespace tenon::core {

/// Whether power or heat holds a device's clocks down now.
using HeldDown = std::function<bool()>;
/// As NVML tells, which takes about a millisecond; never for the host.
HeldDown clocks_held_down(const Device&);

/// Asks now and then, so that asking after each of many short measurements costs little.
class Throttle {
 public:
  explicit Throttle(const HeldDown& held_down) : held_down_(held_down) {}
  bool acts();

 private:
  const HeldDown& held_down_;
  std::chrono::steady_clock::time_point asked_{};
  bool acts_ = false;
};

}  // namespace tenon::core
