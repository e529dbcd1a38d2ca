#include "tactics/cuda/own_depthwise.h"

#include <algorithm>

#include "tactics/cuda/own_window.h"
#include "tactics/support.h"

extern const char* const kernel_text_tile;
extern const char* const kernel_text_depthwise_args;
extern const char* const kernel_text_depthwise;

namespace tenon::core::cuda {
namespace own {

KernelText DepthwisePlan::text() const {
  return text_of({kernel_text_tile, kernel_text_depthwise_args, kernel_text_depthwise},
                 {fmt::format("SCALAR={}", type_name(type)), fmt::format("BIAS={}", bias == DType::none ? "float" : type_name(bias)),
                  fmt::format("VECTOR={}", vector), fmt::format("TILE={}", tile), fmt::format("KERNEL_H={}", fixed ? args.kernel_h : 0),
                  fmt::format("KERNEL_W={}", fixed ? args.kernel_w : 0), fmt::format("STRIDE_W={}", args.stride_w),
                  fmt::format("DILATION_W={}", args.dilation_w), activation});
}

namespace {

/// Depthwise convolution, channels last. Config "tile": output pixels of a thread.
class OwnDepthwise : public Tactic {
 public:
  std::string_view name() const override { return "own_depthwise"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const Conv* conv = p.node().as<Conv>();
    if (!conv) why = "not a convolution";
    if (!why.empty() || !is_float_node(p, why) || !is_window_conv(p, why) || !activation_definition(conv->activation, why)) return {};
    if (!is_depthwise(p)) {
      why = "not a depthwise convolution";
      return {};
    }
    const Dims& w = p.input(1).constant->dims();
    std::vector<Offer> result;
    for (DType storage : storages(p))
      for (int64_t tile : w.back() <= 7 ? std::vector<int64_t>{4, 2, 1} : std::vector<int64_t>{1}) {
        Offer offer = row_major_offer(p, name());
        offer.config = {{"tile", tile}};
        offer.in[0] = offer.out[0] = with_layout(channels_last(p.input(0).rank()));
        offer.in[0].storage = offer.out[0].storage = storage;
        if (p.input(3).present()) {
          offer.in[3] = offer.out[0];
          offer.share = Share::in_place;
          offer.shared_input = 3;
        }
        result.push_back(std::move(offer));
      }
    return result;
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    if (!sizes_fit(cx.shapes, why)) return nullptr;
    const Problem& p = cx.problem;
    const Conv& conv = *p.node().as<Conv>();
    const WindowShape s = window_shape(conv.window, cx.shapes);
    DepthwisePlan plan;
    plan.type = stored_as(cx.offer.in[0], p.input(0).dtype());
    plan.bias = p.input(2).dtype();
    plan.activation = *activation_definition(conv.activation, why);
    plan.tile = static_cast<int>(cx.offer.config.at("tile"));
    plan.fixed = s.kernel[1] <= 7;
    plan.vector = common_vector(plan.type, {s.channels});
    fill(plan, s);
    const int64_t taps = int64_t{s.kernel[0]} * s.kernel[1], channels = s.channels;
    const auto weights = packed(cx, 1, "depthwise", plan.type, taps * channels, [&](std::span<const float> from, std::span<float> to) {
      for (int64_t c = 0; c < channels; ++c)
        for (int64_t t = 0; t < taps; ++t) to[static_cast<size_t>(t * channels + c)] = from[static_cast<size_t>(c * taps + t)];
    });
    plan.args.weights = weights->data();
    const int64_t bytes = plan.vector * size_of(plan.type), bias_bytes = plan.bias == DType::none ? 1 : plan.vector * size_of(plan.bias);
    Launch launch;
    launch.grid = dim3(blocks(plan.args.tiles, 128));
    launch.block = dim3(128);
    auto executable = std::make_shared<KernelExecutable<DepthwiseArgs>>(
        fmt::format("own_depthwise:{}x{}t{}", s.kernel[0], s.kernel[1], plan.tile), compiled(plan.text(), p.device.compute).kernel("depthwise"),
        launch, plan.args, [bytes, bias_bytes](DepthwiseArgs& a, const Args& args) {
          a.x = input_address(args, 0, bytes);
          a.bias = input_address(args, 2, std::min<int64_t>(bias_bytes, 16));
          a.residual = input_address(args, 3, bytes);
          a.y = output_address(args, 0, bytes);
        });
    executable->hold(1, weights);
    return executable;
  }

 private:
  static void fill(DepthwisePlan& plan, const WindowShape& s) {
    DepthwiseArgs& a = plan.args;
    a.height = s.in[0], a.width = s.in[1], a.channels = static_cast<int>(s.channels);
    a.out_h = s.out[0], a.out_w = s.out[1];
    a.kernel_h = s.kernel[0], a.kernel_w = s.kernel[1];
    a.stride_h = s.stride[0], a.stride_w = s.stride[1];
    a.dilation_h = s.dilation[0], a.dilation_w = s.dilation[1];
    a.pad_h = s.pad[0], a.pad_w = s.pad[1];
    a.tiles = s.images * s.out[0] * blocks(s.out[1], plan.tile) * (s.channels / plan.vector);
  }
};

}  // namespace
}  // namespace own

const Tactic& own_depthwise_tactic() {
  static const own::OwnDepthwise tactic;
  return tactic;
}

}  // namespace tenon::core::cuda
