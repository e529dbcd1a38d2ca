#include <algorithm>
#include <bit>

#include "codegen/cuda/pointwise.h"
#include "cuda/loops.h"
#include "ops/infer_util.h"
#include "ops/quantize.h"
#include "ops/saturate.h"
#include "tactics/cuda/formats.h"
#include "tactics/cuda/generated.h"
#include "tactics/cuda/one_kernel.h"
#include "tactics/cuda/support.h"
#include "tactics/cuda/texts.h"
#include "tactics/memory_axes.h"

namespace tenon::core::cuda {

KernelText quantize_text(DType in, DType out, DType scale, DType zero, DType precision, bool quantize, bool blocks) {
  return {kernel_text_quantize,
          {fmt::format("-DIN={}", element_name(in)), fmt::format("-DOUT={}", element_name(out)),
           fmt::format("-DSCALE={}", element_name(scale)), fmt::format("-DZERO={}", element_name(zero)),
           fmt::format("-DPRECISION={}", element_name(precision)), fmt::format("-DQUANTIZE={}", quantize),
           fmt::format("-DBLOCKS={}", blocks)}};
}

namespace {

/// QuantizeArgs of the kernel.
struct Parameters {
  const void* x = nullptr;
  void* y = nullptr;
  const void *scale = nullptr, *zero = nullptr;
  uint32_t count = 0, blocks = 1;
  Divider inner, axis, block;
  float low = 0, high = 0;
};

class QuantizeExecutable : public DeviceExecutable {
 public:
  QuantizeExecutable(const Parameters& parameters, const Module& module, bool quantizes, bool has_zero)
      : parameters_(parameters), quantizes_(quantizes), has_zero_(has_zero), single_(module.kernel("single")) {
    if (parameters.count % 4 == 0) wide_ = module.kernel("wide");
  }
  std::string kernel_name() const override { return quantizes_ ? "quantize" : "dequantize"; }
  void enqueue(State*, const Args& args, cudaStream_t stream) const override {
    if (parameters_.count == 0) return;
    Parameters p = parameters_;
    p.x = args.in[0].data;
    p.y = args.out[0].data;
    p.scale = args.in[1].data;
    if (has_zero_) p.zero = args.in[2].data;
    const bool wide = wide_ && (std::bit_cast<uint64_t>(p.x) | std::bit_cast<uint64_t>(p.y)) % 16 == 0;
    Launch how = launch_over(wide ? p.count / 4 : p.count);
    how.stream = stream;
    (wide ? wide_ : single_)(how, p);
  }

 private:
  Parameters parameters_;
  bool quantizes_, has_zero_;
  Kernel single_, wide_;
};

/// DynamicArgs of the kernel.
struct DynamicParameters {
  const void* x = nullptr;
  void *y = nullptr, *scale = nullptr, *zero = nullptr, *partial = nullptr;
  uint32_t count = 0, blocks = 1;
};

class DynamicExecutable : public DeviceExecutable {
 public:
  DynamicExecutable(int64_t count, const Module& module, int multiprocessors)
      : extremes_(module.kernel("extremes")), dynamic_(module.kernel("dynamic")) {
    parameters_.count = static_cast<uint32_t>(count);
    parameters_.blocks = static_cast<uint32_t>(std::clamp<int64_t>(count / 1024, 1, 2 * multiprocessors));
  }
  std::string kernel_name() const override { return "dynamic_quantize"; }
  int64_t workspace_bytes() const override { return int64_t{8} * parameters_.blocks; }
  void enqueue(State*, const Args& args, cudaStream_t stream) const override {
    DynamicParameters p = parameters_;
    p.x = args.in[0].data;
    p.y = args.out[0].data;
    p.scale = args.out[1].data;
    p.zero = args.out[2].data;
    p.partial = args.workspace;
    Launch how = launch_over(int64_t{p.blocks} * 256, 256);
    how.stream = stream;
    extremes_(how, p);
    dynamic_(how, p);
  }

