#include <algorithm>

#include "codegen/cuda/pointwise.h"
#include "ops/infer_util.h"
#include "ops/reduce.h"
#include "tactics/cuda/formats.h"
#include "tactics/cuda/generated.h"
#include "tactics/cuda/one_kernel.h"
#include "tactics/cuda/support.h"
#include "tactics/cuda/texts.h"
#include "tactics/memory_axes.h"

namespace tenon::core::cuda {

KernelText scan_text(DType in, DType out, bool product, bool exclusive, bool reverse) {
  return {kernel_text_scan,
          {fmt::format("-DIN={}", element_name(in)), fmt::format("-DOUT={}", element_name(out)),
           fmt::format("-DPRODUCT={}", product), fmt::format("-DEXCLUSIVE={}", exclusive),
           fmt::format("-DREVERSE={}", reverse)}};
}

namespace {

/// ScanArgs of the kernel.
struct Parameters {
  const void* x = nullptr;
  void* y = nullptr;
  uint32_t lines = 0, count = 0, inner = 0;
};

/// Running sums and products along a known axis.
class DeviceScan : public Tactic {
 public:
  std::string_view name() const override { return "device_scan"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    if (!p.node().as<Cumulative>())
      why = "neither a running sum nor a running product";
    else if (!p.input(1).numbers())
      why = "the axis is known only at run time";
    if (!why.empty() || !plain_tensors(p, why) || !has_elements(p, 0, why)) return {};
    return in_precisions_and_across(in_both_layouts(row_major_offer(p, name()), p.input(0).rank()), p);
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const Dims& x = cx.shapes.in[0];
    if (checked_product(x) == 0 || checked_product(x) > kMostItems) {
      why = "an empty tensor, or more than 2^31 elements";
      return nullptr;
    }
    const Cumulative& op = *cx.problem.node().as<Cumulative>();
    const int64_t axis = resolve_axis(cx.problem.input(1).numbers()->front(), static_cast<int64_t>(x.size()));
    const MemoryAxis m = memory_axis(x, cx.offer.in[0].layout, axis);
    const DType dtype = cx.problem.input(0).dtype();
    const Module& module = compiled(scan_text(stored_as(cx.offer.in[0], dtype), stored_as(cx.offer.out[0], dtype),
                                              op.product, op.exclusive, op.reverse),
                                    cx.problem.device.compute);
    Launch how = launch_over(m.outer * m.inner);
    if (m.inner == 1) how = launch_over(m.outer * 256, 256);
    Parameters p;
    p.lines = static_cast<uint32_t>(m.outer * m.inner);
    p.count = static_cast<uint32_t>(m.count);
    p.inner = static_cast<uint32_t>(m.inner);
    const char* entry = m.inner == 1 ? "rows" : "columns";
    return std::make_shared<OneKernel<Parameters>>(
        std::string("scan:") + entry, module.kernel(entry), how, p,
        [](Parameters& to, const Args& args) {
          to.x = args.in[0].data;
          to.y = args.out[0].data;
        },
        1u);
  }
};

}  // namespace

const Tactic& device_scan_tactic() {
  static const DeviceScan tactic;
  return tactic;
}

}  // namespace tenon::core::cuda
