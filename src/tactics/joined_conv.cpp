#include "ops/joined_conv.h"

#include <array>

#include "kernels/cpu/joined_product.h"
#include "ops/fused.h"
#include "tactics/finish.h"
#include "tactics/own_convs.h"
#include "tactics/panels.h"
#include "tactics/support.h"

namespace tenon::core {
namespace {

std::optional<JoinedConv> joined_of(const Problem& p) {
  const Fused* fused = p.node().as<Fused>();
  return fused ? joined_conv(*fused->body) : std::nullopt;
}

class JoinedExecutable : public Executable {
 public:
  JoinedExecutable(const cpu::JoinedShape& shape, const JoinedConv& joined, const cpu::DepthwiseFinish& finish, const PrepareContext& cx)
      : kernel_(shape, cx.threads.size()), joined_(joined), finish_(finish), weights_(packed_panels(cx, joined.weights)) {}
  std::string kernel_name() const override { return "joined_conv:rows"; }
  int64_t workspace_bytes() const override { return kernel_.workspace_bytes(); }
  bool uses_input(int i) const override { return i != joined_.weights; }

  void run(State*, const Args& args, Threads& threads) const override {
    std::array<const float*, cpu::JoinedProduct::kMostParts> parts;
    for (size_t i = 0; i < static_cast<size_t>(joined_.parts); ++i) parts[i] = args.in[i].in<float>();
    const auto in = [&](int i) { return args.in[static_cast<size_t>(i)].in<float>(); };
    cpu::DepthwiseFinish finish = finish_;
    if (joined_.bias >= 0) finish.bias = in(joined_.bias);
    kernel_.run({parts.data(), in(joined_.scale), in(joined_.shift), weights_.get(), finish}, args.out[0].out<float>(), args.workspace, threads);
  }

 private:
  cpu::JoinedProduct kernel_;
  JoinedConv joined_;
  cpu::DepthwiseFinish finish_;
  PackedFloats weights_;
};

/// A dense block's layer without a joined tensor: concat, scale, shift, ReLU and a 1x1 convolution in one.
class JoinedConvTactic : public Tactic {
 public:
  std::string_view name() const override { return "joined_conv"; }
  static bool all_pictures(const Problem& p, int parts) {
    for (int i = 0; i < parts; ++i)
      if (p.input(i).rank() != 4) return false;
    return p.output(0).rank() == 4;
  }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const auto joined = joined_of(p);
    if (!joined || !all_pictures(p, joined->parts))
      why = "not a 1x1 convolution of joined channels";
    else if (!p.input(joined->weights).constant)
      why = "the weights are not constant";
    else if (static_cast<size_t>(joined->parts) > cpu::JoinedProduct::kMostParts)
      why = fmt::format("joins up to {} tensors, found {}", cpu::JoinedProduct::kMostParts, joined->parts);
    if (!why.empty() || !plain_tensors(p, why) || !all_of_dtype(p, DType::f32, why) || !finish_of(joined->activation, why)) return {};
    Offer offer = row_major_offer(p, name());
    offer.out[0] = with_layout(channels_last(4));
    for (int i = 0; i < joined->parts; ++i) offer.in[static_cast<size_t>(i)] = offer.out[0];
    return {offer};
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const JoinedConv joined = *joined_of(cx.problem);
    const Dims& y = cx.shapes.out[0];
    cpu::JoinedShape shape{y[0] * y[2] * y[3], y[1], {}};
    for (int i = 0; i < joined.parts; ++i) shape.widths.push_back(cx.shapes.in[static_cast<size_t>(i)][1]);
    const int64_t channels = shape.channels();
    const auto is = [&](int i, const Dims& dims) { return cx.shapes.in[static_cast<size_t>(i)] == dims; };
    bool agree = is(joined.scale, {channels, 1, 1}) && is(joined.shift, {channels, 1, 1}) && is(joined.weights, {y[1], channels, 1, 1}) &&
                 (joined.bias < 0 || is(joined.bias, {y[1]}));
    for (int i = 0; i < joined.parts; ++i) agree = agree && is(i, {y[0], shape.widths[static_cast<size_t>(i)], y[2], y[3]});
    if (checked_product(y) == 0 || channels == 0 || !agree) {  // a body from a file may be of other dims than the inputs
      why = "an empty tensor, or dims that contradict each other";
      return nullptr;
    }
    return std::make_shared<JoinedExecutable>(shape, joined, *finish_of(joined.activation, why), cx);
  }
};

}  // namespace

const Tactic& joined_conv_tactic() {
  static const JoinedConvTactic tactic;
  return tactic;
}

}  // namespace tenon::core
