#include <algorithm>

#include "tactics/all.h"
#include "tactics/onednn/slide.h"
#include "tactics/support.h"

namespace tenon::core {
namespace onednn {
namespace {

using dnnl::deconvolution_forward;

DType storage_of(const Offer& offer) { return offer.in[0].storage == DType::none ? DType::f32 : offer.in[0].storage; }

/// ONNX weights [C, M/g, kernel] under oneDNN's dims: [M, C, kernel], or [g, M/g, C/g, kernel].
Desc plain_weights(const Dims& w, int64_t group) {
  const Dims strides = strides_of({}, w);
  Dims dims{w[1], w[0] / group}, steps{strides[1], strides[0]};
  if (group > 1) {
    dims.insert(dims.begin(), group);
    steps.insert(steps.begin(), w[0] / group * strides[0]);
  }
  dims.insert(dims.end(), w.begin() + 2, w.end());
  steps.insert(steps.end(), strides.begin() + 2, strides.end());
  return Desc(dims, data_type(DType::f32), steps);
}

/// The padding at the begin of each axis that the output's size implies; nothing where it would be negative.
std::optional<Slide> slide_of(const ConvTranspose& op, const NodeShapes& shapes, std::string& why) {
  Slide s = onednn::slide_of(op.window, std::span(shapes.in[1]).subspan(2), shapes.in[0], shapes.out[0]);
  const bool same = op.window.auto_pad == AutoPad::same_upper || op.window.auto_pad == AutoPad::same_lower;
  for (int i = 0; i < s.spatial(); ++i) {
    const auto at = static_cast<size_t>(i);
    const WindowAxis a = s.axis(i);
    const int64_t extra = op.output_padding.empty() ? 0 : op.output_padding[at];
    const int64_t full = (a.in - 1) * a.stride + a.reach() + extra, total = std::max<int64_t>(0, full - a.out);
    if (op.output_shape.empty() && !same)
      s.pads[at].first = op.window.auto_pad == AutoPad::notset ? s.window.pads[at] : 0;
    else
      s.pads[at].first = op.window.auto_pad == AutoPad::same_upper ? total / 2 : total - total / 2;
    s.pads[at].second = full - extra - a.out - s.pads[at].first;
    if (full - a.out >= 0) continue;
    why = "the output is larger than what the input reaches";
    return {};
  }
  return s;
}

class DeconvPrimitives {
 public:
  DeconvPrimitives(const PrepareContext& cx, const Slide& slide, const Epilogue& epilogue, std::string& why)
      : cx_(cx),
        slide_(slide),
        epilogue_(epilogue),
        why_(why),
        storage_(storage_of(cx.offer)),
        plain_(plain_weights(cx.shapes.in[1], cx.problem.node().as<ConvTranspose>()->group)) {
    if (cx.problem.input(2).present()) bias_ = Desc({slide.y[1]}, data_type(DType::f32), Dims{1});
  }

  std::optional<SlidePrimitive> operator()(const SlideKind& kind) {
    const auto desc = describe<deconvolution_forward::primitive_desc>([&] { return make(kind); }, why_);
    if (!desc) return {};
    OneThread one;
    const Desc packed = desc->weights_desc();
    weights.push_back(pack(cx_.weights, cx_.problem.input(1).constant, plain_, packed));
    SlidePrimitive made{deconvolution_forward(*desc), desc->impl_info_str(), {}};
    made.bindings = {{DNNL_ARG_WEIGHTS, packed, Binding::From::fixed, 1, 0, weights.back().get()},
                     scratchpad(desc->scratchpad_desc())};
    if (!bias_.is_zero()) made.bindings.push_back({DNNL_ARG_BIAS, bias_, Binding::From::input, 2, 0, nullptr});
    return made;
  }

  std::vector<std::shared_ptr<const void>> weights;

 private:
  deconvolution_forward::primitive_desc make(const SlideKind& kind) {
    SlideArgs args = slide_args(slide_, kind);
    for (size_t i = 1; i < args.pad_end.size(); ++i) args.pad_end[i] = slide_.pads[i].second;
    const Desc any(plain_.get_dims(), data_type(storage_), dnnl::memory::format_tag::any);
    dnnl::primitive_attr attr = attributes();
    std::string reason;
    if (!epilogue_.append(attr, kind.y, reason)) throw dnnl::error(dnnl_unimplemented, reason.c_str());
    return deconvolution_forward::primitive_desc(engine(), dnnl::prop_kind::forward_inference,
                                                 dnnl::algorithm::deconvolution_direct, kind.x, any, bias_, kind.y,
                                                 args.strides, args.dilations, args.pad_begin, args.pad_end, attr);
  }

  const PrepareContext& cx_;
  const Slide& slide_;
  const Epilogue& epilogue_;
  std::string& why_;
  DType storage_;
  Desc plain_, bias_;
};

/// Config "rows": the output rows of an image are cut into this many pieces.
class OnednnDeconv : public Tactic {
 public:
  std::string_view name() const override { return "onednn_deconv"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const ConvTranspose* op = p.node().as<ConvTranspose>();
    if (!op) why = "not a transposed convolution";
    if (!why.empty() || !plain_tensors(p, why) || !all_of_dtype(p, DType::f32, why)) return {};
    dnnl::post_ops ops;
    if (!append_activation(ops, op->activation, why)) return {};
    if (!p.input(1).constant)
      why = "the weights are not constant";
    else if (p.input(0).rank() < 3 || p.input(0).rank() > 5)
      why = "oneDNN has 1 to 3 spatial axes";
    if (!why.empty()) return {};
    std::vector<Offer> result;
    for (const Config& config : row_configs(p)) result.push_back(channels_last_offer(p, name(), DType::none, config));
    if (allows_bf16(p))
      for (const Config& config : row_configs(p)) result.push_back(channels_last_offer(p, name(), DType::bf16, config));
    return result;
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const ConvTranspose& op = *cx.problem.node().as<ConvTranspose>();
    const auto slide = slide_of(op, cx.shapes, why);
    if (!slide) return nullptr;
    if (slide->empty()) {
      why = "an empty tensor";
      return nullptr;
    }
    auto rows = split_transposed_rows(slide->axis(0), cx.offer.config.at("rows"));
    if (rows.empty()) rows = split_transposed_rows(slide->axis(0), 1);
    const Epilogue epilogue{op.activation, -1, false};
    DeconvPrimitives primitives(cx, *slide, epilogue, why);
    SlidePieces made = slide_pieces(*slide, storage_of(cx.offer), rows, shares_of_work(cx.problem), epilogue, primitives);
    if (made.pieces.empty()) {
      if (why.empty()) why = "the rows cannot be cut";
      return nullptr;
    }
    auto executable = std::make_shared<PieceExecutable>(std::move(made.pieces), cx.threads.size(), made.name);
    for (const auto& weights : primitives.weights) executable->hold(1, weights);
    return executable;
  }
};

}  // namespace
}  // namespace onednn

const Tactic& onednn_deconv_tactic() {
  static const onednn::OnednnDeconv tactic;
  return tactic;
}

}  // namespace tenon::core
