#pragma once
#include <string>

#include "tactics/tactic.h"

namespace tenon::core {

/// Resolves "auto", "cpu", "null", "cuda", "cuda:1" to what this machine has; fails with no_device saying what is missing.
DeviceInfo find_device(const std::string& name, int threads);

}  // namespace tenon::core
