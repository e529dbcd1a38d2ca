#include "ops/conv.h"
#include "tactics/cuda/cublaslt_activation.h"
#include "tactics/cuda/cublaslt_product.h"
#include "tactics/cuda/libraries.h"
#include "tactics/cuda/own_window.h"

namespace tenon::core::cuda {
namespace {

/// A convolution whose output pixels see their own input pixel alone, channels last: one product of pixels by filters.
/// Config: see prepare_product.
class CublasLtConv : public Tactic {
 public:
  std::string_view name() const override { return "cublaslt_conv"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const Conv* conv = p.node().as<Conv>();
    if (!conv) why = "not a convolution";
    if (!conv || !source_enabled(p, cublas_lt_source, why) || !CublasLt::get(why) || !own::is_window_conv(p, why)) return {};
    const Dims& w = p.input(1).constant->dims();
    if (conv->group != 1 || checked_product(w) != w[0] * w[1]) {
      why = "not a pointwise convolution";
      return {};
    }
    std::vector<Offer> result;
    for (DType storage : storage_types(p, why)) {
      Offer offer = row_major_offer(p, name());
      offer.in[0].layout = offer.out[0].layout = channels_last(p.input(0).rank());
      if (p.input(3).present()) offer.in[3].layout = offer.out[0].layout;
      store_as(offer, p, storage);
      if (cublaslt_activation(conv->activation, stored_as(offer.out[0], p.output(0).dtype()), p.options.exact)) add_algorithm_offers(p, storage, std::move(offer), result);
      else why = "cuBLASLt has no activation '" + conv->activation.kind + "' for this type";
    }
    return result;
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const Problem& p = cx.problem;
    const Conv& conv = *p.node().as<Conv>();
    const own::WindowShape s = own::window_shape(conv.window, cx.shapes);
    const int64_t pixels = s.images * s.out[0] * s.out[1], channels = s.channels, filters = cx.shapes.in[1][0];
    if (!s.is_point() || pixels * channels * filters == 0) {
      why = s.is_point() ? "an empty tensor" : "its window moves by more than one pixel, or is padded";
      return nullptr;
    }
    const DType type = stored_type(cx);
    Product product;
    product.mode.type = type;
    product.mode.tf32 = p.options.tf32;
    product.mode.transposed_w = true;
    product.mode.bias = p.input(2).present();
    product.mode.activation = *cublaslt_activation(conv.activation, type, p.options.exact);
    product.w = {channels, filters, channels, 0, true};
    product.a = {pixels, channels, channels, 0, false};
    product.y = {pixels, filters, filters, 0, false};
    product.addend = p.input(3).present() ? 3 : -1;
    product.weights = packed_on_device(cx, 1, "plain:" + std::string(to_string(type)), [&](const Tensor& plain) { return converted(plain, type); });
    return prepare_product(cx, std::move(product), why);
  }
};

}  // namespace

const Tactic& cublaslt_conv_tactic() {
  static const CublasLtConv tactic;
  return tactic;
}

}  // namespace tenon::core::cuda
