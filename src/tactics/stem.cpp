#include "kernels/cpu/stem.h"

#include "ops/conv.h"
#include "tactics/finish.h"
#include "tactics/own_convs.h"
#include "tactics/panels.h"
#include "tactics/sliding_axes.h"
#include "tactics/support.h"

namespace tenon::core {
namespace {

constexpr int64_t kMostChannels = 4;

class StemExecutable : public Executable {
 public:
  StemExecutable(const cpu::StemShape& s, const cpu::DepthwiseFinish& finish, const PrepareContext& cx)
      : kernel_(s, cx.threads.size()), finish_(finish), weights_(packed_panels(cx, 1)) {}
  std::string kernel_name() const override { return "stem:rows"; }
  int64_t workspace_bytes() const override { return kernel_.workspace_bytes(); }
  bool uses_input(int i) const override { return i != 1; }
  void run(State*, const Args& args, Threads& threads) const override {
    cpu::DepthwiseFinish finish = finish_;
    if (args.in.size() > 2) finish.bias = args.in[2].in<float>();
    kernel_.run(args.in[0].in<float>(), weights_.get(), finish, args.out[0].out<float>(), args.workspace, threads);
  }

 private:
  cpu::StemKernel kernel_;
  cpu::DepthwiseFinish finish_;
  PackedFloats weights_;
};

/// The first convolution of a network: few channels, as the caller gives them, to filters in channels-last order.
class Stem : public Tactic {
 public:
  std::string_view name() const override { return "stem"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    if (!supports(p, why)) return {};
    Offer offer = row_major_offer(p, name());
    offer.out[0] = with_layout(channels_last(4));
    return {offer};
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const Dims &x = cx.shapes.in[0], &w = cx.shapes.in[1], &y = cx.shapes.out[0];
    if (checked_product(x) == 0 || checked_product(y) == 0 || checked_product(w) == 0) {
      why = "an empty tensor";
      return nullptr;
    }
    const Conv& conv = *cx.problem.node().as<Conv>();
    const auto finish = finish_of(conv.activation, why);
    if (!finish) return nullptr;
    const auto axes = sliding_axes(conv.window, w, x, y);
    if (axes[0].pad < 0 || axes[1].pad < 0) {
      why = "a negative padding";
      return nullptr;
    }
    const cpu::StemShape s{x[0], x[1], w[0], axes[0], axes[1]};
    return std::make_shared<StemExecutable>(s, *finish, cx);
  }

 private:
  static bool supports(const Problem& p, std::string& why) {
    const Conv* conv = p.node().as<Conv>();
    if (!conv) {
      why = "not a convolution";
      return false;
    }
    if (!plain_tensors(p, why) || !all_of_dtype(p, DType::f32, why)) return false;
    const Dim channels = p.input(0).shape()[1];
    if (p.input(0).rank() != 4)
      why = "not a convolution of two spatial axes";
    else if (conv->group != 1 || !channels.is_const() || channels.value() > kMostChannels)
      why = fmt::format("not a convolution of up to {} channels", kMostChannels);
    else if (!p.input(1).constant)
      why = "the weights are not constant";
    else if (p.input(3).present())
      why = "there is a residual";
    return why.empty() && finish_of(conv->activation, why);
  }
};

}  // namespace

const Tactic& stem_tactic() {
  static const Stem tactic;
  return tactic;
}

}  // namespace tenon::core
