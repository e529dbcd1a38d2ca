#include "tactics/cuda/own_expand.h"

#include <algorithm>
#include <cmath>

#include "ops/bottleneck.h"
#include "ops/fused.h"
#include "tactics/cuda/own_window.h"
#include "tactics/cuda/support.h"
#include "tactics/support.h"

extern const char* const kernel_text_tile;
extern const char* const kernel_text_expand_args;
extern const char* const kernel_text_expand;

namespace tenon::core::cuda {
namespace own {
namespace {

int64_t rounded_up(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

}  // namespace

int ExpandPlan::threads() const {
  const int outputs = tile_h * tile_w * channels;
  if (channels % 48 == 0) return 192;
  return outputs >= 64 * 64 ? 256 : 128;
}
int64_t ExpandPlan::pixels() const { return int64_t{std::min(rows(), args.height)} * std::min(columns(), args.width); }
int64_t ExpandPlan::blocks() const {
  return images * own::blocks(args.channels, channels) * own::blocks(args.out_w, tile_w) * own::blocks(args.out_h, tile_h);
}
int64_t ExpandPlan::shared_bytes() const {
  const int64_t size = size_of(type), constants = (kernel_h * kernel_w + 2) * channels * 4;
  const int64_t tile = rounded_up(int64_t{rows()} * columns() * (channels * size + 16) + constants, 128);
  return tile + (line == 0 ? 0 : (channels + rounded_up(pixels(), 16)) * (line * size + 16));
}
KernelText ExpandPlan::text() const {
  return text_of({kernel_text_tile, kernel_text_expand_args, kernel_text_expand},
                 {fmt::format("SCALAR={}", type_name(type)), fmt::format("LINE={}", line), fmt::format("CHANNELS={}", channels), fmt::format("WARPS={}", threads() / 32),
                  fmt::format("TILE_H={}", tile_h), fmt::format("TILE_W={}", tile_w), fmt::format("RUN={}", run()), fmt::format("KERNEL_H={}", kernel_h),
                  fmt::format("KERNEL_W={}", kernel_w), fmt::format("STRIDE_H={}", stride_h), fmt::format("STRIDE_W={}", stride_w),
                  fmt::format("TENSOR_CORES={}", tensor_cores ? 1 : 0), inner, outer});
}

namespace {

constexpr int64_t kMostKernel = 7;

/// A convolution of each channel by itself of a node, and the 1x1 convolution before it, if there is one.
struct Parts {
  int x = 0;
  BottleneckPart expand, middle;
  Window window;
};

bool all_are(const std::vector<int64_t>& values, int64_t value) {
  return std::all_of(values.begin(), values.end(), [&](int64_t v) { return v == value; });
}

bool fits(const Problem& p, const Parts& parts, std::string& why) {
  const auto constant = [&](int place) { return place < 0 || !p.input(place).present() || p.input(place).constant; };
  for (const BottleneckPart* part : {&parts.expand, &parts.middle})
    if (!constant(part->weights) || !constant(part->bias)) why = "weights or bias are not constant";
  if (!why.empty()) return false;
  const Dims& w = p.input(parts.middle.weights).constant->dims();
  constexpr int64_t kMost = 1 << 14;  // products of a position and a stride stay within an int
  for (const auto* list : {&parts.window.strides, &parts.window.pads})
    if (std::any_of(list->begin(), list->end(), [](int64_t v) { return v > kMost; })) why = fmt::format("a stride or pad is larger than {}", kMost);
  const auto vectors = [&](int64_t n) { return n % 8 == 0; };
  if (w.size() != 4 || w[2] > kMostKernel || w[3] > kMostKernel || !all_are(parts.window.dilations, 1)) why = fmt::format("a window of more than {0} x {0}, or with gaps", kMostKernel);
  else if (!vectors(w[0]) || (parts.expand.present() && !vectors(p.input(parts.expand.weights).constant->dims()[1]))) why = "channels do not fill vectors of eight";
  return why.empty();
}

/// "ACTIVATION_1(x)=..." of an activation.
std::optional<std::string> numbered(const Activation& activation, int number, std::string& why) {
  const auto text = activation_definition(activation, why);
  if (!text) return {};
  return fmt::format("ACTIVATION_{}{}", number, text->substr(std::string_view("ACTIVATION").size()));
}

/// Without what the shape of a block decides.
ExpandPlan plan_of(const Problem& p, const Parts& parts, DType type, const NodeShapes& shapes) {
  const auto dims = [&](int i) -> const Dims& { return shapes.in[static_cast<size_t>(i)]; };
  const Dims &x = dims(parts.x), &w = dims(parts.middle.weights);
  const WindowShape s = window_shape(parts.window, {{x, w}, shapes.out});
  ExpandPlan plan;
  std::string why;
  plan.type = type;
  plan.images = s.images;
  plan.tensor_cores = on_tensor_cores(p, type);
  plan.inner = *numbered(parts.expand.activation, 1, why), plan.outer = *numbered(parts.middle.activation, 2, why);
  plan.kernel_h = s.kernel[0], plan.kernel_w = s.kernel[1], plan.stride_h = s.stride[0], plan.stride_w = s.stride[1];
  ExpandArgs& a = plan.args;
  a.height = s.in[0], a.width = s.in[1], a.out_h = s.out[0], a.out_w = s.out[1], a.pad_h = s.pad[0], a.pad_w = s.pad[1];
  a.inputs = static_cast<int>(x[1]), a.channels = static_cast<int>(w[0]);
  if (parts.expand.present()) plan.line = static_cast<int>(rounded_up(a.inputs, 32 / size_of(type)));
  return plan;
}

/// Of a block. Shapes are tried in the order of a guess at the cycles that a multiprocessor spends.
struct BlockShape {
  int channels, tile_h, tile_w;
};
constexpr size_t kMostShapes = 7;

double cycles_of(const ExpandPlan& plan, int multiprocessors) {
  const double size = static_cast<double>(size_of(plan.type)), pixels = static_cast<double>(plan.pixels()), outputs = double(plan.tile_h) * plan.tile_w * plan.channels;
  const double each = static_cast<double>(plan.blocks()) / multiprocessors, together = std::min({8.0, 2048.0 / plan.threads(), 227.0 * 1024 / static_cast<double>(plan.shared_bytes())});
  const double products = static_cast<double>(rounded_up(plan.pixels(), 16)) * plan.channels * plan.line / 600;
  const double taps = outputs * plan.kernel_h * plan.kernel_w / 60, moved = pixels * (plan.line == 0 ? plan.channels : plan.line) * size / 40 + outputs * size / 18;
  return std::ceil(each) * (products + taps + moved + pixels * plan.channels / 64) + std::ceil(each / std::floor(together)) * 2500;
}

std::vector<BlockShape> block_shapes(ExpandPlan plan, const DeviceInfo& device) {
  const auto waste = [](int64_t n, int64_t part) { return static_cast<double>(rounded_up(n, part)) / static_cast<double>(n); };
  std::vector<std::pair<double, BlockShape>> found;
  for (const auto& [tile_h, tile_w] : {std::pair{1, 7}, {2, 7}, {4, 7}, {7, 7}, {7, 14}, {14, 14}, {2, 8}, {4, 8}, {8, 8}, {8, 16}, {16, 16}})
    for (int channels : {16, 32, 48, 64, 96}) {
      plan.tile_h = tile_h, plan.tile_w = tile_w, plan.channels = channels;
      if (waste(plan.args.out_h, tile_h) * waste(plan.args.out_w, tile_w) * waste(plan.args.channels, channels) > 1.7) continue;
      if (plan.shared_bytes() <= most_shared(device)) found.push_back({cycles_of(plan, std::max(1, device.multiprocessors)), {channels, tile_h, tile_w}});
    }
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  if (found.empty()) found.push_back({0, {16, 2, 8}});
  std::vector<BlockShape> result;
  for (size_t i = 0; i < std::min(found.size(), kMostShapes); ++i) result.push_back(found[i].second);
  return result;
}

/// Dims at which shapes of blocks are compared: the largest of each range.
NodeShapes expected_shapes(const Problem& p) {
  const auto dims = [&](const Shape& shape) {
    Dims result;
    for (size_t i = 0; i < shape.size(); ++i) result.push_back(expected_size(p, shape[i], i == 0 ? 8 : 56));
    return result;
  };
  NodeShapes shapes;
  for (size_t i = 0; i < p.node().inputs.size(); ++i) {
    const Fact& fact = p.input(static_cast<int>(i));
    shapes.in.push_back(!fact.present() ? Dims{} : fact.constant ? fact.constant->dims() : dims(fact.shape()));
  }
  shapes.out = {dims(p.output(0).shape())};
  return shapes;
}

/// Config "channels", "tile_h", "tile_w": what a block computes.
std::vector<Offer> tile_offers(const Problem& p, const Parts& parts, std::string_view name) {
  std::vector<Offer> result;
  for (DType storage : storages(p)) {
    const DType type = storage == DType::none ? p.input(parts.x).dtype() : storage;
    for (const BlockShape& shape : block_shapes(plan_of(p, parts, type, expected_shapes(p)), p.device)) {
      Offer offer = row_major_offer(p, name);
      const auto x = static_cast<size_t>(parts.x);
      offer.config = {{"channels", shape.channels}, {"tile_h", shape.tile_h}, {"tile_w", shape.tile_w}};
      offer.in[x] = offer.out[0] = with_layout(channels_last(4));
      offer.in[x].storage = offer.out[0].storage = storage;
      result.push_back(std::move(offer));
    }
  }
  return result;
}

/// `count` numbers for each of `from.size() / count` channels, taps first, with zeros for channels up to `line`.
void spread(std::span<const float> from, std::span<float> to, int64_t count, int64_t line) {
  const int64_t channels = static_cast<int64_t>(from.size()) / count;
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t t = 0; t < count; ++t) to[static_cast<size_t>(t * line + c)] = from[static_cast<size_t>(c * count + t)];
}

std::shared_ptr<const Executable> prepare_tiles(const PrepareContext& cx, const Parts& parts, std::string_view name, std::string& why) {
  if (!sizes_fit(cx.shapes, why)) return nullptr;
  const Problem& p = cx.problem;
  const auto at = [&](const char* key) { return static_cast<int>(cx.offer.config.at(key)); };
  ExpandPlan plan = plan_of(p, parts, stored_as(cx.offer.in[static_cast<size_t>(parts.x)], p.input(parts.x).dtype()), cx.shapes);
  plan.channels = at("channels"), plan.tile_h = at("tile_h"), plan.tile_w = at("tile_w");
  if (plan.shared_bytes() > most_shared(p.device) || plan.blocks() > INT32_MAX) {
    why = "more channels or tiles than a launch takes";
    return nullptr;
  }
  ExpandArgs& a = plan.args;
  a.line = static_cast<int>(rounded_up(a.channels, plan.channels));
  std::vector<std::pair<int, std::shared_ptr<const DeviceBuffer>>> held;
  const auto hold = [&](int place, const char* key, DType type, int64_t count, FunctionRef<void(std::span<const float>, std::span<float>)> arrange) -> const void* {
    if (place < 0 || !p.input(place).present()) return nullptr;
    held.emplace_back(place, packed(cx, place, fmt::format("{} {} {}", key, a.line, plan.line), type, count, arrange));
    return held.back().second->data();
  };
  const auto by_channel = [&](std::span<const float> from, std::span<float> to) { spread(from, to, static_cast<int64_t>(from.size()) / a.channels, a.line); };
  if (parts.expand.present()) {
    a.first = hold(parts.expand.weights, "expand", plan.type, int64_t{a.line} * plan.line, [&](std::span<const float> from, std::span<float> to) {
      for (int64_t c = 0; c < a.channels; ++c) std::copy_n(from.begin() + c * a.inputs, a.inputs, to.begin() + c * plan.line);
    });
    a.first_bias = static_cast<const float*>(hold(parts.expand.bias, "bias", DType::f32, a.line, by_channel));
  }
  a.second = hold(parts.middle.weights, "taps", DType::f32, int64_t{a.line} * plan.kernel_h * plan.kernel_w, by_channel);
  a.second_bias = static_cast<const float*>(hold(parts.middle.bias, "bias", DType::f32, a.line, by_channel));
  Launch launch;
  launch.grid = dim3(static_cast<unsigned>(plan.blocks()));
  launch.block = dim3(static_cast<unsigned>(plan.threads()));
  launch.shared_bytes = static_cast<unsigned>(plan.shared_bytes());
  auto executable = std::make_shared<KernelExecutable<ExpandArgs>>(
      fmt::format("{}:{}x{}c{}t{}x{}{}", name, plan.kernel_h, plan.kernel_w, plan.channels, plan.tile_h, plan.tile_w, plan.line > 0 && plan.tensor_cores ? " tensor cores" : ""),
      compiled(plan.text(), p.device.compute).kernel("expand"), launch, a, [x = parts.x](ExpandArgs& args, const Args& call) {
        args.x = input_address(call, x, 16);
        args.y = output_address(call, 0, 16);
      });
  for (auto& [place, form] : held) executable->hold(place, form);
  return executable;
}

/// A 1x1 convolution and one of each of its channels by itself, as one.
class OwnExpand : public Tactic {
 public:
  std::string_view name() const override { return "own_expand"; }
  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const auto parts = parts_of(p);
    if (!parts || p.input(parts->x).rank() != 4) why = "not an expansion before a depthwise convolution";
    if (!why.empty() || !is_float_node(p, why) || !has_async_copies(p, why) || !fits(p, *parts, why) || !activation_definition(parts->expand.activation, why) ||
        !activation_definition(parts->middle.activation, why))
      return {};
    return tile_offers(p, *parts, name());
  }
  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    if (!dims_agree(*bottleneck(*cx.problem.node().as<Fused>()->body), cx.shapes.in, cx.shapes.out[0])) {
      why = "the dims of the convolutions contradict each other";
      return nullptr;
    }
    return prepare_tiles(cx, *parts_of(cx.problem), name(), why);
  }

