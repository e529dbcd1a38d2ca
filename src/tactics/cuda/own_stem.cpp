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

int StemPlan::columns() const {
  int columns = 4;
  while (columns < kernel_w + shift()) columns *= 2;
  return columns;
}

void StemPlan::load_rows(int width, int pad) {
  input_vector = common_vector(input, {width, int64_t{tile_w} * stride});
  lead = (input_vector - pad % input_vector) % input_vector;
}

void StemPlan::arrange(std::span<const float> from, std::span<float> to) const {
  const int64_t rows = int64_t{channels} * kernel_h;
  for (int64_t f = 0; f < static_cast<int64_t>(from.size()) / (rows * kernel_w); ++f)
    for (int64_t r = 0; r < rows; ++r)
      std::copy_n(from.begin() + (f * rows + r) * kernel_w, kernel_w, to.begin() + f * line() + r * columns() + shift());
}

int64_t StemPlan::shared_bytes() const {
  const int64_t across = lead - shift() + (tile_w - 1) * stride + columns(), row = (across + input_vector - 1) / input_vector * input_vector + 1;
  const int64_t patch = int64_t{channels} * ((tile_h - 1) * stride + kernel_h) * row;
  const int64_t weights = bn * line() * 2, out = warps * 32 * (bn * 2 + 16);
  return weights + out + bn * 4 + (patch + 16) * 2 + 16;
}

int64_t StemPlan::tiles() const {
  return int64_t{args.batch} * blocks(args.out_h, tile_h) * blocks(args.out_w, tile_w);
}

KernelText StemPlan::text() const {
  return text_of({kernel_text_tile, kernel_text_stem_args, kernel_text_stem},
                 {fmt::format("INPUT={}", type_name(input)), fmt::format("SCALAR={}", type_name(type)),
                  fmt::format("BIAS={}", bias == DType::none ? "float" : type_name(bias)), fmt::format("CHANNELS={}", channels),
                  fmt::format("INPUT_VECTOR={}", input_vector), fmt::format("LEAD={}", lead), fmt::format("COLUMNS={}", columns()),
                  fmt::format("SHIFT={}", shift()),
                  fmt::format("KERNEL_H={}", kernel_h), fmt::format("KERNEL_W={}", kernel_w), fmt::format("STRIDE={}", stride),
                  fmt::format("TILE_H={}", tile_h), fmt::format("TILE_W={}", tile_w), fmt::format("WARPS={}", warps), fmt::format("BN={}", bn),
                  activation});
}

namespace {

constexpr int64_t kMostTaps = 256, kMostColumns = 11;

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
    const int64_t lines = blocks(w[0], plan.bn) * plan.bn;
    const auto weights = packed(cx, 1, fmt::format("stem {} {}", plan.columns(), plan.shift()), plan.type, lines * plan.line(),
                                [&](std::span<const float> from, std::span<float> to) { plan.arrange(from, to); });
    const auto bias = held_constant(cx, 2);
    StemArgs parameters = plan.args;
    parameters.weights = weights->data();
    const Kernel kernel = compiled(plan.text(), p.device.compute).kernel("stem");
    Launch launch;
    launch.block = dim3(static_cast<unsigned>(plan.warps * 32));
    launch.shared_bytes = static_cast<unsigned>(plan.shared_bytes());
    const int64_t columns = blocks(w[0], plan.bn), together = std::max(1, kernel.blocks_per_multiprocessor(plan.warps * 32, launch.shared_bytes));
    const int64_t at_once = std::max<int64_t>(1, p.device.multiprocessors * together / columns);
    launch.grid = dim3(static_cast<unsigned>(std::min(plan.tiles(), at_once)), static_cast<unsigned>(columns));
    auto executable = std::make_shared<KernelExecutable<StemArgs>>(
        fmt::format("own_stem:{}x{}", plan.kernel_h, plan.kernel_w), kernel, launch, parameters,
        [bytes = plan.input_vector * size_of(plan.input), bias](StemArgs& a, const Args& args) {
          a.x = input_address(args, 0, bytes);
          a.bias = bias ? bias->data() : input_address(args, 2);
          a.y = output_address(args, 0, 16);
        });
    executable->hold(1, weights);
    if (bias) executable->hold(2, bias);
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
    else if (w[1] * w[2] * std::max<int64_t>(w[3], 4) > kMostTaps || w[3] > kMostColumns)
      why = fmt::format("a filter has more than {} elements or {} columns", kMostTaps, kMostColumns);
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
    plan.load_rows(p.input(0).shape().back().is_const() ? a.width : 1, a.pad_w);
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
