#pragma once
#include "tactics/cuda/own.h"

namespace tenon::core::cuda::own {

#include "kernels/cuda/squeeze_args.cu"

/// What squeeze.cu is compiled for, and its arguments.
struct SqueezePlan {
  SqueezeArgs args{};
  DType type = DType::none, first_bias = DType::none, second_bias = DType::none;
  int vector = 1;
  bool clusters = false, held = false, held_x = false;
  std::string inner = "ACTIVATION_1(x)=(x)", outer = "ACTIVATION_2(x)=(x)";
  int64_t shared_bytes() const;
  /// Shares an image among `parts` of its channels and `slices` of its pixels, and keeps in shared memory what fits `most` bytes.
  void share(int parts, int slices, int64_t most);
  KernelText text() const;
};

}  // namespace tenon::core::cuda::own
