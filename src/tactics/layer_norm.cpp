#include <algorithm>

#include "kernels/cpu/row_kernels.h"
#include "ops/infer_util.h"
#include "ops/normalize.h"
#include "tactics/all.h"
#include "tactics/memory_axes.h"
#include "tactics/narrow_rows.h"
#include "tactics/support.h"

namespace tenon::core {
namespace {

constexpr int64_t kLayerNormGrain = 4096;  // elements of one piece, at least

class LayerNormExecutable : public Executable {
 public:
  /// `narrow`: x and y are stored in bf16.
  LayerNormExecutable(const LayerNorm& op, int64_t rows, int64_t length, bool has_scale, bool has_bias,
                      std::optional<NarrowRows> narrow)
      : narrow_(std::move(narrow)),
        rows_(rows),
        length_(length),
        epsilon_(static_cast<float>(op.epsilon)),
        rms_(op.rms),
        has_scale_(has_scale),
        has_bias_(has_bias) {}
  std::string kernel_name() const override { return rms_ ? "rms_norm:rows" : "layer_norm:rows"; }

  void run(State*, const Args& args, Threads& threads) const override {
    if (narrow_) return narrow_->run(args, threads, [&](int64_t r, float* row) { run_row(args, r, row, row); });
    const float* x = args.in[0].in<float>();
    float* y = args.out[0].out<float>();
    threads.parallel_ranges(rows_, std::max<int64_t>(1, kLayerNormGrain / std::max<int64_t>(1, length_)),
                            [&](int64_t begin, int64_t end) {
                              for (int64_t r = begin; r < end; ++r) run_row(args, r, x + r * length_, y + r * length_);
                            });
  }
  int64_t workspace_bytes() const override { return narrow_ ? narrow_->workspace_bytes() : 0; }

 private:
  void run_row(const Args& args, int64_t r, const float* x, float* y) const {
    const cpu::RowKernels& kernels = cpu::row_kernels();
    float mean, inverse;
    kernels.statistics(x, length_, epsilon_, rms_, &mean, &inverse);
    kernels.normalize(x, y, length_, mean, inverse, has_scale_ ? args.in[1].in<float>() : nullptr,
                      has_bias_ ? args.in[2].in<float>() : nullptr);
    store(args, 1, r, mean);
    store(args, 2, r, inverse);
  }
  static void store(const Args& args, size_t output, int64_t row, float value) {
    if (output < args.out.size() && args.out[output].data) args.out[output].out<float>()[row] = value;
  }
  std::optional<NarrowRows> narrow_;
  int64_t rows_, length_;
  float epsilon_;
  bool rms_, has_scale_, has_bias_;
};

class LayerNormTactic : public Tactic {
 public:
  std::string_view name() const override { return "layer_norm"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    if (!p.node().as<LayerNorm>()) why = "not a layer normalization";
    if (!why.empty() || !plain_tensors(p, why) || !all_of_dtype(p, DType::f32, why)) return {};
    Offer offer = row_major_offer(p, name());
    offer.share = Share::in_place;
    std::vector<Offer> result{offer};
    add_narrow_offers(result, p);
    return result;
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const LayerNorm& op = *cx.problem.node().as<LayerNorm>();
    const Dims& x = cx.shapes.in[0];
    const auto axis = static_cast<size_t>(resolve_axis(op.axis, static_cast<int64_t>(x.size())));
    for (size_t i : {size_t{1}, size_t{2}}) {
      if (!cx.problem.input(static_cast<int>(i)).present() || fits_row(cx.shapes.in[i], x, axis)) continue;
      why = fmt::format("input {} has not one element for each of a row", i);
      return nullptr;
    }
    const int64_t length = checked_product(std::span(x).subspan(axis)),
                  rows = checked_product(std::span(x).first(axis));
    std::optional<NarrowRows> narrow;
    if (cx.offer.in[0].storage == DType::bf16) narrow.emplace(rows, length, cx.threads.size());
    return std::make_shared<LayerNormExecutable>(op, rows, length, cx.problem.input(1).present(),
                                                 cx.problem.input(2).present(), std::move(narrow));
  }
};

}  // namespace

const Tactic& layer_norm_tactic() {
  static const LayerNormTactic tactic;
  return tactic;
}

}  // namespace tenon::core
