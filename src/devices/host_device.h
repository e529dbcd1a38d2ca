#pragma once
#include "devices/device.h"

namespace tenon::core {

/// This machine's processor, as the device `cpu` or `null`. `threads` 0: all cores that this process may use.
std::shared_ptr<Device> host_device(std::string kind, int threads);

}  // namespace tenon::core
