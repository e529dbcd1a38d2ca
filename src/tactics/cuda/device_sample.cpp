#include <algorithm>

#include "codegen/cuda/pointwise.h"
#include "cuda/loops.h"
#include "ops/roi.h"
#include "ops/sample.h"
#include "tactics/cuda/formats.h"
#include "tactics/cuda/generated.h"
#include "tactics/cuda/one_kernel.h"
#include "tactics/cuda/support.h"
#include "tactics/cuda/texts.h"

namespace tenon::core::cuda {

KernelText sample_text(DType in, DType out, DType position, SampleMode mode, SamplePadding padding, bool corners,
                       bool largest) {
  return {kernel_text_sample,
          {fmt::format("-DIN={}", element_name(in)), fmt::format("-DOUT={}", element_name(out)),
           fmt::format("-DPOSITION={}", element_name(position)), fmt::format("-DMODE={}", static_cast<int>(mode)),
           fmt::format("-DPADDING={}", static_cast<int>(padding)), fmt::format("-DCORNERS={}", corners),
           fmt::format("-DLARGEST={}", largest)}};
}

namespace {

constexpr size_t kMostAxes = 3;  // AXES of the kernel

/// SampleArgs of the kernel.
struct Parameters {
  const void *x = nullptr, *where = nullptr, *images = nullptr;
  void* y = nullptr;
  uint32_t count = 0, axes = 0;
  Divider points, channels;
  uint32_t batch = 0, sizes[kMostAxes] = {1, 1, 1}, columns = 1, half_pixel = 0;
  int32_t samples = 0, unused = 0;
  double scale = 1;
};

/// GridSample of one to three spatial axes, and RoiAlign.
class DeviceSample : public Tactic {
 public:
  std::string_view name() const override { return "device_sample"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const bool grid = p.node().as<GridSample>();
    if (!grid && !p.node().as<RoiAlign>()) why = "neither a grid sample nor a region pooling";
    if (!why.empty() || !plain_tensors(p, why)) return {};
    for (int i : {0, 1}) {
      const DType dtype = p.input(i).dtype();
      if (dtype != DType::f32 && dtype != DType::f16 && dtype != DType::bf16)
        why = fmt::format("samples f32, f16 and bf16 only, found {}", to_string(dtype));
    }
    if (p.input(0).rank() > 2 + static_cast<int>(kMostAxes)) why = fmt::format("more than {} spatial axes", kMostAxes);
    if (!grid && p.input(2).dtype() != DType::i64) why = "image numbers that are not i64";
    if (!why.empty()) return {};
    std::vector<Offer> offers = in_precisions_and_across({row_major_offer(p, name())}, p);
    // Positions lose too much in narrower types.
    for (Offer& offer : offers) offer.in[1].storage = DType::none;
    return offers;
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const Dims &x = cx.shapes.in[0], &y = cx.shapes.out[0];
    if (checked_product(x) == 0 || checked_product(y) == 0) why = "an empty tensor";
    if (std::max(checked_product(x), checked_product(y)) > kMostItems) why = "more than 2^31 elements";
    if (!why.empty()) return nullptr;
    Parameters p;
    p.count = static_cast<uint32_t>(checked_product(y));
    p.axes = static_cast<uint32_t>(x.size() - 2);
    p.points = Divider(checked_product(std::span(y).subspan(2)));
    p.channels = Divider(x[1]);
    p.batch = static_cast<uint32_t>(x[0]);
    for (size_t i = 2; i < x.size(); ++i) p.sizes[x.size() - 1 - i] = static_cast<uint32_t>(x[i]);
    const DType in = stored_as(cx.offer.in[0], cx.problem.input(0).dtype()),
                where = stored_as(cx.offer.in[1], cx.problem.input(1).dtype());
    if (const auto* op = cx.problem.node().as<GridSample>()) {
      const KernelText text = sample_text(in, stored_type(cx), where, op->mode, op->padding, op->align_corners, false);
      return executable("grid", text, p, cx, [](Parameters&, const Args&) {});
    }
    const auto* op = cx.problem.node().as<RoiAlign>();
    p.columns = static_cast<uint32_t>(op->width);
    p.half_pixel = op->half_pixel;
    p.samples = static_cast<int32_t>(std::min<int64_t>(op->sampling_ratio, 1 << 16));
    p.scale = op->spatial_scale;
    const KernelText text =
        sample_text(in, stored_type(cx), where, SampleMode::linear, SamplePadding::zeros, false, op->max);
    return executable("regions", text, p, cx, [](Parameters& to, const Args& args) { to.images = args.in[2].data; });
  }

 private:
  template <class Fill>
  static std::shared_ptr<const Executable> executable(const char* entry, const KernelText& text, const Parameters& p,
                                                      const PrepareContext& cx, Fill) {
    return std::make_shared<OneKernel<Parameters>>(std::string("sample:") + entry,
                                                   compiled(text, cx.problem.device.compute).kernel(entry),
                                                   launch_over(p.count), p, [](Parameters& to, const Args& args) {
                                                     to.x = args.in[0].data;
                                                     to.where = args.in[1].data;
                                                     to.y = args.out[0].data;
                                                     Fill()(to, args);
                                                   });
  }
};

}  // namespace

const Tactic& device_sample_tactic() {
  static const DeviceSample tactic;
  return tactic;
}

}  // namespace tenon::core::cuda
