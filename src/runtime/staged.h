#pragma once
#include "devices/device.h"

namespace tenon::core {

/// Runs a host executable on values that lie in device memory: copies them there and back. For the rare shape that no kernel
/// of the device takes.
std::shared_ptr<const Executable> staged(std::shared_ptr<const Executable> host, const Problem&, const Offer&, Device&);

}  // namespace tenon::core
