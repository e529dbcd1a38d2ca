#include "tactics/cuda/own_stem.h"

#include <algorithm>

#include "tactics/cuda/own_window.h"
#include "tactics/cuda/support.h"
#include "tactics/support.h"

extern const char* const kernel_text_tile;
extern const char* const kernel_text_stem_args;
extern const char* const kernel_text_stem;

namespace tenon::core::cuda {
namespace own {

int64_t StemPlan::shared_bytes() const {
  const int64_t patch = int64_t{channels} * ((tile_h - 1) * stride + kernel_h) * ((tile_w - 1) * stride + kernel_w);
  const int64_t taps_bytes = (line() - 8) * 4, weights = bn * line() * 2, out = warps * 32 * (bn * 2 + 16);
  return taps_bytes + weights + out + (patch + 16) * 2 + 16;
}

int64_t StemPlan::tiles() const {
  return int64_t{args.batch} * blocks(args.out_h, tile_h) * blocks(args.out_w, tile_w);
}

KernelText StemPlan::text() const {
  return text_of({kernel_text_tile, kernel_text_stem_args, kernel_text_stem},
                 {fmt::format("INPUT={}", type_name(input)), fmt::format("SCALAR={}", type_name(type)),
                  fmt::format("BIAS={}", bias == DType::none ? "float" : type_name(bias)), fmt::format("CHANNELS={}", channels),
                  fmt::format("KERNEL_H={}", kernel_h), fmt::format("KERNEL_W={}", kernel_w), fmt::format("STRIDE={}", stride),
                  fmt::format("TILE_H={}", tile_h), fmt::format("TILE_W={}", tile_w), fmt::format("WARPS={}", warps), fmt::format("BN={}", bn),
                  activation});
}

namespace {

constexpr int64_t kMostTaps = 256;

/// Filters of a block: the two widths that waste least.
std::vector<int64_t> block_widths(int64_t filters) {
  std::vector<std::pair<int64_t, int64_t>> ranked;
  for (int64_t bn : {96, 64, 48, 32, 16}) ranked.emplace_back((filters + bn - 1) / bn * bn - filters, -bn);
  std::sort(ranked.begin(), ranked.end());
  return {-ranked[0].second, -ranked[1].second};
}

/// The first convolution of a network: up to 4 channels in row-major order, read in their own type. Config "bn": filters of a
/// block; "rows": rows of a tile.
class OwnStem : public Tactic {
 public:
  std::string_view name() const override { return "own_stem"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    if (!supports(p, why)) return {};
    const int64_t filters = p.input(1).constant->dims()[0];
    std::vector<Offer> result;
    for (DType storage : storages(p)) {
      if (storage == DType::none && p.input(0).dtype() == DType::f32) continue;
      for (int64_t bn : block_widths(filters))
        for (int64_t rows : {8, 4}) {
          Offer offer = row_major_offer(p, name());
          offer.config = {{"bn", bn}, {"rows", rows}};
          offer.out[0] = with_layout(channels_last(4));
          offer.out[0].storage = storage;
          result.push_back(std::move(offer));
        }
    }
    if (result.empty()) why = "the kernel writes f16 and bf16 only";
    return result;
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    if (!sizes_fit(cx.shapes, why)) return nullptr;
    const Problem& p = cx.problem;
    const Conv& conv = *p.node().as<Conv>();
    const Dims& w = cx.shapes.in[1];
    const StemPlan plan = plan_of(cx, *activation_definition(conv.activation, why));
    if (plan.shared_bytes() > 100 << 10) {
      why = "what a tile sees does not fit shared memory";
      return nullptr;
    }
    const int64_t taps = plan.taps(), line = plan.line(), lines = blocks(w[0], plan.bn) * plan.bn;
    const auto weights = packed(cx, 1, fmt::format("stem {}", line), plan.type, lines * line, [&](std::span<const float> from, std::span<float> to) {
      for (int64_t f = 0; f < w[0]; ++f) std::copy_n(from.begin() + f * taps, taps, to.begin() + f * line);
    });
    StemArgs parameters = plan.args;
    parameters.weights = weights->data();
    Launch launch;
    const int64_t at_once = int64_t{std::max(1, p.device.multiprocessors)} * 4;
    launch.grid = dim3(static_cast<unsigned>(std::min(plan.tiles(), at_once)), blocks(w[0], plan.bn));
    launch.block = dim3(static_cast<unsigned>(plan.warps * 32));
    launch.shared_bytes = static_cast<unsigned>(plan.shared_bytes());
    auto executable = std::make_shared<KernelExecutable<StemArgs>>(
        fmt::format("own_stem:{}x{}", plan.kernel_h, plan.kernel_w), compiled(plan.text(), p.device.compute).kernel("stem"), launch, parameters,
        [](StemArgs& a, const Args& args) {
          a.x = input_address(args, 0);
          a.bias = input_address(args, 2);
          a.y = output_address(args, 0, 16);
        });
    executable->hold(1, weights);
    return executable;
  }

 private:
  static bool supports(const Problem& p, std::string& why) {
    const Conv* conv = p.node().as<Conv>();
    if (!conv) why = "not a convolution";
    if (!why.empty() || !source_enabled(p, jit_convolutions_source, why) || !is_float_node(p, why) || !has_async_copies(p, why) || !is_window_conv(p, why)) return false;
    const Dims& w = p.input(1).constant->dims();
    const Window& window = conv->window;
    const bool one_stride = window.strides.empty() || window.strides[0] == window.strides.back();
    const bool dense = std::all_of(window.dilations.begin(), window.dilations.end(), [](int64_t d) { return d == 1; });
    if (w.size() != 4 || conv->group != 1 || w[1] > 4 || !one_stride || !dense)
      why = "not a plain convolution of up to 4 channels";
    else if (checked_product(w) / w[0] > kMostTaps)
      why = fmt::format("a filter has more than {} elements", kMostTaps);
    else if (w[0] % 8 != 0)
      why = "the number of filters is not a multiple of 8";
    else if (p.input(3).present())
      why = "there is a residual";
    return why.empty() && activation_definition(conv->activation, why);
  }

  static StemPlan plan_of(const PrepareContext& cx, const std::string& activation) {
    const Problem& p = cx.problem;
    const WindowShape s = window_shape(p.node().as<Conv>()->window, cx.shapes);
    StemPlan plan;
    plan.input = p.input(0).dtype();
    plan.type = stored_as(cx.offer.out[0], plan.input);
    plan.bias = p.input(2).dtype();
    plan.channels = static_cast<int>(s.channels);
    plan.kernel_h = s.kernel[0], plan.kernel_w = s.kernel[1], plan.stride = s.stride[0];
    plan.bn = static_cast<int>(cx.offer.config.at("bn"));
    plan.warps = 4;
    plan.tile_h = static_cast<int>(cx.offer.config.at("rows"));
    plan.tile_w = plan.warps * 32 / plan.tile_h;
    plan.activation = activation;
    StemArgs& a = plan.args;
    a.batch = static_cast<int>(s.images), a.height = s.in[0], a.width = s.in[1];
    a.filters = static_cast<int>(cx.shapes.in[1][0]);
    a.out_h = s.out[0], a.out_w = s.out[1], a.pad_h = s.pad[0], a.pad_w = s.pad[1];
    return plan;
  }
};

}  // namespace
}  // namespace own

const Tactic& own_stem_tactic() {
  static const own::OwnStem tactic;
  return tactic;
}

}  // namespace tenon::core::cuda