 private:
  DynamicParameters parameters_;
  Kernel extremes_, dynamic_;
};

/// QuantizeLinear to integers, DequantizeLinear from them, and DynamicQuantizeLinear.
class DeviceQuantize : public Tactic {
 public:
  std::string_view name() const override { return "device_quantize"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const auto* quantize = p.node().as<QuantizeLinear>();
    const auto* dequantize = p.node().as<DequantizeLinear>();
    const bool dynamic = p.node().as<DynamicQuantizeLinear>();
    if (!quantize && !dequantize && !dynamic) why = "neither a quantization nor a dequantization";
    if (!why.empty() || !plain_tensors(p, why)) return {};
    if (dynamic) return {row_major_offer(p, name())};
    for (int i : {0, 1, 2})
      if (p.input(i).present() && !has_elements(p, i, why)) return {};
    if (element_name(p.output(0).dtype()).empty())
      why = fmt::format("kernels have no elements of {}", to_string(p.output(0).dtype()));
    if (quantize && quantize->precision != DType::none && element_name(quantize->precision).empty())
      why = "kernels do not divide in this precision";
    if (!is_integer(quantize ? p.output(0).dtype() : p.input(0).dtype())) why = "the quantized values are no integers";
    if (!why.empty()) return {};
    std::vector<Offer> offers{row_major_offer(p, name())};
    const bool blocks = (quantize ? quantize->block_size : dequantize->block_size) > 0;
    if (!blocks) offers = in_both_layouts(offers[0], p.input(0).rank());
    std::vector<Offer> result = in_precisions_and_across(offers, p);
    // A rounded scale moves every element.
    for (Offer& offer : result) offer.in[1].storage = DType::none;
    return result;
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const auto* quantize = cx.problem.node().as<QuantizeLinear>();
    const auto* dequantize = cx.problem.node().as<DequantizeLinear>();
    const Dims& x = cx.shapes.in[0];
    if (checked_product(x) > kMostItems) {
      why = "more than 2^31 elements";
      return nullptr;
    }
    if (cx.problem.node().as<DynamicQuantizeLinear>()) {
      const KernelText text = quantize_text(DType::f32, DType::u8, DType::f32, DType::u8, DType::f32, true, false);
      return std::make_shared<DynamicExecutable>(checked_product(x), compiled(text, cx.problem.device.compute),
                                                 std::max(cx.problem.device.multiprocessors, 1));
    }
    const int64_t axis = quantize ? quantize->axis : dequantize->axis;
    const ScaleLayout scales =
        scale_layout(x, cx.shapes.in[1], axis, quantize ? quantize->block_size : dequantize->block_size);
    Parameters p = parameters_of(scales, x, cx.offer.in[0].layout, axis);
    if (quantize) {
      const auto [low, high] = integer_range(cx.problem.output(0).dtype());
      p.low = static_cast<float>(low);
      p.high = static_cast<float>(high);
    }
    const bool has_zero = cx.problem.input(2).present();
    const auto stored = [&](size_t i) {
      return stored_as(cx.offer.in[i], cx.problem.input(static_cast<int>(i)).dtype());
    };
    const DType precision = !quantize                            ? DType::f32
                            : quantize->precision != DType::none ? quantize->precision
                                                                 : cx.problem.input(1).dtype();
    const KernelText text = quantize_text(stored(0), stored_as(cx.offer.out[0], cx.problem.output(0).dtype()),
                                          stored(1), has_zero ? stored(2) : DType::u8,
                                          precision == DType::f64 || precision == DType::i32 ? DType::f32 : precision,
                                          quantize != nullptr, scales.kind == ScaleKind::block);
    return std::make_shared<QuantizeExecutable>(p, compiled(text, cx.problem.device.compute), quantize != nullptr,
                                                has_zero);
  }

 private:
  static Parameters parameters_of(const ScaleLayout& scales, const Dims& x, const Layout& layout, int64_t axis) {
    Parameters p;
    p.count = static_cast<uint32_t>(checked_product(x));
    if (p.count == 0) return p;
    p.inner = Divider(scales.kind == ScaleKind::tensor ? kMostItems : scales.inner);
    p.axis = Divider(scales.axis_size);
    if (scales.kind == ScaleKind::axis && !layout.row_major())
      p.inner = Divider(memory_axis(x, layout, resolve_axis(axis, static_cast<int64_t>(x.size()))).inner);
    p.block = Divider(scales.block_size);
    p.blocks = static_cast<uint32_t>(scales.blocks);
    return p;
  }
};

}  // namespace

const Tactic& device_quantize_tactic() {
  static const DeviceQuantize tactic;
  return tactic;
}

}  // namespace tenon::core::cuda
