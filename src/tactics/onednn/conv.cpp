#include <algorithm>

#include "tactics/all.h"
#include "tactics/onednn/product.h"
#include "tactics/onednn/slide.h"
#include "tactics/support.h"

namespace tenon::core {
namespace onednn {
namespace {

using dnnl::convolution_forward;

DType storage_of(const Offer& offer) { return offer.in[0].storage == DType::none ? DType::f32 : offer.in[0].storage; }

/// Weights as oneDNN names their dims: [M, C, kernel], with groups [g, M/g, C/g, kernel].
Dims weight_dims(const Dims& w, int64_t group) {
  Dims dims = w;
  if (group == 1) return dims;
  dims[0] /= group;
  dims.insert(dims.begin(), group);
  return dims;
}

/// Makes the primitives of the pieces, and packs their weights.
class ConvPrimitives {
 public:
  ConvPrimitives(const PrepareContext& cx, const Slide& slide, const Epilogue& epilogue, std::string& why)
      : cx_(cx),
        slide_(slide),
        epilogue_(epilogue),
        why_(why),
        storage_(storage_of(cx.offer)),
        weight_dims_(weight_dims(cx.shapes.in[1], cx.problem.node().as<Conv>()->group)) {
    if (cx.problem.input(2).present()) bias_ = Desc({slide.y[1]}, data_type(DType::f32), Dims{1});
  }

  std::optional<SlidePrimitive> operator()(const SlideKind& kind) {
    std::optional<convolution_forward::primitive_desc> desc;
    std::string ignored;
    // Pieces that differ in their rows alone share the packed weights where the library has a kernel for that.
    if (!packed_.is_zero()) desc = describe_kind(kind, packed_, ignored);
    if (!desc) desc = describe_kind(kind, Desc(weight_dims_, data_type(storage_), dnnl::memory::format_tag::any), why_);
    if (!desc) return {};
    OneThread one;
    packed_ = desc->weights_desc();
    weights.push_back(pack(cx_.weights, cx_.problem.input(1).constant, dense(weight_dims_, DType::f32, {}), packed_));
    SlidePrimitive made{convolution_forward(*desc), desc->impl_info_str(), {}};
    made.bindings = {{DNNL_ARG_WEIGHTS, packed_, Binding::From::fixed, 1, 0, weights.back().get()},
                     scratchpad(desc->scratchpad_desc())};
    if (!bias_.is_zero()) made.bindings.push_back({DNNL_ARG_BIAS, bias_, Binding::From::input, 2, 0, nullptr});
    return made;
  }

  std::vector<std::shared_ptr<const void>> weights;

 private:
  std::optional<convolution_forward::primitive_desc> describe_kind(const SlideKind& kind, const Desc& w,
                                                                   std::string& why) {
    return describe<convolution_forward::primitive_desc>(
        [&] {
          const SlideArgs args = slide_args(slide_, kind);
          dnnl::primitive_attr attr = attributes();
          std::string reason;
          if (!epilogue_.append(attr, kind.y, reason)) throw dnnl::error(dnnl_unimplemented, reason.c_str());
          return convolution_forward::primitive_desc(engine(), dnnl::prop_kind::forward_inference,
                                                     dnnl::algorithm::convolution_direct, kind.x, w, bias_, kind.y,
                                                     args.strides, args.dilations, args.pad_begin, args.pad_end, attr);
        },
        why);
  }

