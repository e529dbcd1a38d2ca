#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/threads.h"

namespace tenon::core::cpu {

/// One axis of a dense f32 array [outer, in, inner] resampled to [outer, out, inner]:
///   y[a, o, c] = sum over t of weight[t][o] * x[a, index[t][o], c]
struct ResampleAxis {
  int64_t outer = 1, in = 1, out = 1, inner = 1, taps = 1;
  std::vector<int32_t> index;  // [taps][out], in [0, in)
  std::vector<float> weight;   // [taps][out]
};
void resample(const ResampleAxis&, const float* x, float* y, Threads&);

/// y[o0, o1, ...] = the block of x at offsets[0][o0] + offsets[1][o1] + ..., all in bytes; outermost axis first.
struct PickBlocks {
  std::vector<std::vector<int64_t>> offsets;
  int64_t block = 1;
};
void pick_blocks(const PickBlocks&, const std::byte* x, std::byte* y, Threads&);

}  // namespace tenon::core::cpu
