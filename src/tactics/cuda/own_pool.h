#pragma once
#include "tactics/cuda/own.h"

namespace tenon::core::cuda::own {

#include "kernels/cuda/pool_args.cu"

/// What pool.cu is compiled for, and its arguments.
struct PoolPlan {
  PoolArgs args{};
  DType type = DType::none;
  PoolKind kind = PoolKind::max;
  bool channels_last = false, indices = false;
  int vector = 1;
  bool clusters = false;           // blocks may come in clusters
  int window_h = 0, window_w = 0;  // compiled in; 0: not
  KernelText text() const;
};

}  // namespace tenon::core::cuda::own