  const PrepareContext& cx_;
  const Slide& slide_;
  const Epilogue& epilogue_;
  std::string& why_;
  DType storage_;
  Dims weight_dims_;
  Desc bias_, packed_;
};

/// A 1x1 convolution of stride 1 is a product of matrices whose rows are the pixels.
bool is_product(const Problem& p) {
  const Conv& conv = *p.node().as<Conv>();
  const auto all = [](const std::vector<int64_t>& v, int64_t value) {
    return std::all_of(v.begin(), v.end(), [&](int64_t x) { return x == value; });
  };
  const Shape& w = p.input(1).shape();
  const bool point = std::all_of(w.begin() + 2, w.end(), [](const Dim& d) { return d == Dim(1); });
  const bool padded = conv.window.auto_pad == AutoPad::notset && !all(conv.window.pads, 0);
  return conv.group == 1 && point && !padded && all(conv.window.strides, 1);
}

/// Config: "rows": the output rows of an image are cut into this many pieces; "product": run as a matrix product in
/// this many pieces of rows; "sum": the residual lies in the output.
class OnednnConv : public Tactic {
 public:
  std::string_view name() const override { return "onednn_conv"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    if (!supports(p, why)) return {};
    std::vector<Offer> result;
    add_offers(p, DType::none, result);
    if (allows_bf16(p)) add_offers(p, DType::bf16, result);
    return result;
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const Conv& conv = *cx.problem.node().as<Conv>();
    const Slide slide = slide_of(conv.window, std::span(cx.shapes.in[1]).subspan(2), cx.shapes.in[0], cx.shapes.out[0]);
    if (slide.empty()) {
      why = "an empty tensor";
      return nullptr;
    }
    const Epilogue epilogue{conv.activation, cx.problem.input(3).present() ? 3 : -1, cx.offer.config.count("sum") > 0};
    if (cx.offer.config.count("product")) return prepare_product(cx, slide, epilogue, why);
    return prepare_conv(cx, slide, epilogue, why);
  }

 private:
  static bool supports(const Problem& p, std::string& why) {
    const Conv* conv = p.node().as<Conv>();
    if (!conv) {
      why = "not a convolution";
      return false;
    }
    if (!plain_tensors(p, why) || !all_of_dtype(p, DType::f32, why)) return false;
    const int rank = p.input(0).rank();
    if (rank < 3 || rank > 5)
      why = fmt::format("oneDNN has convolutions of 1 to 3 spatial axes, found {}", rank - 2);
    else if (!p.input(1).constant)
      why = "the weights are not constant";
    dnnl::post_ops ops;
    return why.empty() && append_activation(ops, conv->activation, why);
  }

  void add_offers(const Problem& p, DType storage, std::vector<Offer>& into) const {
    std::vector<Config> configs = row_configs(p);
    if (is_product(p)) configs.push_back({{"product", shares_of_work(p)}});
    for (const Config& config : configs) {
      Offer offer = channels_last_offer(p, name(), storage, config);
      if (!p.input(3).present()) {
        into.push_back(offer);
        continue;
      }
      offer.in[3] = offer.in[0];
      Offer sum = offer;
      sum.config["sum"] = 1;
      sum.share = Share::in_place;
      sum.shared_input = 3;
      into.push_back(sum);
      into.push_back(offer);
    }
  }

  static std::shared_ptr<const Executable> prepare_conv(const PrepareContext& cx, const Slide& slide,
                                                        const Epilogue& epilogue, std::string& why) {
    const auto rows = split_rows(slide.axis(0), cx.offer.config.at("rows"));
    if (rows.empty()) {
      why = "a piece of rows would see nothing but padding";
      return nullptr;
    }
    ConvPrimitives primitives(cx, slide, epilogue, why);
    SlidePieces made = slide_pieces(slide, storage_of(cx.offer), rows, shares_of_work(cx.problem), epilogue, primitives);
    if (made.pieces.empty()) return nullptr;
    auto executable = std::make_shared<PieceExecutable>(std::move(made.pieces), cx.threads.size(), made.name);
    for (const auto& weights : primitives.weights) executable->hold(1, weights);
    return executable;
  }

  static std::shared_ptr<const Executable> prepare_product(const PrepareContext& cx, const Slide& slide,
                                                           const Epilogue& epilogue, std::string& why) {
    Product p;
    p.m = checked_product(slide.y) / slide.y[1];
    p.k = slide.x[1];
    p.n = slide.y[1];
    p.storage = storage_of(cx.offer);
    p.weights = cx.problem.input(1).constant;
    p.plain_weights = Desc({p.k, p.n}, data_type(DType::f32), Dims{1, p.k});
    if (cx.problem.input(2).present()) p.bias = 2;
    p.epilogue = epilogue;
    return make_product(p, cx.offer.config.at("product"), false, cx, why);
  }
};

}  // namespace
}  // namespace onednn

const Tactic& onednn_conv_tactic() {
  static const onednn::OnednnConv tactic;
  return tactic;
}

}  // namespace tenon::core
