#pragma once
#include <functional>
#include <string>

namespace tenon::core {

/// Only one process of a machine times kernels on a device at a time: held while this object lives. `waits` is called
/// every second or so meanwhile. Where no lock file can be made, nobody waits.
class DeviceTurn {
 public:
  DeviceTurn(const std::string& device, const std::function<void()>& waits);
  ~DeviceTurn();
  DeviceTurn(const DeviceTurn&) = delete;
  DeviceTurn& operator=(const DeviceTurn&) = delete;

 private:
  int fd_;
};

}  // namespace tenon::core