 private:
  static std::optional<Parts> parts_of(const Problem& p) {
    const Fused* fused = p.node().as<Fused>();
    const auto whole = fused ? bottleneck(*fused->body) : std::nullopt;
    if (!whole || !whole->expand.present() || whole->project.present()) return {};
    return Parts{whole->x, whole->expand, whole->middle, whole->window};
  }
};

/// A depthwise convolution over tiles in shared memory.
class OwnDepthwiseTile : public Tactic {
 public:
  std::string_view name() const override { return "own_depthwise_tile"; }
  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const Conv* conv = p.node().as<Conv>();
    if (!conv) why = "not a convolution";
    if (!why.empty() || !source_enabled(p, jit_convolutions_source, why) || !is_float_node(p, why) || !has_async_copies(p, why) || !is_window_conv(p, why) ||
        !activation_definition(conv->activation, why))
      return {};
    if (!is_depthwise(p) || p.input(0).rank() != 4 || p.input(3).present()) why = "not a depthwise convolution without an addend";
    if (!why.empty() || !fits(p, parts_of(p), why)) return {};
    return tile_offers(p, parts_of(p), name());
  }
  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    return prepare_tiles(cx, parts_of(cx.problem), name(), why);
  }

 private:
  static Parts parts_of(const Problem& p) {
    const Conv* conv = p.node().as<Conv>();
    return {0, {}, {1, 2, conv->activation}, conv->window};
  }
};

}  // namespace
}  // namespace own

const Tactic& own_expand_tactic() {
  static const own::OwnExpand tactic;
  return tactic;
}
const Tactic& own_depthwise_tile_tactic() {
  static const own::OwnDepthwiseTile tactic;
  return tactic;
}

}  // namespace tenon::core::cuda
