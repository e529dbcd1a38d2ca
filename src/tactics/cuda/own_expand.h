#pragma once
#include "tactics/cuda/own.h"

namespace tenon::core::cuda::own {

#include "kernels/cuda/expand_args.cu"

/// What expand.cu is compiled for, and its arguments.
struct ExpandPlan {
  ExpandArgs args{};
  int64_t images = 1;
  DType type = DType::none;
  int line = 0;  // elements of x for a pixel; 0: no 1x1 convolution
  int channels = 32, tile_h = 7, tile_w = 7;  // of a block
  int kernel_h = 1, kernel_w = 1, stride_h = 1, stride_w = 1;
  bool tensor_cores = false;
  std::string inner = "ACTIVATION_1(x)=(x)", outer = "ACTIVATION_2(x)=(x)";
  int threads() const;
  int run() const { return tile_w % 8 == 0 ? 8 : tile_w % 7 == 0 ? 7 : tile_w; }
  /// Rows and columns of the convolution's input that a block sees.
  int rows() const { return (tile_h - 1) * stride_h + kernel_h; }
  int columns() const { return (tile_w - 1) * stride_w + kernel_w; }
  int64_t pixels() const;  // of the image that a block may see
  int64_t blocks() const;
  int64_t shared_bytes() const;
  KernelText text() const;
};

}  // namespace tenon::core::cuda::own
