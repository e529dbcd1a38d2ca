#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/cpu/row_kernels.h"
#include "ops/infer_util.h"
#include "ops/normalize.h"
#include "tactics/all.h"
#include "tactics/memory_axes.h"
#include "tactics/support.h"

namespace tenon::core {
namespace {

constexpr int64_t kLpNormGrain = 4096;  // elements of one piece, at least

class LpNormExecutable : public Executable {
 public:
  LpNormExecutable(const LpNorm& op, const MemoryAxis& axis)
      : axis_(axis), fold_(op.p == 1 ? cpu::Fold::sum_abs : cpu::Fold::sum_squares), epsilon_(static_cast<float>(op.epsilon)) {}
  std::string kernel_name() const override { return axis_.inner == 1 ? "lp_norm:rows" : "lp_norm:columns"; }

  void run(State*, const Args& args, Threads& threads) const override {
    if (axis_.outer * axis_.count * axis_.inner == 0) return;
    const float* x = args.in[0].in<float>();
    float* y = args.out[0].out<float>();
    const int64_t width = std::min(axis_.inner, cpu::kColumns), blocks = (axis_.inner + width - 1) / width;
    const int64_t grain = std::max<int64_t>(1, kLpNormGrain / (axis_.count * width));
    threads.parallel_ranges(axis_.outer * blocks, grain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t first = i % blocks * width, at = i / blocks * axis_.count * axis_.inner + first;
        if (axis_.inner == 1)
          row(x + at, y + at);
        else
          columns(x + at, y + at, std::min(width, axis_.inner - first));
      }
    });
  }

 private:
  /// What a line is multiplied with; 0 for a line of zeros.
  float factor(float sum) const {
    const float length = fold_ == cpu::Fold::sum_abs ? sum : std::sqrt(sum), divisor = length < epsilon_ ? epsilon_ : length;
    return divisor == 0 ? 0 : 1 / divisor;
  }
  void row(const float* x, float* y) const {
    const cpu::RowKernels& kernels = cpu::row_kernels();
    kernels.affine(x, y, axis_.count, factor(kernels.fold(fold_, x, axis_.count, 0)), 0);
  }
  void columns(const float* x, float* y, int64_t width) const {
    const cpu::RowKernels& kernels = cpu::row_kernels();
    std::array<float, cpu::kColumns> factors{}, none{};
    for (int64_t i = 0; i < axis_.count; ++i) kernels.fold_rows(fold_, x + i * axis_.inner, width, factors.data());
    std::transform(factors.begin(), factors.begin() + width, factors.begin(), [this](float sum) { return factor(sum); });
    for (int64_t i = 0; i < axis_.count; ++i) kernels.affine_rows(x + i * axis_.inner, y + i * axis_.inner, width, factors.data(), none.data());
  }

  MemoryAxis axis_;
  cpu::Fold fold_;
  float epsilon_;
};

class LpNormTactic : public Tactic {
 public:
  std::string_view name() const override { return "lp_norm"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    if (!p.node().as<LpNorm>()) why = "not an Lp normalization";
    if (!why.empty() || !plain_tensors(p, why) || !all_of_dtype(p, DType::f32, why)) return {};
    Offer offer = row_major_offer(p, name());
    offer.share = Share::in_place;
    return in_both_layouts(offer, p.input(0).rank());
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string&) const override {
    const LpNorm& op = *cx.problem.node().as<LpNorm>();
    const Dims& dims = cx.shapes.in[0];
    const int64_t axis = resolve_axis(op.axis, static_cast<int64_t>(dims.size()));
    return std::make_shared<LpNormExecutable>(op, memory_axis(dims, cx.offer.in[0].layout, axis));
  }
};

}  // namespace

const Tactic& lp_norm_tactic() {
  static const LpNormTactic tactic;
  return tactic;
}

}  // namespace tenon::core
