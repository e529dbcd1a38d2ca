#pragma once
#include "tactics/cuda/own.h"

namespace tenon::core::cuda::own {

#include "kernels/cuda/gemm_args.cu"

/// How gemm.cu multiplies: sums of products, tensor cores out of registers, or warpgroups out of shared memory (compute capability
/// 9.0 alone; 16-bit types whose lines are along k).
enum class Multiplier { plain, tensor_cores, warpgroups };

/// The shape of the tiles of gemm.cu. In a Config: "bm", "bn", "split", "warpgroups"; or "skinny" (the rows of a block of skinny.cu),
/// "split".
struct GemmTile {
  int bm = 0, bn = 0, warps_m = 0, warps_n = 0, stages = 0;
  int threads() const { return warps_m * warps_n * 32; }
};
/// Nothing when no kernel of gemm.cu has this shape.
std::optional<GemmTile> find_tile(Multiplier, int64_t bm, int64_t bn);

/// What a kernel is compiled for, and its arguments.
struct GemmPlan {
  GemmArgs args{};
  int64_t batch = 1;  // of z, without the pieces of k
  DType type = DType::none, output = DType::none, bias = DType::none;
  bool conv = false, tensor_cores = false, warpgroups = false;
  bool a_lines_are_k = false, b_lines_are_k = false;
  bool b_constant = false;
  bool early_residual = false;
  int skinny = 0;        // rows of a block of skinny.cu, which then runs instead of gemm.cu
  bool cluster = false;  // the pieces of k are added up inside the kernel
  int a_vector = 1, b_vector = 1, y_vector = 1;
  std::string activation = "ACTIVATION(x)=(x)";
  GemmTile tile;

  int bk() const { return static_cast<int>((tensor_cores ? 128 : 64) / size_of(type)); }
  int64_t shared_bytes() const;
  Launch launch() const;
  KernelText text() const;
  /// Sets the pieces of k, and whether a cluster of blocks adds them up.
  void split_into(int64_t pieces, int compute);
  /// Comes last: `constant`: b is in `weights`; chooses whether the residual is loaded before the products are there.
  void settle(bool constant, bool has_residual);

 private:
  KernelText skinny_text() const;
};

/// Configs worth measuring for a product of about this size, best guess first. `constant_b`: a is a matrix of lines along k,
/// and b one that `weights` holds; `along_k`: the lines of both are along k.
std::vector<Config> gemm_configs(const Problem&, DType type, int64_t batch, int64_t m, int64_t n, int64_t k, bool constant_b, bool along_k);
/// Sets the kernel that a Config stands for; false, with a sentence, where there is none. Comes after the arguments.
bool choose_kernel(GemmPlan&, const Config&, const Problem&, std::string& why);

/// Runs `plan`, with `weights` as b when they are not null. Inputs of the node: a, b, bias, residual.
std::shared_ptr<const Executable> make_gemm(const PrepareContext&, const GemmPlan&, std::shared_ptr<const DeviceBuffer> weights,
                                            std::string& why);

}  // namespace tenon::core::cuda::own
