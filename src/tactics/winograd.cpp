#include "kernels/cpu/winograd.h"

#include <algorithm>

#include "ops/conv.h"
#include "tactics/all.h"
#include "tactics/panels.h"
#include "tactics/support.h"

namespace tenon::core {
namespace {

bool all_are(const std::vector<int64_t>& v, int64_t value) {
  return std::all_of(v.begin(), v.end(), [&](int64_t x) { return x == value; });
}

/// The strip function of an activation; nothing, with a sentence, when there is none.
std::optional<cpu::StripFunction> strip_of(const Activation& a, std::string& why) {
  if (!a.present()) return nullptr;
  if (const cpu::StripFunction f = cpu::find_f32_function(a.kind, 0)) return f;
  why = "there is no vectorised activation '" + a.kind + "'";
  return {};
}

PackedFloats pack(const PrepareContext& cx, int64_t tile) {
  const Dims& dims = cx.problem.input(1).constant->dims();
  const int64_t filters = dims[0], channels = dims[1];
  return packed_floats(cx, 1, fmt::format("winograd {}", tile), cpu::WinogradKernel::packed_floats(tile, channels, filters),
                       [&](const Tensor& w, float* to) { cpu::WinogradKernel::pack(w.data<float>(), tile, channels, filters, to); });
}

class WinogradExecutable : public Executable {
 public:
  WinogradExecutable(const cpu::WinogradShape& shape, bool phases, const PrepareContext& cx,
                     cpu::StripFunction activation)
      : kernel_(shape, phases, cx.threads.size()), weights_(pack(cx, shape.tile)), activation_(activation) {
    const Activation& a = cx.problem.node().as<Conv>()->activation;
    alpha_ = static_cast<float>(a.alpha);
    beta_ = static_cast<float>(a.beta);
    name_ = fmt::format("winograd:{}x{}", shape.tile, shape.tile);
  }
  std::string kernel_name() const override { return name_; }
  int64_t workspace_bytes() const override { return kernel_.workspace_bytes(); }
  bool uses_input(int i) const override { return i != 1; }

  void run(State*, const Args& args, Threads& threads) const override {
    const auto in = [&](size_t i) { return i < args.in.size() ? args.in[i].in<float>() : nullptr; };
    kernel_.run({in(0), weights_.get(), in(2), in(3), args.out[0].out<float>(), activation_, alpha_, beta_},
                args.workspace, threads);
  }

 private:
  cpu::WinogradKernel kernel_;
  PackedFloats weights_;
  cpu::StripFunction activation_;
  float alpha_, beta_;
  std::string name_;
};

/// Config: "tile": 4 or 2 output pixels a side; "phases": all threads share each step.
class Winograd : public Tactic {
 public:
  std::string_view name() const override { return "winograd"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    if (!supports(p, why)) return {};
    std::vector<Offer> result;
    for (const int64_t tile : {4, 2})
      for (const int64_t phases : {0, 1}) {
        if (phases && (p.device.threads == 1 || p.options.deterministic)) continue;  // on one thread another kernel takes its place
        Offer offer = row_major_offer(p, name());
        offer.config = {{"tile", tile}, {"phases", phases}};
        offer.in[0] = offer.out[0] = with_layout(channels_last(4));
        if (p.input(3).present()) offer.in[3] = offer.in[0];
        result.push_back(std::move(offer));
      }
    return result;
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const Dims &x = cx.shapes.in[0], &w = cx.shapes.in[1], &y = cx.shapes.out[0];
    if (checked_product(x) == 0 || checked_product(y) == 0) {
      why = "an empty tensor";
      return nullptr;
    }
    Window window = cx.problem.node().as<Conv>()->window;
    window.kernel = {3, 3};
    const auto pads = resolve_pads(window.filled(2), std::span(x).subspan(2));
    cpu::WinogradShape s{
        cx.offer.config.at("tile"), x[0], x[2], x[3], x[1], w[0], y[2], y[3], pads[0].first, pads[1].first};
    const auto activation = strip_of(cx.problem.node().as<Conv>()->activation, why);
    return std::make_shared<WinogradExecutable>(s, cx.offer.config.at("phases") != 0, cx, *activation);
  }

 private:
  static bool supports(const Problem& p, std::string& why) {
    const Conv* conv = p.node().as<Conv>();
    if (!conv) {
      why = "not a convolution";
      return false;
    }
    if (!plain_tensors(p, why) || !all_of_dtype(p, DType::f32, why)) return false;
    const Shape& w = p.input(1).shape();
    const bool three = w.size() == 4 && w[2] == Dim(3) && w[3] == Dim(3);
    if (!three || conv->group != 1 || !all_are(conv->window.strides, 1) || !all_are(conv->window.dilations, 1))
      why = "not a 3x3 convolution of stride 1";
    else if (!p.input(1).constant)
      why = "the weights are not constant";
    else if (p.options.exact)
      why = "it adds in another order";
    return why.empty() && strip_of(conv->activation, why);
  }
};

}  // namespace

const Tactic& winograd_tactic() {
  static const Winograd tactic;
  return tactic;
}

}  // namespace tenon::core
