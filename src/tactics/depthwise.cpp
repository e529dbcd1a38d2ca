#include "kernels/cpu/depthwise.h"

#include "ops/conv.h"
#include "tactics/all.h"
#include "tactics/finish.h"
#include "tactics/panels.h"
#include "tactics/sliding_axes.h"
#include "tactics/support.h"

namespace tenon::core {
namespace {

class DepthwiseExecutable : public Executable {
 public:
  DepthwiseExecutable(const cpu::DepthwiseShape& shape, const cpu::DepthwiseFinish& finish, const PrepareContext& cx)
      : shape_(shape), images_(cx.shapes.in[0][0]), finish_(finish), weights_(packed_places(cx, 1)) {}
  std::string kernel_name() const override { return "depthwise:rows"; }
  bool uses_input(int i) const override { return i != 1; }

  void run(State*, const Args& args, Threads& threads) const override {
    cpu::DepthwiseFinish finish = finish_;
    if (args.in.size() > 2) finish.bias = args.in[2].in<float>();
    if (args.in.size() > 3) finish.residual = args.in[3].in<float>();
    cpu::depthwise(shape_, images_, args.in[0].in<float>(), weights_.get(), finish, args.out[0].out<float>(),
                   threads);
  }

 private:
  cpu::DepthwiseShape shape_;
  int64_t images_;
  cpu::DepthwiseFinish finish_;
  PackedFloats weights_;
};

/// Convolutions of each channel by itself, over one or two spatial axes.
class Depthwise : public Tactic {
 public:
  std::string_view name() const override { return "depthwise"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    if (!supports(p, why)) return {};
    Offer offer = row_major_offer(p, name());
    offer.in[0] = offer.out[0] = with_layout(channels_last(p.input(0).rank()));
    if (p.input(3).present()) offer.in[3] = offer.in[0];
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
    cpu::DepthwiseShape s{x[1], axes.size() == 2 ? axes[0] : cpu::SlidingAxis{1, 1}, axes.back()};
    if (s.rows.kernel > cpu::DepthwiseShape::kMostRows) {
      why = fmt::format("kernels have up to {} rows, found {}", cpu::DepthwiseShape::kMostRows, s.rows.kernel);
      return nullptr;
    }
    return std::make_shared<DepthwiseExecutable>(s, *finish, cx);
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
    const int rank = p.input(0).rank();
    if (rank != 3 && rank != 4)
      why = fmt::format("convolutions have one or two spatial axes here, found {}", rank - 2);
    else if (!p.input(1).constant)
      why = "the weights are not constant";
    else if (conv->group < 2 || w[0] != Dim(conv->group) || w[1] != Dim(1))
      why = "not a convolution of each channel by itself";
    return why.empty() && finish_of(conv->activation, why);
  }
};

}  // namespace

const Tactic& depthwise_tactic() {
  static const Depthwise tactic;
  return tactic;
}

}  // namespace tenon::core
