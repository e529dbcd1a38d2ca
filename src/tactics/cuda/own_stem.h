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
  int input_vector = 1, lead = 0;  // see stem.cu
  std::string activation = "ACTIVATION(x)=(x)";
  /// Of a kernel as k counts them; those from shift() on are its own.
  int columns() const;
  int shift() const { return stride % 2 == 0 ? lead % 2 : 0; }
  int taps() const { return channels * kernel_h * columns(); }
  /// Elements of one filter in memory.
  int64_t line() const { return (taps() + 15) / 16 * 16 + 8; }
  /// How rows of x are loaded, for images so wide with so many columns of padding. Comes last.
  void load_rows(int width, int pad);
  /// Weights in the order of k.
  void arrange(std::span<const float> from, std::span<float> to) const;
  int64_t shared_bytes() const;
  int64_t tiles() const;
  KernelText text() const;
};

}  // namespace tenon::core::cuda::own
