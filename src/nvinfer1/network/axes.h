#pragma once
#include "nvinfer1/network/lowering.h"

namespace tenon::adapter {

/// The axes of a bit mask, in the graph's numbering; fails when one is not below `rank`.
std::vector<int64_t> axes_of(const Lowering&, uint32_t mask, int rank);
/// The only axis of a mask.
int64_t single_axis(const Lowering&, uint32_t mask, int rank);

}  // namespace tenon::adapter
