#include <algorithm>
#include <bit>
#include <cstring>

#include "cuda/loops.h"
#include "ops/infer_util.h"
#include "ops/shape.h"
#include "tactics/cuda/box_kernel.h"
#include "tactics/cuda/formats.h"
#include "tactics/cuda/generated.h"
#include "tactics/cuda/one_kernel.h"
#include "tactics/cuda/texts.h"
#include "tactics/memory_axes.h"
#include "tactics/resize_axes.h"
#include "tactics/support.h"

namespace tenon::core::cuda {

KernelText pick_text(int64_t unit) { return {kernel_text_pick, {fmt::format("-DUNIT={}", raw_name(unit))}}; }

namespace {

constexpr size_t kMostLoops = 8;  // kLoops of the kernel

/// Of each axis, the input's index for every index of the output: -1 outside.
using Sources = std::vector<std::vector<int64_t>>;

/// PickArgs of the kernel.
struct Parameters {
  const void* x = nullptr;
  void* y = nullptr;
  const void* places = nullptr;
  uint32_t count = 0, loops = 0;
  Divider extents[kMostLoops];
  uint32_t tables[kMostLoops] = {};
  alignas(16) std::byte fill[16] = {};
};

std::vector<int64_t> every(int64_t count) {
  std::vector<int64_t> all(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) all[static_cast<size_t>(i)] = i;
  return all;
}

Sources nearest_sources(const PrepareContext& cx) {
  Resize op = *cx.problem.node().as<Resize>();
  Sources sources;
  for (const ResizeAxis& axis : resize_axes(cx.problem, cx.shapes.in[0], cx.shapes.out[0]))
    sources.push_back(axis.identity() ? every(axis.in) : make_taps(op, axis).index);
  return sources;
}

int64_t padding_source(PadMode mode, int64_t position, int64_t count) {
  if (mode == PadMode::edge || count == 1) return std::clamp<int64_t>(position, 0, count - 1);
  const int64_t period = mode == PadMode::wrap ? count : 2 * (count - 1);
  const int64_t at = (position % period + period) % period;
  return at < count ? at : period - at;
}

Sources padding_sources(const Pad& op, const PrepareContext& cx) {
  const Dims &in = cx.shapes.in[0], &out = cx.shapes.out[0];
  const auto rank = static_cast<int64_t>(in.size());
  const std::vector<int64_t> pads = *cx.problem.input(1).numbers();
  const std::vector<int64_t> axes =
      cx.problem.input(3).present() ? resolve_axes(*cx.problem.input(3).numbers(), rank) : every(rank);
  Sources sources;
  for (int64_t dim : in) sources.push_back(every(dim));
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto a = static_cast<size_t>(axes[i]);
    const int64_t begin = pads[i], end = pads[axes.size() + i];
    const int64_t kept = in[a] + std::min<int64_t>(begin, 0) + std::min<int64_t>(end, 0);
    if (kept <= 0) fail(ErrorCode::shape_mismatch, "axis {} has no elements to pad with", a);
    sources[a] = every(out[a]);
    for (int64_t& s : sources[a])
      s = std::max<int64_t>(-begin, 0) + padding_source(op.mode, s - std::max<int64_t>(begin, 0), kept);
  }
  return sources;
}

Sources centered_sources(const PrepareContext& cx) {
  const Dims &in = cx.shapes.in[0], &out = cx.shapes.out[0];
  Sources sources;
  for (size_t a = 0; a < in.size(); ++a) {
    const int64_t kept = std::min(in[a], out[a]), from = (in[a] - kept) / 2, to = (out[a] - kept) / 2;
    sources.push_back(every(out[a]));
    for (int64_t& s : sources[a]) s = s < to || s >= to + kept ? -1 : s - to + from;
  }
  return sources;
}

/// The loops of the output, innermost first, each with the places of its steps; innermost axes that are copied whole
/// count as one element.
struct Picks {
  std::vector<std::vector<int64_t>> loops;
  int64_t block = 1;  // elements side by side

