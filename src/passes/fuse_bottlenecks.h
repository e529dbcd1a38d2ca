#pragma once
#include "passes/driver.h"

namespace tenon::core {

/// What lies between two of the convolutions has at least this size: smaller tensors stay in the caches anyway.
inline constexpr int64_t kLeastBottleneckBytes = 1 << 20;

/// Convolutions in a row, 1x1, depthwise, 1x1 => Fused, where one kernel computes them row by row, so that what is
/// between them never leaves the caches. See ops/bottleneck.h. Left out for devices without such a kernel.
void fuse_bottlenecks(Graph&, PassContext&);

/// The most channels that an expansion reads.
inline constexpr int64_t kMostExpansionInputs = 256;

/// A 1x1 convolution to at least twice as many channels and a depthwise one => Fused, where a GPU's kernel keeps what is between them in
/// shared memory (PassOptions::fuse_gates).
void fuse_expansions(Graph&, PassContext&);

}  // namespace tenon::core
