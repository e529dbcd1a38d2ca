#include <bit>
#include <optional>

#include "codegen/cuda/pointwise.h"
#include "ops/infer_util.h"
#include "ops/normalize.h"
#include "tactics/cuda/executable.h"
#include "tactics/cuda/formats.h"
#include "tactics/cuda/generated.h"
#include "tactics/cuda/row_shape.h"
#include "tactics/cuda/texts.h"
#include "tactics/memory_axes.h"
#include "tactics/cuda/support.h"

namespace tenon::core::cuda {

KernelText softmax_text(DType in, DType out, bool log, const RowShape& shape) {
  KernelText text{std::string(kernel_text_rows) + kernel_text_softmax, shape.options()};
  text.options.push_back(fmt::format("-DIN={}", element_name(in)));
  text.options.push_back(fmt::format("-DOUT={}", element_name(out)));
  text.options.push_back(fmt::format("-DLOG={}", log ? "true" : "false"));
  return text;
}

namespace {

class SoftmaxExecutable : public DeviceExecutable {
 public:
  SoftmaxExecutable(const MemoryAxis& axis, bool log, RowShape shape, DType in, DType out, int compute)
      : axis_(axis), shape_(shape) {
    if (axis.outer * axis.count * axis.inner == 0) return;
    const Module& module = compiled(softmax_text(in, out, log, shape), compute);
    if (axis.inner > 1) {
      kernel_ = module.kernel("columns");
      return;
    }
    kernel_ = module.kernel("long_rows");
    if (shape.held) held_ = module.kernel("rows");
  }
  std::string kernel_name() const override {
    return axis_.inner > 1 ? "softmax:columns" : held_ ? "softmax:rows" : "softmax:long_rows";
  }

  void enqueue(State*, const Args& args, cudaStream_t stream) const override {
    if (!kernel_) return;
    const bool aligned =
        (std::bit_cast<uint64_t>(args.in[0].data) | std::bit_cast<uint64_t>(args.out[0].data)) % 16 == 0;
    const auto tiles = static_cast<uint32_t>((axis_.inner + 31) / 32);
    struct {
      const void* x;
      void* y;
      uint32_t rows, length, inner, inner_tiles;
    } parameters{args.in[0].data,
                 args.out[0].data,
                 static_cast<uint32_t>(axis_.outer),
                 static_cast<uint32_t>(axis_.count),
                 static_cast<uint32_t>(axis_.inner),
                 tiles};
    const bool held = held_ && aligned;
    Launch how = (held ? shape_ : RowShape{}).launch(axis_.outer);
    if (axis_.inner > 1) {
      how.grid.x = static_cast<unsigned>(axis_.outer * tiles);
      how.block = {32, 8, 1};
    }
    how.stream = stream;
    (held ? held_ : kernel_)(how, parameters);
  }

 private:
  MemoryAxis axis_;
  RowShape shape_;
  Kernel kernel_, held_;
};

/// Softmax along any axis, in f32 (f64 of f64) whatever the storage.
class DeviceSoftmax : public Tactic {
 public:
  std::string_view name() const override { return "device_softmax"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const Softmax* op = p.node().as<Softmax>();
    if (!op) why = "not a softmax";
    if (!why.empty() || !plain_tensors(p, why) || !has_elements(p, 0, why)) return {};
    Offer offer = row_major_offer(p, name());
    offer.share = Share::in_place;
    const int rank = p.input(0).rank();
    const auto axis = rank == 0 ? 0 : resolve_axis(op->axis, rank);
    std::vector<Offer> result;
    for (const Offer& in_format : in_precisions_and_across(in_both_layouts(offer, rank), p)) {
      const Layout& layout = in_format.in[0].layout;
      const bool rows = rank == 0 || axis == (layout.row_major() ? rank - 1 : layout.order.back());
      const Dim length = rank == 0 ? Dim(1) : rows ? p.input(0).shape()[static_cast<size_t>(axis)] : Dim::symbol("any");
      for (Offer& one : in_row_threads(in_format, length, widest(p, in_format))) result.push_back(std::move(one));
    }
    return result;
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const Softmax& op = *cx.problem.node().as<Softmax>();
    const Dims& dims = cx.shapes.in[0];
    const MemoryAxis axis = dims.empty() ? MemoryAxis{}
                                         : memory_axis(dims, cx.offer.in[0].layout,
                                                       resolve_axis(op.axis, static_cast<int64_t>(dims.size())));
    if (std::max({axis.outer * ((axis.inner + 31) / 32), axis.count, axis.inner}) > INT32_MAX) {
      why = "more rows than a launch has blocks";
      return nullptr;
    }
    const auto shape = row_shape(cx.offer, axis.count, widest(cx.problem, cx.offer), why);
    if (!shape) return nullptr;
    const DType dtype = cx.problem.input(0).dtype();
    return std::make_shared<SoftmaxExecutable>(axis, op.log, *shape, stored_as(cx.offer.in[0], dtype),
                                               stored_as(cx.offer.out[0], dtype), cx.problem.device.compute);
  }

 private:
  static int64_t widest(const Problem& p, const Offer& offer) {
    return std::max(size_of(stored_as(offer.in[0], p.input(0).dtype())),
                    size_of(stored_as(offer.out[0], p.input(0).dtype())));
  }
};

}  // namespace

const Tactic& device_softmax_tactic() {
  static const DeviceSoftmax tactic;
  return tactic;
}

}  // namespace tenon::core::cuda