  Picks(const Sources& sources, const Dims& in, const Layout& layout) {
    int64_t stride = 1;
    for (size_t i = in.size(); i-- > 0;) {
      const auto axis = layout.row_major() ? i : static_cast<size_t>(layout.order[i]);
      if (loops.empty() && sources[axis] == every(in[axis])) {
        block *= in[axis];
      } else if (sources[axis].size() != 1 || sources[axis][0] != 0) {
        loops.push_back(sources[axis]);
        for (int64_t& s : loops.back()) s = s < 0 ? -1 : s * stride / block;
      }
      stride *= in[axis];
    }
  }
};

/// Vectors where addresses allow them, single elements elsewhere.
class PickExecutable : public DeviceExecutable {
 public:
  PickExecutable(const Picks& picks, int64_t element, const std::vector<std::byte>& fill, int64_t count, int compute) {
    if (count == 0) return;
    // An element outside is written by its own value: vectors of it would have to be filled.
    const int64_t block = picks.block * element;
    unit_ = fill.empty() ? std::min<int64_t>(16, block & -block) : element;
    if (element == 16 || unit_ < element) unit_ = element;
    wide_ = variant(picks, unit_, element, fill, count, compute);
    single_ = unit_ == element ? wide_ : variant(picks, element, element, fill, count, compute);
  }
  std::string kernel_name() const override { return fmt::format("pick:{}", unit_); }
  bool uses_input(int i) const override { return i == 0; }
  void enqueue(State*, const Args& args, cudaStream_t stream) const override {
    if (!single_.kernel) return;
    const auto addresses = std::bit_cast<uint64_t>(args.in[0].data) | std::bit_cast<uint64_t>(args.out[0].data);
    const Variant& chosen = addresses % static_cast<uint64_t>(unit_) == 0 ? wide_ : single_;
    Parameters p = chosen.parameters;
    p.x = args.in[0].data;
    p.y = args.out[0].data;
    p.places = chosen.places->data();
    Launch how = launch_over(p.count);
    how.stream = stream;
    chosen.kernel(how, p);
  }

 private:
  struct Variant {
    Kernel kernel;
    Parameters parameters;
    std::shared_ptr<const DeviceBuffer> places;
  };
  static Variant variant(const Picks& picks, int64_t unit, int64_t element, const std::vector<std::byte>& fill,
                         int64_t count, int compute) {
    const int64_t units = picks.block * element / unit;  // of a block
    std::vector<std::vector<int64_t>> loops = picks.loops;
    for (auto& loop : loops)
      for (int64_t& place : loop) place *= place < 0 ? 1 : units;
    if (units > 1 || loops.empty()) loops.insert(loops.begin(), every(units));
    Variant v;
    v.kernel = compiled(pick_text(unit), compute).kernel("pick");
    std::vector<int64_t> places;
    for (size_t l = 0; l < loops.size(); ++l) {
      v.parameters.extents[l] = Divider(static_cast<int64_t>(loops[l].size()));
      v.parameters.tables[l] = static_cast<uint32_t>(places.size());
      places.insert(places.end(), loops[l].begin(), loops[l].end());
    }
    v.parameters.loops = static_cast<uint32_t>(loops.size());
    v.parameters.count = static_cast<uint32_t>(count * element / unit);
    if (!fill.empty()) std::memcpy(v.parameters.fill, fill.data(), fill.size());
    v.places = on_device(places);
    return v;
  }

  int64_t unit_ = 1;
  Variant wide_, single_;
};

/// Ops whose output is made of elements that tables for each axis name: Resize to the nearest, Pad with elements of the
/// input, CenterCropPad.
class DevicePick : public Tactic {
 public:
  std::string_view name() const override { return "device_pick"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const Resize* resize = p.node().as<Resize>();
    const Pad* pad = p.node().as<Pad>();
    if (resize && resize->mode != ResizeMode::nearest) why = "computes new values";
    if (pad && pad->mode == PadMode::constant) why = "pads with a constant";
    if (pad && (!p.input(1).numbers() || (p.input(3).present() && !p.input(3).numbers())))
      why = "the pads are known only at run time";
    if (!resize && !pad && !p.node().as<CenterCropPad>()) why = "elements are not picked by tables";
    if (!why.empty() || (resize && !has_known_scales(p, why)) || !plain_tensors(p, why)) return {};
    if (size_of(p.input(0).dtype()) == 0) why = "elements without a size";
    if (static_cast<size_t>(p.input(0).rank()) >= kMostLoops) why = fmt::format("{} axes or more", kMostLoops);
    if (!why.empty()) return {};
    return in_precisions(in_both_layouts(row_major_offer(p, name()), p.input(0).rank()), p);
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const Node& n = cx.problem.node();
    const Dims &in = cx.shapes.in[0], &out = cx.shapes.out[0];
    const int64_t count = checked_product(out),
                  element = size_of(stored_as(cx.offer.in[0], cx.problem.input(0).dtype()));
    if (std::max(count, checked_product(in)) > kMostItems) why = "more than 2^31 elements";
    if (checked_product(in) == 0 && count > 0) why = "there are no elements to pick";
    if (!why.empty()) return nullptr;
    const Layout& layout = cx.offer.in[0].layout;
    const auto executable = [&](const Sources& sources, const std::vector<std::byte>& fill) {
      return std::make_shared<PickExecutable>(Picks(sources, in, layout), element, fill, count,
                                              cx.problem.device.compute);
    };
    if (count == 0) return executable(Sources(in.size()), {});
    if (const Pad* pad = n.as<Pad>()) return executable(padding_sources(*pad, cx), {});
    if (n.as<Resize>()) return executable(nearest_sources(cx), {});
    return executable(centered_sources(cx), std::vector<std::byte>(static_cast<size_t>(element)));
  }
};

}  // namespace

const Tactic& device_pick_tactic() {
  static const DevicePick tactic;
  return tactic;
}

}  // namespace tenon::core::cuda
