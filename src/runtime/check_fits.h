#pragma once
#include "runtime/program.h"

namespace tenon::core {

/// Fails where `bytes` more of the device's memory, which `what` needs, are not free: names needed, free and held.
void check_fits(const Device&, int64_t bytes, const std::string& what);
/// Bytes of the weights in the formats that the chosen kernels read, where those are on the device.
int64_t weight_bytes_on_device(const Graph&, const Choices&);

}  // namespace tenon::core
