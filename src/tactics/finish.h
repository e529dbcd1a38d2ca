#pragma once
#include <optional>

#include "kernels/cpu/depthwise.h"
#include "ops/conv.h"

namespace tenon::core {

/// An activation as a finish without bias and residual; nothing, with a sentence, when there is no such function.
std::optional<cpu::DepthwiseFinish> finish_of(const Activation&, std::string& why);

}  // namespace tenon::core
