#include <algorithm>

#include "ops/conv.h"
#include "tactics/cuda/own_gemm.h"
#include "tactics/cuda/own_window.h"
#include "tactics/cuda/support.h"
#include "tactics/support.h"

namespace tenon::core::cuda {
namespace own {
namespace {

/// [filters][kernel rows][kernel columns][channels of a group], each filter `line` elements long.
void arrange_filters(const Dims& w, int64_t line, std::span<const float> from, std::span<float> to) {
  const int64_t filters = w[0], channels = w[1], taps = checked_product(w) / (filters * channels);
  for (int64_t f = 0; f < filters; ++f)
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t t = 0; t < taps; ++t)
        to[static_cast<size_t>(f * line + t * channels + c)] = from[static_cast<size_t>((f * channels + c) * taps + t)];
}

/// Convolution of one or two spatial axes as a product of matrices, channels last. Config: see GemmTile.
class OwnConv : public Tactic {
 public:
  std::string_view name() const override { return "own_conv"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const Conv* conv = p.node().as<Conv>();
    if (!conv) why = "not a convolution";
    if (!why.empty() || !source_enabled(p, jit_convolutions_source, why) || !is_float_node(p, why) || !has_async_copies(p, why)) return {};
    if (!is_window_conv(p, why) || !activation_definition(conv->activation, why)) return {};
    std::vector<Offer> result;
    for (DType storage : storages(p)) add_offers(p, *conv, storage, result);
    return result;
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const auto plan = plan_of(cx, why);
    if (!plan) return nullptr;
    const Dims& w = cx.shapes.in[1];
    const int64_t line = plan->args.b_row;
    if (line == checked_product(w) / w[0]) return make_gemm(cx, *plan, filters_on_device(cx, 1, plan->type), why);
    const auto weights = packed(cx, 1, fmt::format("filters {}", line), plan->type, w[0] * line,
                                [&](std::span<const float> from, std::span<float> to) { arrange_filters(w, line, from, to); });
    return make_gemm(cx, *plan, weights, why);
  }

 private:
  static std::optional<GemmPlan> plan_of(const PrepareContext& cx, std::string& why) {
    if (!sizes_fit(cx.shapes, why)) return {};
    const Problem& p = cx.problem;
    const Conv& conv = *p.node().as<Conv>();
    GemmPlan plan;
    plan.type = plan.output = stored_as(cx.offer.in[0], p.input(0).dtype());
    plan.bias = p.input(2).dtype();
    plan.tensor_cores = on_tensor_cores(p, plan.type);
    plan.activation = *activation_definition(conv.activation, why);
    WindowShape s = window_shape(conv.window, cx.shapes);
    Dims w = cx.shapes.in[1];
    if (conv.group == 1 && p.input(0).shape().back().is_const()) fold_columns(s, w);
    fill(plan, s, conv.group, w);
    if (!choose_kernel(plan, cx.offer.config, p, why)) return {};
    plan.settle(true, p.input(3).present());
    return plan;
  }

  void add_offers(const Problem& p, const Conv& conv, DType storage, std::vector<Offer>& into) const {
    const Dims w = p.input(1).constant->dims();
    const Shape& y = p.output(0).shape();
    int64_t m = expected_size(p, y[0], 8);
    for (size_t axis = 2; axis < y.size(); ++axis) m = checked_mul(m, expected_size(p, y[axis], 56));
    const DType type = storage == DType::none ? p.input(0).dtype() : storage;
    const int64_t k = checked_product(w) / w[0];
    for (const Config& config : gemm_configs(p, type, conv.group, m, w[0] / conv.group, k, is_point(conv, w), true)) {
      Offer offer = row_major_offer(p, name());
      offer.config = config;
      offer.in[0] = offer.out[0] = with_layout(channels_last(p.input(0).rank()));
      offer.in[0].storage = offer.out[0].storage = storage;
      if (p.input(3).present()) {
        offer.in[3] = offer.out[0];
        offer.share = Share::in_place;
        offer.shared_input = 3;
      }
      into.push_back(std::move(offer));
    }
  }

  static bool is_point(const Conv& conv, const Dims& w) {
    const auto all = [](const auto& values, int64_t value) { return std::all_of(values.begin(), values.end(), [&](int64_t v) { return v == value; }); };
    return conv.group == 1 && all(std::span(w).subspan(2), 1) && all(conv.window.strides, 1) && all(conv.window.pads, 0);
  }

  /// Windows that lie side by side (patches): the columns of one are channels of one pixel, in the order of memory, so that more
  /// neighbours are loaded together.
  static void fold_columns(WindowShape& s, Dims& w) {
    const int columns = s.kernel[1];
    if (columns == 1 || columns != s.stride[1] || s.dilation[1] != 1 || s.pad[1] != 0 || s.in[1] % columns != 0) return;
    if (s.out[1] != s.in[1] / columns) return;
    s.channels *= columns;
    w[1] *= columns;
    s.in[1] /= columns;
    s.kernel[1] = s.stride[1] = 1;
  }

  static void fill(GemmPlan& plan, const WindowShape& s, int64_t group, const Dims& w) {
    GemmArgs& a = plan.args;
    const int64_t channels = w[1], filters = w[0] / group;
    const bool point = s.is_point() && group == 1;
    plan.conv = !point;
    plan.batch = group;
    a.m = static_cast<int>(s.images * s.out[0] * s.out[1]);
    a.n = static_cast<int>(filters);
    a.k = static_cast<int>(channels * s.kernel[0] * s.kernel[1]);
    const int64_t item = size_of(plan.type);
    a.a_row = a.pixel = static_cast<int>(s.channels);
    a.b_row = static_cast<int>((a.k * item + 15) / 16 * 16 / item);
    a.y_row = static_cast<int>(w[0]);
    a.inner_count = static_cast<int>(group);
    a.a_inner = channels;
    a.b_inner = filters * a.b_row;
    a.y_inner = filters;
    a.bias_column = 1;
    a.bias_z = filters;
    a.alpha = 1;
    a.channels = static_cast<int>(channels);
    a.height = s.in[0], a.width = s.in[1];
    a.out_h = s.out[0], a.out_w = s.out[1];
    a.kernel_h = s.kernel[0], a.kernel_w = s.kernel[1];
    a.stride_h = s.stride[0], a.stride_w = s.stride[1];
    a.dilation_h = s.dilation[0], a.dilation_w = s.dilation[1];
    a.pad_h = s.pad[0], a.pad_w = s.pad[1];
    plan.a_vector = common_vector(plan.type, {channels, s.channels});
    plan.b_vector = static_cast<int>(16 / item);
    plan.y_vector = common_vector(plan.output, {filters, w[0]});
  }
};

}  // namespace
}  // namespace own

const Tactic& own_conv_tactic() {
  static const own::OwnConv tactic;
  return tactic;
}

}  // namespace tenon::core::cuda
