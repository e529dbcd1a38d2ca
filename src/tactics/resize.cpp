#include <algorithm>
#include <cstring>
#include <limits>

#include "kernels/cpu/resample.h"
#include "ops/elements.h"
#include "ops/infer_util.h"
#include "ops/resize_axis.h"
#include "tactics/all.h"
#include "tactics/memory_axes.h"
#include "tactics/resize_axes.h"
#include "tactics/support.h"

namespace tenon::core {
namespace {

/// Axes in the order of memory, outermost first.
std::vector<size_t> memory_order(const Layout& layout, size_t rank) {
  std::vector<size_t> order;
  for (size_t i = 0; i < rank; ++i) order.push_back(layout.row_major() ? i : static_cast<size_t>(layout.order[i]));
  return order;
}

class PickExecutable : public Executable {
 public:
  PickExecutable(const Resize& op, const std::vector<ResizeAxis>& axes, const Layout& layout, int64_t element) {
    pick_.block = element;
    const std::vector<size_t> order = memory_order(layout, axes.size());
    int64_t stride = element;  // of the input
    for (size_t i = order.size(); i-- > 0; stride *= axes[order[i]].in) add(op, axes[order[i]], stride);
    if (pick_.offsets.empty()) pick_.offsets.push_back({0});
  }
  std::string kernel_name() const override { return "resize:nearest"; }
  bool uses_input(int i) const override { return i == 0; }
  void run(State*, const Args& args, Threads& threads) const override {
    cpu::pick_blocks(pick_, args.in[0].data, args.out[0].data, threads);
  }

 private:
  /// Innermost axes that stay are a part of the block.
  void add(const Resize& op, const ResizeAxis& axis, int64_t stride) {
    if (axis.identity() && pick_.offsets.empty()) {
      pick_.block = stride * axis.in;
      return;
    }
    std::vector<int64_t> offsets;
    if (axis.identity())
      for (int64_t i = 0; i < axis.in; ++i) offsets.push_back(i * stride);
    else
      for (const int64_t index : make_taps(op, axis).index) offsets.push_back(index * stride);
    pick_.offsets.insert(pick_.offsets.begin(), std::move(offsets));
  }

  cpu::PickBlocks pick_;
};

/// One axis after the other, in the order in which the reference does it.
class InterpolateExecutable : public Executable {
 public:
  InterpolateExecutable(const Resize& op, const std::vector<ResizeAxis>& axes, Dims dims, const Layout& layout) {
    std::vector<int64_t> wanted = resolve_axes(op.axes, static_cast<int64_t>(dims.size()));
    if (op.axes.empty())
      for (const ResizeAxis& a : axes) wanted.push_back(a.axis);
    for (const int64_t i : wanted) {
      const ResizeAxis& axis = axes[static_cast<size_t>(i)];
      if (axis.identity()) continue;
      passes_.push_back(pass(op, axis, memory_axis(dims, layout, i)));
      dims[static_cast<size_t>(i)] = axis.out;
      if (passes_.size() > 1) between_ = std::max(between_, floats_before(passes_.back()));
    }
    bytes_ = checked_mul(checked_product(dims), static_cast<int64_t>(sizeof(float)));
  }
  std::string kernel_name() const override { return "resize:axes"; }
  bool uses_input(int i) const override { return i == 0; }
  int64_t workspace_bytes() const override { return 2 * slot_bytes(); }

  void run(State*, const Args& args, Threads& threads) const override {
    const std::byte* from = args.in[0].data;
    if (passes_.empty()) std::memcpy(args.out[0].data, from, static_cast<size_t>(bytes_));
    for (size_t i = 0; i < passes_.size(); ++i) {
      const bool last = i + 1 == passes_.size();
      std::byte* to = last ? args.out[0].data : args.workspace + (i % 2 ? slot_bytes() : 0);
      cpu::resample(passes_[i], reinterpret_cast<const float*>(from), reinterpret_cast<float*>(to), threads);
      from = to;
    }
  }

 private:
  static cpu::ResampleAxis pass(const Resize& op, const ResizeAxis& axis, const MemoryAxis& memory) {
    const ResizeTaps taps = make_taps(op, axis);
    cpu::ResampleAxis pass{memory.outer, axis.in, axis.out, memory.inner, taps.count, {}, {}};
    for (int64_t t = 0; t < taps.count; ++t)
      for (int64_t o = 0; o < axis.out; ++o) {
        const auto at = static_cast<size_t>(o * taps.count + t);
        pass.index.push_back(static_cast<int32_t>(taps.index[at]));
        pass.weight.push_back(static_cast<float>(taps.weight[at]));
      }
    return pass;
  }
  static int64_t floats_before(const cpu::ResampleAxis& p) { return checked_mul(checked_mul(p.outer, p.in), p.inner); }
  int64_t slot_bytes() const { return round_up(checked_mul(between_, static_cast<int64_t>(sizeof(float))), 64); }

  std::vector<cpu::ResampleAxis> passes_;
  int64_t between_ = 0, bytes_ = 0;  // the largest tensor between two passes
};

/// Resize in row-major and channels-last order: nearest for every type, the interpolations for f32.
class ResizeTactic : public Tactic {
 public:
  std::string_view name() const override { return "resize"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    if (!has_known_scales(p, why) || !plain_tensors(p, why)) return {};
    if (p.node().as<Resize>()->mode != ResizeMode::nearest && p.input(0).dtype() != DType::f32) {
      why = "interpolates f32 only";
      return {};
    }
    return in_both_layouts(row_major_offer(p, name()), p.input(0).rank());
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const Dims &in = cx.shapes.in[0], &out = cx.shapes.out[0];
    if (checked_product(in) == 0 || checked_product(out) == 0) {
      why = "an empty tensor";
      return nullptr;
    }
    const Resize& op = *cx.problem.node().as<Resize>();
    const std::vector<ResizeAxis> axes = resize_axes(cx.problem, in, out);
    const Layout& layout = cx.offer.in[0].layout;
    if (op.mode == ResizeMode::nearest)
      return std::make_shared<PickExecutable>(op, axes, layout, size_of(cx.problem.input(0).dtype()));
    if (*std::max_element(in.begin(), in.end()) > std::numeric_limits<int32_t>::max()) {
      why = "an axis has more elements than an index of 32 bits reaches";
      return nullptr;
    }
    return std::make_shared<InterpolateExecutable>(op, axes, in, layout);
  }
};

}  // namespace

const Tactic& resize_tactic() {
  static const ResizeTactic tactic;
  return tactic;
}

}  // namespace tenon::core
