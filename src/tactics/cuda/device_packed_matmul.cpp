#include <algorithm>
#include <bit>

#include "codegen/cuda/pointwise.h"
#include "ops/matmul_quantized.h"
#include "tactics/cuda/formats.h"
#include "tactics/cuda/one_kernel.h"
#include "tactics/cuda/packed_matmul.h"
#include "tactics/cuda/support.h"

namespace tenon::core::cuda {

KernelText packed_matmul_text(DType in, DType out, DType scale, DType zero, int64_t bits) {
  return {kernel_text_packed_matmul,
          {fmt::format("-DIN={}", element_name(in)), fmt::format("-DOUT={}", element_name(out)),
           fmt::format("-DSCALE={}", element_name(scale)), fmt::format("-DZERO={}", element_name(zero)),
           fmt::format("-DBITS={}", bits)}};
}

namespace {

enum Input { kA, kWeights, kScales, kZeros, kGroups, kBias };
constexpr int64_t kRows = 4, kColumns = 4;  // ROWS of the kernel; warps of a block
constexpr int64_t kMostRows = kRows * 65535;

/// PackedArgs of the kernel.
struct Parameters {
  const void *a = nullptr, *w = nullptr, *scales = nullptr, *zeros = nullptr, *groups = nullptr, *bias = nullptr;
  void* y = nullptr;
  uint32_t m = 0, n = 0, k = 0, blocks = 0, block_shift = 0, packed_zeros = 0;
};

/// MatMulNBits: weights of 2, 4 or 8 bits are read as they are. Best for few rows, as in the decoding of language
/// models.
class DevicePackedMatMul : public Tactic {
 public:
  std::string_view name() const override { return "device_packed_matmul"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    if (!p.node().as<MatMulNBits>()) why = "not a product with packed weights";
    if (!why.empty() || !plain_tensors(p, why)) return {};
    return in_precisions_and_across({row_major_offer(p, name())}, p);
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const MatMulNBits& op = *cx.problem.node().as<MatMulNBits>();
    const Problem& problem = cx.problem;
    const auto given = [&](int i) { return problem.input(i).present(); };
    const auto stored = [&](int i) { return stored_as(cx.offer.in[static_cast<size_t>(i)], problem.input(i).dtype()); };
    const auto count = [&](int i) { return checked_product(cx.shapes.in[static_cast<size_t>(i)]); };
    const int64_t rows = checked_product(cx.shapes.out[0]) / op.n, blocks = op.blocks();
    const bool packed_zeros = given(kZeros) && problem.input(kZeros).dtype() == DType::u8;
    const int64_t zeros = packed_zeros ? op.n * ((blocks * op.bits + 7) / 8) : op.n * blocks;
    if (rows == 0 || rows > kMostRows) why = "no rows, or more than a launch has";
    if (count(kWeights) != op.n * blocks * (op.block_size * op.bits / 8) || count(kScales) != op.n * blocks ||
        (given(kZeros) && count(kZeros) != zeros) || (given(kGroups) && count(kGroups) < op.k) ||
        (given(kBias) && count(kBias) != op.n))
      why = "packed parameters of other sizes";
    if (given(kBias) && stored(kBias) != stored(kScales)) why = "scales and bias of two types";
    if (count(kA) > kMostItems || count(kWeights) > 8 * kMostItems) why = "more than 2^31 elements";
    if (!why.empty()) return nullptr;
    Parameters p;
    p.m = static_cast<uint32_t>(rows);
    p.n = static_cast<uint32_t>(op.n);
    p.k = static_cast<uint32_t>(op.k);
    p.blocks = static_cast<uint32_t>(blocks);
    p.block_shift = static_cast<uint32_t>(std::countr_zero(static_cast<uint64_t>(op.block_size)));
    p.packed_zeros = packed_zeros;
    Launch how = launch_over((op.n + kColumns - 1) / kColumns * 128);
    how.grid.y = static_cast<unsigned>((rows + kRows - 1) / kRows);
    const KernelText text = packed_matmul_text(stored(kA), stored_type(cx), stored(kScales),
                                               given(kZeros) && !packed_zeros ? stored(kZeros) : DType::u8, op.bits);
    return std::make_shared<OneKernel<Parameters>>(
        "packed_matmul", compiled(text, problem.device.compute).kernel("product"), how, p,
        [](Parameters& to, const Args& args) {
          const auto in = [&](size_t i) { return i < args.in.size() ? args.in[i].data : nullptr; };
          to.a = in(kA);
          to.w = in(kWeights);
          to.scales = in(kScales);
          to.zeros = in(kZeros);
          to.groups = in(kGroups);
          to.bias = in(kBias);
          to.y = args.out[0].data;
        });
  }
};

}  // namespace

const Tactic& device_packed_matmul_tactic() {
  static const DevicePackedMatMul tactic;
  return tactic;
}

}  // namespace tenon::core::cuda
