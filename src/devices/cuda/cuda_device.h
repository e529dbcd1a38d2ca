#pragma once
#include "devices/device.h"

namespace tenon::core::cuda {

/// The GPUs that the driver shows and Tenon supports (sm_75 and newer); why there is none otherwise.
std::vector<DeviceInfo> list_devices(std::string& why);
std::shared_ptr<Device> open_device(DeviceInfo info, int threads);

}  // namespace tenon::core::cuda
