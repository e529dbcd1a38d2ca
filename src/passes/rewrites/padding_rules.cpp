#include <algorithm>
#include <limits>

#include "ops/shape.h"
#include "passes/match.h"
#include "passes/rewrites/affine.h"
#include "passes/rewrites/families.h"

namespace tenon::core {
namespace {

/// Paddings of the axes after N and C.
struct SpatialPads {
  Value x;
  std::vector<int64_t> begin, end;
  double value = 0;
};

std::optional<SpatialPads> spatial_pads(const Graph& g, Value v, Near& near) {
  const auto* pad = is<Pad>(g, v);
  if (!pad || pad->mode != PadMode::constant || !ranked_tensor(g, v)) return std::nullopt;
  SpatialPads out;
  out.x = input(g, v);
  const int64_t rank = g.type(v).rank();
  const auto pads = numbers(g, input(g, v, 1));
  const auto value = scalar_or(g, input(g, v, 2), 0);
  std::vector<int64_t> axes;
  for (int64_t i = 0; i < rank; ++i) axes.push_back(i);
  if (const Value given = input(g, v, 3)) {
    const auto known = numbers(g, given);
    if (!known) return std::nullopt;
    axes = *known;
  }
  if (!pads || !value || rank < 3 || pads->size() != 2 * axes.size()) return std::nullopt;
  out.value = *value;
  out.begin.resize(rank - 2);
  out.end.resize(rank - 2);
  for (size_t i = 0; i < axes.size(); ++i) {
    const int64_t axis = axes[i] < 0 ? axes[i] + rank : axes[i];
    const int64_t begin = (*pads)[i], end = (*pads)[i + axes.size()];
    if (begin < 0 || end < 0) return near.miss("a padding is negative");
    if (axis < 2 && (begin || end)) return near.miss("the padding is not of spatial axes alone");
    if (axis < 2) continue;
    out.begin[axis - 2] = begin;
    out.end[axis - 2] = end;
  }
  return out;
}

/// The window with explicit pads; nothing when they depend on the input's size.
std::optional<Window> explicit_window(const Window& window, size_t spatial) {
  if (window.auto_pad != AutoPad::notset && window.auto_pad != AutoPad::valid) return std::nullopt;
  Window w = window.filled(static_cast<int>(spatial));
  w.kernel = window.kernel;  // empty: the weights say it
  if (window.auto_pad == AutoPad::valid) w.pads.assign(2 * spatial, 0);
  w.auto_pad = AutoPad::notset;
  return w;
}

std::vector<Value> with_first_input(const Graph& g, Value root, Value x) {
  auto inputs = g.node(root.node).inputs;
  inputs[0] = x;
  return inputs;
}

std::optional<Patch> pad_into_conv(Graph& g, Value root, Near& near) {
  const auto* conv = is<Conv>(g, root);
  const auto pads = conv ? spatial_pads(g, input(g, root), near) : std::nullopt;
  if (!pads) return std::nullopt;
  if (pads->value != 0) return near.miss("the padding is not with zeros");
  const size_t n = pads->begin.size();
  auto window = explicit_window(conv->window, n);
  if (!window) return near.miss("the convolution's own padding depends on the size");
  for (size_t i = 0; i < n; ++i) {
    window->pads[i] += pads->begin[i];
    window->pads[n + i] += pads->end[i];
  }
  Conv padded = *conv;
  padded.window = std::move(*window);
  return replace(root, g.add(std::move(padded), with_first_input(g, root, pads->x)));
}

/// A zero row in front of the input moves the output by `stride` rows of nothing.
std::optional<Patch> pad_into_deconv(Graph& g, Value root, Near& near) {
  const auto* deconv = is<ConvTranspose>(g, root);
  const auto pads = deconv ? spatial_pads(g, input(g, root), near) : std::nullopt;
  if (!pads) return std::nullopt;
  if (pads->value != 0) return near.miss("the padding is not with zeros");
  const size_t n = pads->begin.size();
  auto window = explicit_window(deconv->window, n);
  if (!window || !deconv->output_shape.empty()) return near.miss("the deconvolution's own padding depends on the size");
  for (size_t i = 0; i < n; ++i) {
    window->pads[i] -= pads->begin[i] * window->strides[i];
    window->pads[n + i] -= pads->end[i] * window->strides[i];
    if (window->pads[i] < 0 || window->pads[n + i] < 0) return near.miss("the deconvolution crops less than is padded");
  }
  ConvTranspose padded = *deconv;
  padded.window = std::move(*window);
  return replace(root, g.add(std::move(padded), with_first_input(g, root, pads->x)));
}

/// Padding that the pool's own rule for the border would give; a reason why not otherwise.
std::optional<std::string> differs_at_border(const Pool& pool, const Window& window, const SpatialPads& pads) {
  const bool unpadded = std::all_of(window.pads.begin(), window.pads.end(), [](int64_t p) { return p == 0; });
  if (pool.kind == PoolKind::max) {
    if (pads.value != -std::numeric_limits<double>::infinity()) return "a maximum ignores only padding with -inf";
    return pool.with_indices ? std::optional<std::string>("the indices would change") : std::nullopt;
  }
  if (pads.value != 0) return "the padding is not with zeros";
  if (!unpadded && !pool.count_include_pad) return "the pool does not count its own padding";
  return std::nullopt;
}

std::optional<Patch> pad_into_pool(Graph& g, Value root, Near& near) {
  const auto* pool = is<Pool>(g, root);
  if (!pool || pool->global || pool->kind == PoolKind::lp) return std::nullopt;
  const auto pads = spatial_pads(g, input(g, root), near);
  if (!pads) return std::nullopt;
  const size_t n = pads->begin.size();
  auto window = explicit_window(pool->window, n);
  if (!window || pool->ceil_mode) return near.miss("the pool's own padding depends on the size");
  if (const auto reason = differs_at_border(*pool, *window, *pads)) return near.miss(*reason);
  for (size_t i = 0; i < n; ++i) {
    window->pads[i] += pads->begin[i];
    window->pads[n + i] += pads->end[i];
    if (std::max(window->pads[i], window->pads[n + i]) >= window->kernel[i])
      return near.miss("a window would lie in the padding alone");
  }
  Pool padded = *pool;
  padded.window = std::move(*window);
  padded.count_include_pad = pool->kind == PoolKind::average;
  return replace(root, g.add(std::move(padded), with_first_input(g, root, pads->x)));
}

constexpr Rewrite kPaddingRules[] = {
    {"Conv(Pad(x, 0)) => Conv{pads}(x)", pad_into_conv},
    {"ConvTranspose(Pad(x, 0)) => ConvTranspose{pads}(x)", pad_into_deconv},
    {"Pool(Pad(x)) => Pool{pads}(x)", pad_into_pool},
};

}  // namespace

Rewrites padding_rules() { return kPaddingRules; }

}  // namespace tenon::core
