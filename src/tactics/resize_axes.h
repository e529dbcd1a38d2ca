#pragma once
#include "ops/resize_axis.h"
#include "tactics/tactic.h"

namespace tenon::core {

/// False, with a sentence, when the numbers of a resize are known only at run time, or it keeps the aspect ratio or crops.
bool has_known_scales(const Problem&, std::string& why);
/// Every axis of the tensor, resized or not.
std::vector<ResizeAxis> resize_axes(const Problem&, const Dims& in, const Dims& out);

}  // namespace tenon::core
