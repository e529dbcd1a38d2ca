#include <algorithm>

#include "codegen/cuda/pointwise.h"
#include "ops/infer_util.h"
#include "ops/normalize.h"
#include "ops/reduce.h"
#include "tactics/cuda/formats.h"
#include "tactics/cuda/generated.h"
#include "tactics/cuda/one_kernel.h"
#include "tactics/cuda/support.h"
#include "tactics/cuda/texts.h"
#include "tactics/memory_axes.h"

namespace tenon::core::cuda {

KernelText arg_reduce_text(DType in, DType out, bool smallest, bool last, bool hard) {
  return {kernel_text_arg_reduce,
          {fmt::format("-DIN={}", element_name(in)), fmt::format("-DOUT={}", element_name(out)),
           fmt::format("-DSMALLEST={}", smallest), fmt::format("-DLAST={}", last), fmt::format("-DHARD={}", hard)}};
}

namespace {

constexpr int64_t kLongRow = 4096;

/// ArgArgs of the kernel.
struct Parameters {
  const void* x = nullptr;
  void* y = nullptr;
  uint32_t lines = 0, count = 0, inner = 0;
};

/// ArgMax, ArgMin and Hardmax along any axis.
class DeviceArgReduce : public Tactic {
 public:
  std::string_view name() const override { return "device_arg_reduce"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const auto* arg = p.node().as<ArgReduce>();
    const int rank = p.input(0).rank();
    if (!arg && !p.node().as<Hardmax>()) why = "neither ArgMax, ArgMin nor Hardmax";
    if (!why.empty() || !plain_tensors(p, why) || !has_elements(p, 0, why)) return {};
    std::vector<Offer> result{row_major_offer(p, name())};
    // Without its channels, what is left of a channels-last order is row-major.
    if (rank >= 3 && (!arg || arg->keepdims || resolve_axis(arg->axis, rank) == 1)) {
      result.push_back(result[0]);
      result[1].in[0] = with_layout(channels_last(rank));
      if (!arg || arg->keepdims) result[1].out[0] = with_layout(channels_last(rank));
    }
    return in_precisions_and_across(result, p);
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const Dims& x = cx.shapes.in[0];
    const auto* arg = cx.problem.node().as<ArgReduce>();
    if (x.empty() || checked_product(x) == 0) why = x.empty() ? "a single number" : "an empty tensor";
    if (checked_product(x) > kMostItems) why = "more than 2^31 elements";
    if (!why.empty()) return nullptr;
    const int64_t axis = arg ? arg->axis : cx.problem.node().as<Hardmax>()->axis;
    const MemoryAxis m = memory_axis(x, cx.offer.in[0].layout, resolve_axis(axis, static_cast<int64_t>(x.size())));
    const int64_t lines = m.outer * m.inner;
    const bool blocks = m.count >= kLongRow;
    const char* entry = m.inner > 1 ? "columns" : blocks ? "blocks" : "warps";
    Launch how = launch_over(lines, m.inner > 1 ? 32 : blocks ? 1 : 4);
    how.block = m.inner > 1 ? dim3{32, 8, 1} : dim3{blocks ? 512u : 128u, 1, 1};
    const KernelText text = arg_reduce_text(stored_as(cx.offer.in[0], cx.problem.input(0).dtype()),
                                            stored_as(cx.offer.out[0], cx.problem.output(0).dtype()),
                                            arg && arg->minimum, arg && arg->select_last_index, !arg);
    Parameters p;
    p.lines = static_cast<uint32_t>(lines);
    p.count = static_cast<uint32_t>(m.count);
    p.inner = static_cast<uint32_t>(m.inner);
    return std::make_shared<OneKernel<Parameters>>(std::string("arg_reduce:") + entry,
                                                   compiled(text, cx.problem.device.compute).kernel(entry), how, p,
                                                   [](Parameters& to, const Args& args) {
                                                     to.x = args.in[0].data;
                                                     to.y = args.out[0].data;
                                                   });
  }
};

}  // namespace

const Tactic& device_arg_reduce_tactic() {
  static const DeviceArgReduce tactic;
  return tactic;
}

}  // namespace tenon::core::cuda
