#pragma once
#include "tactics/cuda/own.h"

namespace tenon::core::cuda::own {

#include "kernels/cuda/stem_args.cu"

/// What stem.cu is compiled for, and its arguments.
struct StemPlan {
  StemArgs args{};
  DType input = DType::none, type = DType::none, bias = DType::none;
  int channels = 0, kernel_h = 0, kernel_w = 0, stride = 0;
  int bn = 0, tile_h = 0, tile_w = 0, warps = 0;
  std::string activation = "ACTIVATION(x)=(x)";
  int taps() const { return channels * kernel_h * kernel_w; }
  /// Elements of one filter in memory.
  int64_t line() const { return (taps() + 15) / 16 * 16 + 8; }
  int64_t shared_bytes() const;
  int64_t tiles() const;
  KernelText text() const;
};

}  // namespace tenon::core::cuda::own
