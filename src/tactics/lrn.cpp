#include <algorithm>
#include <array>

#include "kernels/cpu/row_kernels.h"
#include "kernels/cpu/strip_functions.h"
#include "ops/normalize.h"
#include "tactics/all.h"
#include "tactics/memory_axes.h"
#include "tactics/support.h"

namespace tenon::core {
namespace {

constexpr int64_t kStrip = 256;

/// y = x * (bias + alpha / size * sum of squares) ^ -beta, strip by strip: of the pixels of a channel, or, where the
/// channels are innermost, of the channels of a pixel.
class LrnExecutable : public Executable {
 public:
  LrnExecutable(const LRN& op, const MemoryAxis& channels) : channels_(channels) {
    before_ = std::min((op.size - 1) / 2, channels.count);
    after_ = std::min(op.size - 1 - (op.size - 1) / 2, channels.count);
    factor_ = static_cast<float>(op.alpha / static_cast<double>(op.size));
    bias_ = static_cast<float>(op.bias);
    beta_ = static_cast<float>(op.beta);
  }
  std::string kernel_name() const override { return channels_.inner == 1 ? "lrn:rows" : "lrn:columns"; }

  void run(State*, const Args& args, Threads& threads) const override {
    const float* x = args.in[0].in<float>();
    float* y = args.out[0].out<float>();
    const int64_t length = channels_.inner == 1 ? channels_.count : channels_.inner;
    const int64_t strips = (length + kStrip - 1) / kStrip;
    const int64_t rows = channels_.inner == 1 ? channels_.outer : channels_.outer * channels_.count;
    threads.parallel_ranges(rows * strips, 4, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t row = i / strips, first = i % strips * kStrip, count = std::min(kStrip, length - first);
        std::array<float, kStrip> sums{};
        if (channels_.inner == 1)
          add_neighbours(x + row * length, first, count, sums.data());
        else
          add_planes(x + row * length + first, row % channels_.count, count, sums.data());
        finish(x + row * length + first, count, sums.data(), y + row * length + first);
      }
    });
  }

 private:
  /// The squares of the channels around each of `count` channels from `first` on.
  void add_neighbours(const float* x, int64_t first, int64_t count, float* sums) const {
    for (int64_t step = -before_; step <= after_; ++step) {
      const int64_t begin = std::max(first, -step), end = std::min(first + count, channels_.count - step);
      if (begin < end)
        cpu::row_kernels().fold_rows(cpu::Fold::sum_squares, x + begin + step, end - begin, sums + begin - first);
    }
  }
  /// The squares of the pixels at x in the channels around `channel`.
  void add_planes(const float* x, int64_t channel, int64_t count, float* sums) const {
    const int64_t begin = std::max<int64_t>(0, channel - before_);
    for (int64_t c = begin; c <= std::min(channels_.count - 1, channel + after_); ++c)
      cpu::row_kernels().fold_rows(cpu::Fold::sum_squares, x + (c - channel) * channels_.inner, count, sums);
  }
  void finish(const float* x, int64_t count, float* s, float* y) const {
    static const cpu::StripFunction log = cpu::find_f32_function("log", 0), exp = cpu::find_f32_function("exp", 0),
                                    mul = cpu::find_f32_function("mul", 0);
    const cpu::RowKernels& kernels = cpu::row_kernels();
    kernels.affine(s, s, count, factor_, bias_);
    log({s, {s, nullptr, nullptr}, count, 0, 0});
    kernels.affine(s, s, count, -beta_, 0);
    exp({s, {s, nullptr, nullptr}, count, 0, 0});
    mul({y, {x, s, nullptr}, count, 0, 0});
  }

  MemoryAxis channels_;
  int64_t before_, after_;
  float factor_, bias_, beta_;
};

class LrnTactic : public Tactic {
 public:
  std::string_view name() const override { return "lrn"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const auto* op = p.node().as<LRN>();
    if (!op)
      why = "not a local response normalization";
    else if (!(op->bias > 0 && op->alpha >= 0))
      why = "the sum of squares could be negative";
    if (!why.empty() || !plain_tensors(p, why) || !all_of_dtype(p, DType::f32, why)) return {};
    return in_both_layouts(row_major_offer(p, name()), p.input(0).rank());
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const Dims& x = cx.shapes.in[0];
    if (checked_product(x) == 0) {
      why = "an empty tensor";
      return nullptr;
    }
    return std::make_shared<LrnExecutable>(*cx.problem.node().as<LRN>(), memory_axis(x, cx.offer.in[0].layout, 1));
  }
};

}  // namespace

const Tactic& lrn_tactic() {
  static const LrnTactic tactic;
  return tactic;
}

}  // namespace tenon::core
