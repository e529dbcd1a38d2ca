#pragma once
#include "devices/device.h"

namespace tenon::core::cuda {

/// The GPUs that the driver shows and Tenon supports (sm_75 and newer); why there is none otherwise.
std::vector<DeviceInfo> list_devices(std::string& why);
std::shared_ptr<Device> open_device(DeviceInfo info, int threads);
/// The sentence for a machine whose driver is of CUDA version `driver` (12040 is 12.4; 0: none is installed).
std::string why_no_devices(int driver, const std::string& error);

}  // namespace tenon::core::cuda
