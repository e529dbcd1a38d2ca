#include <algorithm>

#include "codegen/cuda/pointwise.h"
#include "cuda/loops.h"
#include "ops/normalize.h"
#include "tactics/cuda/formats.h"
#include "tactics/cuda/generated.h"
#include "tactics/cuda/one_kernel.h"
#include "tactics/cuda/support.h"
#include "tactics/cuda/texts.h"
#include "tactics/memory_axes.h"

namespace tenon::core::cuda {

KernelText neighbours_text(DType in, DType out) {
  return {kernel_text_neighbours,
          {fmt::format("-DIN={}", element_name(in)), fmt::format("-DOUT={}", element_name(out))}};
}

namespace {

/// NeighboursArgs of the kernel.
struct Parameters {
  const void* x = nullptr;
  void* y = nullptr;
  uint32_t count = 0, before = 0, after = 0, unused = 0;
  Divider inner, channels;
  float bias = 0, factor = 0, beta = 0;
};

/// Local response normalization in both layouts.
class DeviceLrn : public Tactic {
 public:
  std::string_view name() const override { return "device_lrn"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const auto* op = p.node().as<LRN>();
    if (!op)
      why = "not a local response normalization";
    else if (!(op->bias > 0 && op->alpha >= 0))
      why = "the sum of squares could be negative";
    if (!why.empty() || storage_types(p, why).empty()) return {};
    return in_precisions_and_across(in_both_layouts(row_major_offer(p, name()), p.input(0).rank()), p);
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const LRN& op = *cx.problem.node().as<LRN>();
    const Dims& x = cx.shapes.in[0];
    if (checked_product(x) == 0 || checked_product(x) > kMostItems) {
      why = "an empty tensor, or more than 2^31 elements";
      return nullptr;
    }
    const MemoryAxis channels = memory_axis(x, cx.offer.in[0].layout, 1);
    Parameters p;
    p.count = static_cast<uint32_t>(checked_product(x));
    p.before = static_cast<uint32_t>(std::min((op.size - 1) / 2, channels.count));
    p.after = static_cast<uint32_t>(std::min(op.size - 1 - (op.size - 1) / 2, channels.count));
    p.inner = Divider(channels.inner);
    p.channels = Divider(channels.count);
    p.bias = static_cast<float>(op.bias);
    p.factor = static_cast<float>(op.alpha / static_cast<double>(op.size));
    p.beta = static_cast<float>(op.beta);
    const KernelText text = neighbours_text(stored_as(cx.offer.in[0], cx.problem.input(0).dtype()), stored_type(cx));
    return std::make_shared<OneKernel<Parameters>>("lrn",
                                                   compiled(text, cx.problem.device.compute).kernel("neighbours"),
                                                   launch_over(p.count), p, [](Parameters& to, const Args& args) {
                                                     to.x = args.in[0].data;
                                                     to.y = args.out[0].data;
                                                   });
  }
};

}  // namespace

const Tactic& device_lrn_tactic() {
  static const DeviceLrn tactic;
  return tactic;
}

}  // namespace tenon::core::cuda
