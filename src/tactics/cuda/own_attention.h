#pragma once
#include "tactics/cuda/own.h"

namespace tenon::core::cuda::own {

#include "kernels/cuda/attention_args.cu"

/// What flash_attention.cu (`flash`) or attention_rows.cu is compiled for, and its arguments.
struct AttentionPlan {
  AttentionArgs args{};
  DType type = DType::none, mask = DType::none, sink = DType::none;
  bool flash = false;
  bool precise = false;  // f32 as three products of TF32
  int warps = 4, tiles = 1, pieces = 1, keys = 64, vector = 1;  // see flash_attention.cu
  bool mask_rows = true;
  int mask_vector = 1;
  int64_t batch = 1;
  int padded_depth() const { return (args.depth + 15) / 16 * 16; }
  int padded_width() const { return (args.width + 15) / 16 * 16; }
  int threads() const { return warps * pieces * 32; }
  int block_queries() const { return flash ? warps * tiles * 16 : warps; }
  int stages() const;
  int64_t shared_bytes() const;
  KernelText text() const;

 private:
  int64_t stage_bytes() const { return int64_t{keys} * pieces * ((padded_depth() + padded_width()) * size_of(type) + 32); }
};

}  // namespace tenon::core::cuda::own
