#pragma once
#include "tactics/cuda/own.h"

namespace tenon::core::cuda::own {

#include "kernels/cuda/depthwise_args.cu"

/// What depthwise.cu is compiled for, and its arguments. `fixed`: the kernel's size is compiled in.
struct DepthwisePlan {
  DepthwiseArgs args{};
  DType type = DType::none, bias = DType::none;
  bool fixed = false;
  int vector = 1, tile = 1;
  std::string activation = "ACTIVATION(x)=(x)";
  KernelText text() const;
};

}  // namespace tenon::core::cuda::own
