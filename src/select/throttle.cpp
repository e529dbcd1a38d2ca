#include "select/throttle.h"

#include <algorithm>

#include "devices/nvml.h"

namespace tenon::core {
namespace {

constexpr auto kPeriod = std::chrono::milliseconds(20);

}  // namespace

HeldDown clocks_held_down(const Device& device) {
  const std::string address = device.address();
  if (address.empty()) return [] { return false; };
  return [address] {
    const auto limits = nvml().state(address).limits;
    return std::any_of(limits.begin(), limits.end(), [](const std::string& limit) { return limit != "idle" && limit != "clock setting"; });
  };
}

bool Throttle::acts() {
  const auto now = std::chrono::steady_clock::now();
  if (now - asked_ < kPeriod) return acts_;
  asked_ = now;
  return acts_ = held_down_();
}

}  // namespace tenon::core
