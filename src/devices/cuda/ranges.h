#pragma once
#include "devices/device.h"

namespace tenon::core::cuda {

/// NVTX ranges of the domain "Tenon"; null unless a profiler (nsys, ncu) injects itself into this process, or where NVTX was
/// not there when this library was built.
ProfilerRanges* profiler_ranges();

}  // namespace tenon::core::cuda
