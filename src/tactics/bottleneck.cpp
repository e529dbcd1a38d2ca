#include "ops/bottleneck.h"

#include "kernels/cpu/bottleneck.h"
#include "ops/fused.h"
#include "tactics/finish.h"
#include "tactics/own_convs.h"
#include "tactics/panels.h"
#include "tactics/sliding_axes.h"
#include "tactics/support.h"

namespace tenon::core {
namespace {

std::optional<Bottleneck> bottleneck_of(const Problem& p) {
  const Fused* fused = p.node().as<Fused>();
  return fused ? bottleneck(*fused->body) : std::nullopt;
}

class BottleneckExecutable : public Executable {
 public:
  BottleneckExecutable(const cpu::BottleneckShape& shape, const Bottleneck& op, const PrepareContext& cx)
      : kernel_(shape, cx.threads.size()), op_(op), weights_(packed_places(cx, op.middle.weights)) {
    std::string why;
    if (op.expand.present()) expand_ = packed_panels(cx, op.expand.weights);
    if (op.project.present()) project_ = packed_panels(cx, op.project.weights);
    first_ = *finish_of(op.expand.activation, why);
    second_ = *finish_of(op.middle.activation, why);
    third_ = *finish_of(op.project.activation, why);
  }
  std::string kernel_name() const override { return "bottleneck:rows"; }
  int64_t workspace_bytes() const override { return kernel_.workspace_bytes(); }
  bool uses_input(int i) const override {
    return i != op_.expand.weights && i != op_.middle.weights && i != op_.project.weights;
  }

  void run(State*, const Args& args, Threads& threads) const override {
    const auto in = [&](int i) { return i < 0 ? nullptr : args.in[static_cast<size_t>(i)].in<float>(); };
    cpu::BottleneckInputs inputs{in(op_.x), expand_.get(), weights_.get(),
                                 project_.get(), first_, second_, third_};
    inputs.first.bias = in(op_.expand.bias);
    inputs.second.bias = in(op_.middle.bias);
    inputs.third.bias = in(op_.project.bias);
    inputs.third.residual = in(op_.residual);
    kernel_.run(inputs, args.out[0].out<float>(), args.workspace, threads);
  }

 private:
  cpu::BottleneckKernel kernel_;
  Bottleneck op_;
  cpu::DepthwiseFinish first_, second_, third_;
  PackedFloats weights_, expand_, project_;
};

/// 1x1, depthwise and 1x1 convolutions as one, row by row.
class BottleneckTactic : public Tactic {
 public:
  std::string_view name() const override { return "bottleneck"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const auto op = bottleneck_of(p);
    if (!op || p.input(op->x).rank() != 4 || p.output(0).rank() != 4) why = "not an inverted bottleneck";
    if (!why.empty() || !plain_tensors(p, why) || !all_of_dtype(p, DType::f32, why)) return {};
    for (const BottleneckPart* part : {&op->expand, &op->middle, &op->project}) {
      if (part->present() && !p.input(part->weights).constant) why = "the weights are not constant";
      if (!why.empty() || !finish_of(part->activation, why)) return {};
    }
    Offer offer = row_major_offer(p, name());
    const Format last = with_layout(channels_last(4));
    offer.in[static_cast<size_t>(op->x)] = offer.out[0] = last;
    if (op->residual >= 0) offer.in[static_cast<size_t>(op->residual)] = last;
    return {offer};
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const Bottleneck op = *bottleneck_of(cx.problem);
    const auto dims = [&](int i) -> const Dims& { return cx.shapes.in[static_cast<size_t>(i)]; };
    const Dims &x = dims(op.x), &y = cx.shapes.out[0];
    if (checked_product(x) == 0 || checked_product(y) == 0) {
      why = "an empty tensor";
      return nullptr;
    }
    if (!dims_agree(op, cx.shapes.in, cx.shapes.out[0])) {
      why = "the dims of the convolutions contradict each other";
      return nullptr;
    }
    const int64_t channels = dims(op.middle.weights)[0];
    const auto axes = sliding_axes(op.window, dims(op.middle.weights), x, y);
    if (axes[0].kernel > cpu::DepthwiseShape::kMostRows) {
      why = fmt::format("kernels have up to {} rows, found {}", cpu::DepthwiseShape::kMostRows, axes[0].kernel);
      return nullptr;
    }
    const cpu::BottleneckShape shape{x[0], op.expand.present() ? x[1] : 0, op.project.present() ? y[1] : 0,
                                     {channels, axes[0], axes[1]}};
    return std::make_shared<BottleneckExecutable>(shape, op, cx);
  }
};

}  // namespace

const Tactic& bottleneck_tactic() {
  static const BottleneckTactic tactic;
  return tactic;
}

}  // namespace tenon::core
