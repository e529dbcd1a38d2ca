#include <algorithm>
#include <bit>

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
namespace {

constexpr int64_t kThreads = 256;  // THREADS of the kernel
int64_t width_of(DType in, DType out) { return 16 / std::max(size_of(in), size_of(out)); }

/// GroupNormArgs of the kernel.
struct Parameters {
  const void* x = nullptr;
  void* y = nullptr;
  const void *scale = nullptr, *bias = nullptr;
  void* partial = nullptr;
  uint32_t count = 0, groups = 0, splits = 1, piece = 0, length = 0;
  Divider per_group, plane, channels;
  uint32_t groups_of_sample = 1, channels_of_scale = 1;
  float epsilon = 0;
};

class GroupNormExecutable : public DeviceExecutable {
 public:
  GroupNormExecutable(Parameters p, const Module& module, int64_t width, bool last, bool has_scale, bool has_bias,
                      int multiprocessors)
      : parameters_(p), width_(width), has_scale_(has_scale), has_bias_(has_bias) {
    // Few groups of many elements: several blocks share one, as long as each thread has 16 elements or more.
    const uint32_t wanted = 2u * static_cast<uint32_t>(multiprocessors);
    p.splits = std::clamp<uint32_t>(wanted / p.groups, 1, std::max<uint32_t>(1, p.length / (16 * kThreads)));
    p.piece = (p.length + p.splits - 1) / p.splits;
    p.splits = (p.length + p.piece - 1) / p.piece;
    parameters_ = p;
    statistics_ = module.kernel("statistics");
    combine_ = module.kernel("combine");
    single_ = module.kernel("apply_single");
    if ((last ? p.channels.divisor : p.plane.divisor) % static_cast<uint64_t>(width) == 0)
      wide_ = module.kernel("apply_wide");
  }
  std::string kernel_name() const override { return parameters_.splits > 1 ? "group_norm:split" : "group_norm"; }
  int64_t workspace_bytes() const override { return int64_t{8} * parameters_.groups * (parameters_.splits + 1); }

  void enqueue(State*, const Args& args, cudaStream_t stream) const override {
    Parameters p = parameters_;
    p.x = args.in[0].data;
    p.y = args.out[0].data;
    if (has_scale_) p.scale = args.in[1].data;
    if (has_bias_) p.bias = args.in[2].data;
    p.partial = args.workspace;
    const auto run = [&](const Kernel& kernel, Launch how) {
      how.stream = stream;
      kernel(how, p);
    };
    run(statistics_, launch_over(int64_t{p.groups} * p.splits * kThreads, kThreads));
    run(combine_, launch_over(p.groups));
    const bool wide = wide_ && (std::bit_cast<uint64_t>(p.x) | std::bit_cast<uint64_t>(p.y)) % 16 == 0;
    if (wide) p.count /= static_cast<uint32_t>(width_);
    run(wide ? wide_ : single_, launch_over(p.count));
  }

 private:
  Parameters parameters_;
  int64_t width_;
  bool has_scale_, has_bias_;
  Kernel statistics_, combine_, single_, wide_;
};

/// Group and instance normalization in both layouts.
class DeviceGroupNorm : public Tactic {
 public:
  std::string_view name() const override { return "device_group_norm"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    if (!p.node().as<GroupNorm>()) why = "not a group normalization";
    const DType dtype = p.input(0).dtype();
    if (why.empty() && dtype != DType::f32 && dtype != DType::f16 && dtype != DType::bf16)
      why = fmt::format("normalizes f32, f16 and bf16 only, found {}", to_string(dtype));
    if (!why.empty() || !plain_tensors(p, why)) return {};
    for (int i : {1, 2})
      if (p.input(i).present() && !has_elements(p, i, why)) return {};
    Offer offer = row_major_offer(p, name());
    offer.share = Share::in_place;
    return in_precisions_and_across(in_both_layouts(offer, p.input(0).rank()), p);
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const GroupNorm& op = *cx.problem.node().as<GroupNorm>();
    const Dims& x = cx.shapes.in[0];
    if (checked_product(x) == 0 || checked_product(x) > kMostItems) {
      why = "an empty tensor, or more than 2^31 elements";
      return nullptr;
    }
    const int64_t channels = x[1], groups = op.groups ? op.groups : channels;
    if (channels % groups != 0) {
      why = fmt::format("{} channels cannot be divided into {} groups", channels, groups);
      return nullptr;
    }
    for (size_t i : {size_t{1}, size_t{2}})
      if (cx.problem.input(static_cast<int>(i)).present() &&
          cx.shapes.in[i] != Dims{op.per_group_scale ? groups : channels}) {
        why = fmt::format("input {} has not one element per channel or group", i);
        return nullptr;
      }
    Parameters p;
    p.count = static_cast<uint32_t>(checked_product(x));
    p.groups = static_cast<uint32_t>(x[0] * groups);
    p.length = p.count / p.groups;
    p.per_group = Divider(channels / groups);
    p.plane = Divider(checked_product(std::span(x).subspan(2)));
    p.channels = Divider(channels);
    p.groups_of_sample = static_cast<uint32_t>(groups);
    p.channels_of_scale = op.per_group_scale ? p.per_group.divisor : 1;
    p.epsilon = static_cast<float>(op.epsilon);
    const bool last = !cx.offer.in[0].layout.row_major();
    const auto stored = [&](size_t i) {
      const Fact& fact = cx.problem.input(static_cast<int>(i));
      return fact.present() ? stored_as(cx.offer.in[i], fact.dtype()) : DType::f32;
    };
    const DType out = stored_type(cx);
    return std::make_shared<GroupNormExecutable>(
        p, compiled(group_norm_text(stored(0), out, stored(1), stored(2), last), cx.problem.device.compute),
        width_of(stored(0), out), last, cx.problem.input(1).present(), cx.problem.input(2).present(),
        std::max(cx.problem.device.multiprocessors, 1));
  }
};

}  // namespace

KernelText group_norm_text(DType in, DType out, DType scale, DType bias, bool channels_last) {
  return {kernel_text_group_norm,
          {fmt::format("-DIN={}", element_name(in)), fmt::format("-DOUT={}", element_name(out)),
           fmt::format("-DSCALE={}", element_name(scale)), fmt::format("-DBIAS={}", element_name(bias)),
           fmt::format("-DLAST={}", channels_last), fmt::format("-DWIDTH={}", width_of(in, out))}};
}

const Tactic& device_group_norm_tactic() {
  static const DeviceGroupNorm tactic;
  return tactic;
}

}  // namespace tenon::core::cuda
