#include <bit>
#include <optional>

#include "codegen/cuda/pointwise.h"
#include "ops/infer_util.h"
#include "ops/normalize.h"
#include "tactics/cuda/executable.h"
#include "tactics/cuda/formats.h"
#include "tactics/cuda/generated.h"
#include "tactics/cuda/texts.h"
#include "tactics/memory_axes.h"
#include "tactics/support.h"

namespace tenon::core::cuda {

KernelText layer_norm_text(DType in, DType out, DType scale, DType bias, bool rms, const RowShape& shape, bool constant_parameters) {
  KernelText text{std::string(kernel_text_rows) + kernel_text_layer_norm, shape.options()};
  text.options.push_back(fmt::format("-DIN={}", element_name(in)));
  text.options.push_back(fmt::format("-DOUT={}", element_name(out)));
  text.options.push_back(fmt::format("-DSCALE={}", element_name(scale)));
  text.options.push_back(fmt::format("-DBIAS={}", element_name(bias)));
  text.options.push_back(fmt::format("-DRMS={}", rms ? "true" : "false"));
  text.options.push_back(fmt::format("-DCONSTANT_PARAMETERS={}", constant_parameters ? "true" : "false"));
  return text;
}

namespace {

/// Storage types of x, scale, bias and y; absent parameters read as x's.
struct Types {
  DType in, out, scale, bias;
  Types(const Problem& p, const Offer& offer) {
    const auto stored = [&](int i) {
      return i < p.inputs() && p.input(i).present() ? stored_as(offer.in[static_cast<size_t>(i)], p.input(i).dtype())
                                                    : in;
    };
    in = stored_as(offer.in[0], p.input(0).dtype());
    out = stored_as(offer.out[0], p.output(0).dtype());
    scale = stored(1);
    bias = stored(2);
  }
  int64_t widest() const { return std::max({size_of(in), size_of(out), size_of(scale), size_of(bias)}); }
};

class LayerNormExecutable : public DeviceExecutable {
 public:
  LayerNormExecutable(const LayerNorm& op, int64_t rows, int64_t length, const Types& types, RowShape shape,
                      bool constant_parameters, int compute)
      : rows_(rows), length_(length), epsilon_(op.epsilon), rms_(op.rms), shape_(shape) {
    if (rows == 0) return;
    const Module& module =
        compiled(layer_norm_text(types.in, types.out, types.scale, types.bias, op.rms, shape, constant_parameters), compute);
    kernel_ = module.kernel("long_rows");
    if (shape.held) held_ = module.kernel("rows");
  }
  std::string kernel_name() const override {
    return fmt::format("{}:{}", rms_ ? "rms_norm" : "layer_norm", held_ ? "rows" : "long_rows");
  }
  void enqueue(State*, const Args& args, cudaStream_t stream) const override {
    if (!kernel_) return;
    const auto in = [&](size_t i) { return i < args.in.size() ? args.in[i].data : nullptr; };
    const auto out = [&](size_t i) { return i < args.out.size() ? args.out[i].data : nullptr; };
    struct {
      const void* x;
      void* y;
      const void *scale, *bias;
      void *mean, *inverse;
      uint32_t rows, length;
      double epsilon;
    } parameters{
        in(0),   out(0), in(1), in(2), out(1), out(2), static_cast<uint32_t>(rows_), static_cast<uint32_t>(length_),
        epsilon_};
    uint64_t bits = 0;
    for (const void* p : {parameters.x, const_cast<const void*>(parameters.y), parameters.scale, parameters.bias})
      bits |= std::bit_cast<uint64_t>(p);
    const bool held = held_ && bits % 16 == 0;
    Launch how = (held ? shape_ : RowShape{}).launch(rows_);
    how.stream = stream;
    (held ? held_ : kernel_)(how, parameters);
  }

 private:
  int64_t rows_, length_;
  double epsilon_;
  bool rms_;
  RowShape shape_;
  Kernel kernel_, held_;
};

/// Layer and RMS normalization, in f32 (f64 of f64) whatever the storage.
class DeviceLayerNorm : public Tactic {
 public:
  std::string_view name() const override { return "device_layer_norm"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const LayerNorm* op = p.node().as<LayerNorm>();
    if (!op) why = "not a layer normalization";
    if (!why.empty() || !plain_tensors(p, why)) return {};
    if (element_name(p.input(0).dtype()).empty() || op->stash != DType::f32) {
      why = fmt::format("no kernel for {} with statistics in {}", to_string(p.input(0).dtype()), to_string(op->stash));
      return {};
    }
    Offer offer = row_major_offer(p, name());
    offer.share = Share::in_place;
    const Shape& x = p.input(0).shape();
    const auto axis = static_cast<size_t>(resolve_axis(op->axis, p.input(0).rank()));
    const Dim length = product(Shape(x.begin() + static_cast<int64_t>(axis), x.end()));
    std::vector<Offer> result;
    for (Offer& in_format : in_precisions_and_across({offer}, p)) {
      for (size_t i = 1; i < in_format.out.size(); ++i) in_format.out[i].storage = DType::none;
      for (Offer& one : in_row_threads(in_format, length, Types(p, in_format).widest()))
        result.push_back(std::move(one));
    }
    return result;
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const LayerNorm& op = *cx.problem.node().as<LayerNorm>();
    const Dims& x = cx.shapes.in[0];
    const auto axis = static_cast<size_t>(resolve_axis(op.axis, static_cast<int64_t>(x.size())));
    for (size_t i = 1; i < cx.shapes.in.size(); ++i) {
      if (!cx.problem.input(static_cast<int>(i)).present() || fits_row(cx.shapes.in[i], x, axis)) continue;
      why = fmt::format("input {} has not one element for each of a row", i);
      return nullptr;
    }
    const int64_t length = checked_product(std::span(x).subspan(axis)),
                  rows = checked_product(std::span(x).first(axis));
    if (std::max(length, rows) > INT32_MAX) {
      why = "more rows than a launch has blocks";
      return nullptr;
    }
    const Types types(cx.problem, cx.offer);
    const auto shape = row_shape(cx.offer, length, types.widest(), why);
    if (!shape) return nullptr;
    const auto is_constant = [&](int i) { return !cx.problem.input(i).present() || cx.problem.input(i).constant; };
    return std::make_shared<LayerNormExecutable>(op, rows, length, types, *shape, is_constant(1) && is_constant(2), cx.problem.device.compute);
  }
};

}  // namespace

const Tactic& device_layer_norm_tactic() {
  static const DeviceLayerNorm tactic;
  return tactic;
}

}  // namespace tenon::core::cuda
