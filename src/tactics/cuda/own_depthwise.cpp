#include "tactics/cuda/own_depthwise.h"

#include <algorithm>

#include "tactics/cuda/own_window.h"
#include "tactics/cuda/support.h"
#include "tactics/support.h"

extern const char* const kernel_text_tile;
extern const char* const kernel_text_depthwise_args;
extern const char* const kernel_text_depthwise;

namespace tenon::core::cuda {
namespace own {

int64_t DepthwisePlan::blocks() const {
  const DepthwiseArgs& a = args;
  return images * own::blocks(a.channels / vector, lanes) * own::blocks(a.out_w, int64_t{tile} * columns) * own::blocks(a.out_h, int64_t{rows} * walk);
}

KernelText DepthwisePlan::text() const {
  return text_of({kernel_text_tile, kernel_text_depthwise_args, kernel_text_depthwise},
                 {fmt::format("SCALAR={}", type_name(type)), fmt::format("BIAS={}", bias == DType::none ? "float" : type_name(bias)),
                  fmt::format("VECTOR={}", vector), fmt::format("TILE={}", tile), fmt::format("WALK={}", walk), fmt::format("VECTORS={}", lanes), fmt::format("COLUMNS={}", columns),
                  fmt::format("ROWS={}", rows), fmt::format("KERNEL_H={}", fixed ? args.kernel_h : 0),
                  fmt::format("KERNEL_W={}", fixed ? args.kernel_w : 0), fmt::format("STRIDE_W={}", args.stride_w),
                  fmt::format("DILATION_W={}", args.dilation_w), activation});
}

void DepthwisePlan::shape_block(int most) {
  const int vectors = args.channels / vector;
  lanes = std::min(vectors, 8);
  if (vectors <= 16) {
    lanes = vectors;
  } else {
    for (int d = 4; d <= 16; ++d)
      if (vectors % d == 0 && (vectors % lanes != 0 || most / d * d >= most / lanes * lanes)) lanes = d;
  }
  const int rest = std::max(1, most / lanes);
  columns = 1;
  while (4 * columns * columns * tile <= rest) columns *= 2;
  rows = rest / columns;
}

namespace {

/// Depthwise convolution, channels last. Config "tile": output pixels of a thread; "walk", where it is there: its rows of them;
/// "vector": its channels; "threads": of a block, about.
class OwnDepthwise : public Tactic {
 public:
  std::string_view name() const override { return "own_depthwise"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const Conv* conv = p.node().as<Conv>();
    if (!conv) why = "not a convolution";
    if (!why.empty() || !source_enabled(p, jit_convolutions_source, why) || !is_float_node(p, why) || !is_window_conv(p, why) || !activation_definition(conv->activation, why)) return {};
    if (!is_depthwise(p)) {
      why = "not a depthwise convolution";
      return {};
    }
    std::vector<Offer> result;
    for (DType storage : storages(p))
      for (const Config& config : configs(p, storage == DType::none ? p.input(0).dtype() : storage)) {
        Offer offer = row_major_offer(p, name());
        offer.config = config;
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
    const WindowShape s = window_shape(p.node().as<Conv>()->window, cx.shapes);
    DepthwisePlan plan = plan_of(cx, s);
    const int64_t taps = int64_t{s.kernel[0]} * s.kernel[1], channels = s.channels;
    const auto weights = packed(cx, 1, "depthwise", plan.type, taps * channels, [&](std::span<const float> from, std::span<float> to) {
      for (int64_t c = 0; c < channels; ++c)
        for (int64_t t = 0; t < taps; ++t) to[static_cast<size_t>(t * channels + c)] = from[static_cast<size_t>(c * taps + t)];
    });
    const auto bias = held_constant(cx, 2);
    plan.args.weights = weights->data();
    const int64_t bytes = plan.vector * size_of(plan.type), bias_bytes = plan.bias == DType::none ? 1 : plan.vector * size_of(plan.bias);
    Launch launch;
    if (plan.blocks() > INT32_MAX) {
      why = "more tiles than a launch has blocks";
      return nullptr;
    }
    launch.grid = dim3(static_cast<unsigned>(plan.blocks()));
    launch.block = dim3(static_cast<unsigned>(plan.threads()));
    auto executable = std::make_shared<KernelExecutable<DepthwiseArgs>>(
        fmt::format("own_depthwise:{}x{}t{}{}v{}", s.kernel[0], s.kernel[1], plan.tile, plan.walk > 1 ? fmt::format("x{}", plan.walk) : "", plan.vector), compiled(plan.text(), p.device.compute).kernel("depthwise"),
        launch, plan.args, [bytes, bias_bytes, bias](DepthwiseArgs& a, const Args& args) {
          a.x = input_address(args, 0, bytes);
          a.bias = bias ? bias->data() : input_address(args, 2, std::min<int64_t>(bias_bytes, 16));
          a.residual = input_address(args, 3, bytes);
          a.y = output_address(args, 0, bytes);
        });
    executable->hold(1, weights);
    if (bias) executable->hold(2, bias);
    return executable;
  }

 private:
  static DepthwisePlan plan_of(const PrepareContext& cx, const WindowShape& s) {
    const Problem& p = cx.problem;
    DepthwisePlan plan;
    std::string why;
    plan.type = stored_as(cx.offer.in[0], p.input(0).dtype());
    plan.bias = p.input(2).dtype();
    plan.activation = *activation_definition(p.node().as<Conv>()->activation, why);
    plan.tile = static_cast<int>(cx.offer.config.at("tile"));
    plan.fixed = s.kernel[1] <= 7;
    plan.vector = std::min(common_vector(plan.type, {s.channels}), static_cast<int>(cx.offer.config.at("vector")));
    if (cx.offer.config.count("walk")) plan.walk = static_cast<int>(cx.offer.config.at("walk"));
    fill(plan, s);
    plan.shape_block(static_cast<int>(cx.offer.config.at("threads")));
    return plan;
  }

  /// Many pixels a thread where there are enough of them, else as many threads as there is work for.
  static std::vector<Config> configs(const Problem& p, DType type) {
    const Dims& w = p.input(1).constant->dims();
    const Shape& y = p.output(0).shape();
    int64_t work = checked_mul(w[0], expected_size(p, y[0], 8));
    for (size_t axis = 2; axis < y.size(); ++axis) work = checked_mul(work, expected_size(p, y[axis], 56));
    const int64_t full = common_vector(type, {w[0]}), busy = int64_t{std::max(1, p.device.multiprocessors)} * 128;
    std::vector<std::pair<int64_t, int64_t>> shapes;  // tile, vector
    if (w.back() > 7) {
      shapes = {{1, full}};
    } else {
      const bool wide = w.back() >= 5;
      shapes = wide ? std::vector<std::pair<int64_t, int64_t>>{{7, full}, {4, full}, {2, full}} : std::vector<std::pair<int64_t, int64_t>>{{4, full}, {2, full}};
      while (shapes.size() > 1 && work / (shapes[0].first * full) < busy) shapes.erase(shapes.begin());
      if (work / (2 * full) < 4 * busy) shapes.push_back({1, full});
      if (work / full < busy && full > 2) shapes.push_back({1, full / 2});
      if (work / full < busy / 2 && full > 4) shapes.push_back({1, full / 4});
    }
    std::vector<Config> result;
    for (const auto& [tile, vector] : shapes)
      result.push_back({{"tile", tile}, {"vector", vector}, {"threads", work / (tile * vector) < 2 * busy ? 64 : 128}});
    // Rows that a thread walks down: a window of 3 x 3 and four channels fit its registers.
    const Window& window = p.node().as<Conv>()->window;
    const auto all = [](const auto& values, int64_t value) { return std::all_of(values.begin(), values.end(), [&](int64_t v) { return v == value; }); };
    const bool walks = w.size() == 4 && w[2] == 3 && w[3] == 3 && all(window.dilations, 1) && all(window.strides, 1);
    for (const int64_t walk : {7, 14})
      if (walks && full >= 4 && size_of(type) == 2 && work / (4 * 4 * walk) >= busy)
        result.push_back({{"tile", 4}, {"vector", 4}, {"threads", 128}, {"walk", walk}});
    return result;
  }

  static void fill(DepthwisePlan& plan, const WindowShape& s) {
    DepthwiseArgs& a = plan.args;
    a.height = s.in[0], a.width = s.in[1], a.channels = static_cast<int>(s.channels);
    a.out_h = s.out[0], a.out_w = s.out[1];
    a.kernel_h = s.kernel[0], a.kernel_w = s.kernel[1];
    a.stride_h = s.stride[0], a.stride_w = s.stride[1];
    a.dilation_h = s.dilation[0], a.dilation_w = s.dilation[1];
    a.pad_h = s.pad[0], a.pad_w = s.pad[1];
    plan.images = s.images;
  }
};

}  // namespace
}  // namespace own

const Tactic& own_depthwise_tactic() {
  static const own::OwnDepthwise tactic;
  return tactic;
}

}  // namespace tenon::core::cuda
