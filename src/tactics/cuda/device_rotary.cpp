#include <algorithm>

#include "codegen/cuda/pointwise.h"
#include "cuda/loops.h"
#include "ops/attention.h"
#include "tactics/cuda/formats.h"
#include "tactics/cuda/generated.h"
#include "tactics/cuda/one_kernel.h"
#include "tactics/cuda/support.h"
#include "tactics/cuda/texts.h"

namespace tenon::core::cuda {

KernelText rotary_text(DType in, DType out, DType angle) {
  return {kernel_text_rotary,
          {fmt::format("-DIN={}", element_name(in)), fmt::format("-DOUT={}", element_name(out)),
           fmt::format("-DANGLE={}", element_name(angle))}};
}

namespace {

/// RotaryArgs of the kernel.
struct Parameters {
  const void* x = nullptr;
  void* y = nullptr;
  const void *cosine = nullptr, *sine = nullptr, *positions = nullptr;
  uint32_t count = 0, from_first = 0;
  Divider parts, size_heads;
  uint32_t packed = 0, half = 0, size = 0, tokens = 0, interleaved = 0, heads = 0;
  int64_t limit = 0;
};

/// Rotary embeddings of f32, f16 and bf16.
class DeviceRotary : public Tactic {
 public:
  std::string_view name() const override { return "device_rotary"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    if (!p.node().as<RotaryEmbedding>()) why = "not a rotary embedding";
    const DType dtype = p.input(0).dtype();
    if (why.empty() && dtype != DType::f32 && dtype != DType::f16 && dtype != DType::bf16)
      why = fmt::format("turns f32, f16 and bf16 only, found {}", to_string(dtype));
    if (!why.empty() || !plain_tensors(p, why) || !has_elements(p, 1, why)) return {};
    if (p.input(1).dtype() != p.input(2).dtype()) {
      why = "cosines and sines of two types";
      return {};
    }
    return in_precisions_and_across({row_major_offer(p, name())}, p);
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const RotaryEmbedding& op = *cx.problem.node().as<RotaryEmbedding>();
    const Dims& x = cx.shapes.in[0];
    if (checked_product(x) == 0 || checked_product(x) > kMostItems) why = "an empty tensor, or more than 2^31 elements";
    if (stored_as(cx.offer.in[1], DType::f32) != stored_as(cx.offer.in[2], DType::f32))
      why = "cosines and sines stored differently";
    if (!why.empty()) return nullptr;
    const bool packed = op.heads != 0, has_positions = cx.problem.input(3).present();
    const int64_t heads = packed ? op.heads : x[1], tokens = x[packed ? 1 : 2], size = packed ? x[2] / op.heads : x[3];
    const int64_t half = (op.rotary ? op.rotary : size) / 2, parts = size - half;
    const Dims angles = has_positions ? Dims{cx.shapes.in[1][0], half} : Dims{x[0], tokens, half};
    if (cx.shapes.in[1] != angles || cx.shapes.in[2] != angles || half * 2 > size || (packed && x[2] % heads != 0)) {
      why = "the angles do not fit the heads";
      return nullptr;
    }
    Parameters p;
    p.count = static_cast<uint32_t>(x[0] * heads * tokens * parts);
    p.from_first = has_positions && cx.shapes.in[3].size() == 1;
    p.parts = Divider(parts);
    p.size_heads = Divider(packed ? heads : tokens);
    p.packed = packed;
    p.half = static_cast<uint32_t>(half);
    p.size = static_cast<uint32_t>(size);
    p.tokens = static_cast<uint32_t>(tokens);
    p.interleaved = op.interleaved;
    p.heads = static_cast<uint32_t>(heads);
    p.limit = has_positions ? angles[0] : x[0] * tokens;
    const auto stored = [&](size_t i) {
      return stored_as(cx.offer.in[i], cx.problem.input(static_cast<int>(i)).dtype());
    };
    const Kernel kernel =
        compiled(rotary_text(stored(0), stored_type(cx), stored(1)), cx.problem.device.compute).kernel("rotary");
    return std::make_shared<OneKernel<Parameters>>("rotary", kernel, launch_over(p.count), p,
                                                   [](Parameters& to, const Args& args) {
                                                     to.x = args.in[0].data;
                                                     to.y = args.out[0].data;
                                                     to.cosine = args.in[1].data;
                                                     to.sine = args.in[2].data;
                                                     to.positions = args.in.size() > 3 ? args.in[3].data : nullptr;
                                                   });
  }
};

}  // namespace

const Tactic& device_rotary_tactic() {
  static const DeviceRotary tactic;
  return tactic;
}

}  // namespace tenon::core::cuda
