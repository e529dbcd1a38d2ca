#include <algorithm>
#include <cstring>
#include <optional>

#include "codegen/cuda/pointwise.h"
#include "cuda/loops.h"
#include "ops/index.h"
#include "ops/infer_util.h"
#include "ops/shape.h"
#include "tactics/cuda/box_kernel.h"
#include "tactics/cuda/formats.h"
#include "tactics/cuda/generated.h"
#include "tactics/cuda/one_kernel.h"
#include "tactics/cuda/support.h"
#include "tactics/cuda/texts.h"

namespace tenon::core::cuda {

KernelText position_text(int64_t unit) { return {kernel_text_position, {fmt::format("-DUNIT={}", raw_name(unit))}}; }
KernelText one_hot_text(int64_t unit, DType index) {
  return {kernel_text_one_hot,
          {fmt::format("-DUNIT={}", raw_name(unit)), fmt::format("-DINDEX={}", element_name(index))}};
}

namespace {

/// PositionArgs of the kernel.
struct Positions {
  const void* x = nullptr;
  void* y = nullptr;
  const void* numbers = nullptr;
  uint32_t count = 0, upper = 0;
  Divider columns, rows;
  int64_t diagonal = 0;
  alignas(16) std::byte one[16] = {};
};

/// OneHotArgs of the kernel.
struct OneHots {
  const void *indices = nullptr, *values = nullptr;
  void* y = nullptr;
  uint32_t count = 0;
  Divider depth, inner;
};

Positions matrix(const Dims& x) {
  Positions p;
  p.count = static_cast<uint32_t>(checked_product(x));
  p.columns = Divider(x.back());
  p.rows = Divider(x[x.size() - 2]);
  return p;
}

/// Ops whose elements depend on where they stand: Trilu, EyeLike, ReverseSequence, OneHot.
class DevicePosition : public Tactic {
 public:
  std::string_view name() const override { return "device_position"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const Node& n = p.node();
    if (!n.as<Trilu>() && !n.as<EyeLike>() && !n.as<ReverseSequence>() && !n.as<OneHot>())
      why = "elements do not depend on their position";
    if (!why.empty() || !plain_tensors(p, why)) return {};
    const int64_t size = size_of(p.output(0).dtype());
    if (size == 0 || size > 16) why = "elements without a size";
    if (n.as<ReverseSequence>() && p.input(1).dtype() != DType::i64) why = "lengths that are not i64";
    if (n.as<OneHot>() && !has_elements(p, 0, why)) return {};
    if (!why.empty()) return {};
    return n.as<OneHot>() ? std::vector<Offer>{row_major_offer(p, name())}
                          : in_precisions({row_major_offer(p, name())}, p);
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const Node& n = cx.problem.node();
    const Dims& y = cx.shapes.out[0];
    if (checked_product(y) == 0 || checked_product(y) > kMostItems) {
      why = "an empty tensor, or more than 2^31 elements";
      return nullptr;
    }
    if (const auto* op = n.as<OneHot>()) return one_hot(cx, *op);
    Positions p = matrix(y);
    if (const auto* op = n.as<Trilu>()) {
      p.upper = op->upper;
      const auto k = cx.problem.input(1).present() ? cx.problem.input(1).numbers() : std::vector<int64_t>{0};
      if (k) p.diagonal = k->front();
      return k ? executable(cx, "triangle", p, 1u, [](Positions& to, const Args& args) { to.x = args.in[0].data; })
               : executable(cx, "triangle", p, 3u, [](Positions& to, const Args& args) {
                   to.x = args.in[0].data;
                   to.numbers = args.in[1].data;
                 });
    }
    if (const auto* op = n.as<EyeLike>()) {
      p.diagonal = op->k;
      const Tensor one = from_doubles(stored_type(cx), {}, std::vector<double>{1});
      std::memcpy(p.one, one.bytes().data(), one.bytes().size());
      return executable(cx, "eye", p, 0u, [](Positions&, const Args&) {});
    }
    const auto* op = n.as<ReverseSequence>();
    p.upper = op->time_axis == 0;
    p.rows = Divider(y[static_cast<size_t>(op->batch_axis)]);
    p.columns = Divider(y[static_cast<size_t>(op->time_axis)]);
    p.diagonal = checked_product(std::span(y).subspan(2));
    return executable(cx, "reverse", p, 3u, [](Positions& to, const Args& args) {
      to.x = args.in[0].data;
      to.numbers = args.in[1].data;
    });
  }

 private:
  /// `fill` sets what the kernel reads; the output is set here.
  template <class Fill>
  static std::shared_ptr<const Executable> executable(const PrepareContext& cx, const char* entry, const Positions& p,
                                                      uint32_t inputs, Fill) {
    const Kernel kernel = compiled(position_text(size_of(stored_type(cx))), cx.problem.device.compute).kernel(entry);
    return std::make_shared<OneKernel<Positions>>(
        entry, kernel, launch_over(p.count), p,
        [](Positions& to, const Args& args) {
          Fill()(to, args);
          to.y = args.out[0].data;
        },
        inputs);
  }

  static std::shared_ptr<const Executable> one_hot(const PrepareContext& cx, const OneHot& op) {
    const Dims& y = cx.shapes.out[0];
    const auto axis = static_cast<size_t>(resolve_axis(op.axis, static_cast<int64_t>(y.size())));
    OneHots p;
    p.count = static_cast<uint32_t>(checked_product(y));
    p.depth = Divider(y[axis]);
    p.inner = Divider(checked_product(std::span(y).subspan(axis + 1)));
    const KernelText text = one_hot_text(size_of(cx.problem.output(0).dtype()), cx.problem.input(0).dtype());
    return std::make_shared<OneKernel<OneHots>>(
        "one_hot", compiled(text, cx.problem.device.compute).kernel("one_hot"), launch_over(p.count), p,
        [](OneHots& to, const Args& args) {
          to.indices = args.in[0].data;
          to.values = args.in[2].data;
          to.y = args.out[0].data;
        },
        5u);
  }
};

}  // namespace

const Tactic& device_position_tactic() {
  static const DevicePosition tactic;
  return tactic;
}

}  // namespace tenon::core::cuda
