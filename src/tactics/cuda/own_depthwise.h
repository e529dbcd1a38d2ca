#pragma once
#include "tactics/cuda/own.h"

namespace tenon::core::cuda::own {

#include "kernels/cuda/depthwise_args.cu"

/// What depthwise.cu is compiled for, and its arguments. `fixed`: the kernel's size is compiled in.
struct DepthwisePlan {
  DepthwiseArgs args{};
  int64_t images = 1;
  DType type = DType::none, bias = DType::none;
  bool fixed = false;
  int vector = 1, tile = 1, walk = 1;
  int lanes = 1, columns = 1, rows = 1;  // of a block
  std::string activation = "ACTIVATION(x)=(x)";
  int threads() const { return lanes * columns * rows; }
  int64_t blocks() const;
  KernelText text() const;
  /// Chooses `lanes`, `columns` and `rows` for blocks of about so many threads, from what is known of all shapes.
  void shape_block(int threads);
};

}  // namespace tenon::core::cuda::own
