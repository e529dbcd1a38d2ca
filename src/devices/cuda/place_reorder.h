#pragma once
#include "devices/device.h"

namespace tenon::core::cuda {

/// Moves a value between formats, from device to device by a kernel, between places by a copy with a kernel on the device's
/// side where layout or storage change too.
std::shared_ptr<const Executable> place_reorder(DType, const Dims&, const Format& from, const Format& to);

}  // namespace tenon::core::cuda
