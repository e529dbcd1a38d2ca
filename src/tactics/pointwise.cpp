#include <algorithm>
#include <array>
#include <cstring>

#include "codegen/loop_form.h"
#include "kernels/cpu/strip_program.h"
#include "ops/fused.h"
#include "tactics/all.h"
#include "tactics/in_place.h"
#include "tactics/memory_axes.h"
#include "tactics/support.h"
#include "tactics/tiers.h"

namespace tenon::core {
namespace {

/// Without dims: enough to ask whether every op has a function.
cpu::StripSpec spec_of_ops(const LoopForm& form, const Offer& offer) {
  cpu::StripSpec spec;
  for (const LoopForm::Operand& o : form.operands) {
    cpu::StripSpec::Operand operand{o.fact.dtype(), {}, {}, o.input < 0};
    if (o.input >= 0) operand.dtype = stored_as(offer.in[static_cast<size_t>(o.input)], operand.dtype);
    if (o.constant) {
      const Tensor number = o.constant->value();
      std::memcpy(operand.number.data(), number.bytes().data(), static_cast<size_t>(number.byte_size()));
    }
    spec.dtypes.push_back(o.fact.dtype());
    spec.operands.push_back(std::move(operand));
  }
  for (const LoopForm::Scalar& s : form.body)
    spec.ops.push_back({std::string(s.op), s.dtype, s.args, static_cast<float>(s.alpha), static_cast<float>(s.beta)});
  for (size_t r = 0; r < form.results.size(); ++r)
    spec.results.push_back({form.results[r], stored_as(offer.out[r], form.dtype(form.results[r]))});
  return spec;
}

cpu::StripSpec spec_of(const LoopForm& form, const PrepareContext& cx) {
  cpu::StripSpec spec = spec_of_ops(form, cx.offer);
  const Layout& layout = cx.offer.out[0].layout;
  const Dims& shape = cx.shapes.out[0];
  spec.extents = in_memory_order(shape, layout);
  for (size_t o = 0; o < form.operands.size(); ++o) {
    const int input = form.operands[o].input;
    if (input < 0) continue;
    const auto i = static_cast<size_t>(input);
    spec.operands[o].strides =
        in_memory_order(aligned_strides(cx.shapes.in[i], cx.offer.in[i].layout, shape.size()), layout);
  }
  return spec;
}

class PointwiseExecutable : public Executable {
 public:
  PointwiseExecutable(const LoopForm& form, const PrepareContext& cx) : program_(spec_of(form, cx), cx.threads.size()) {
    for (const LoopForm::Operand& o : form.operands) inputs_.push_back(o.input);
    for (const LoopForm::Scalar& s : form.body) name_ += (name_.empty() ? "strips:" : "+") + std::string(s.op);
    if (name_.empty()) name_ = "strips:copy";
  }
  int64_t workspace_bytes() const override { return program_.workspace_bytes(); }
  bool uses_input(int i) const override { return std::find(inputs_.begin(), inputs_.end(), i) != inputs_.end(); }
  std::string kernel_name() const override { return name_; }

  void run(State*, const Args& args, Threads& threads) const override {
    const std::byte* operands[kMost];
    std::byte* results[kMost];
    for (size_t o = 0; o < inputs_.size(); ++o)
      operands[o] = inputs_[o] < 0 ? nullptr : args.in[static_cast<size_t>(inputs_[o])].data;
    for (size_t r = 0; r < args.out.size(); ++r) results[r] = args.out[r].data;
    program_.run(operands, results, args.workspace, threads);
  }

  static constexpr size_t kMost = 64;

 private:
  cpu::StripProgram program_;
  std::vector<int> inputs_;
  std::string name_;
};

/// Pointwise nodes and Fused bodies, strip by strip through vector functions.
class Pointwise : public Tactic {
 public:
  std::string_view name() const override { return "pointwise"; }
  std::string_view tier() const override { return "generated"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    if (!plain_tensors(p, why)) return {};
    const auto form = lower(p.graph, p.id, why);
    if (!form || !is_supported(*form, p, why)) return {};
    std::vector<Offer> result;
    add(result, row_major_offer(p, name()), p);
    const int rank = p.output(0).rank();
    if (rank >= 3) {
      Offer last = row_major_offer(p, name());
      const Format format = with_layout(channels_last(rank));
      for (int i = 0; i < p.inputs(); ++i)
        if (p.input(i).present() && p.input(i).rank() == rank && has_order(p.input(i)))
          last.in[static_cast<size_t>(i)] = format;
      std::fill(last.out.begin(), last.out.end(), format);
      add(result, std::move(last), p);
    }
    return result;
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const auto form = lower(cx.problem.graph, cx.problem.id, why);
    return form ? std::make_shared<PointwiseExecutable>(*form, cx) : nullptr;
  }

 private:
  bool is_supported(const LoopForm& form, const Problem& p, std::string& why) const {
    if (p.outputs() > static_cast<int>(PointwiseExecutable::kMost)) {
      why = "too many results";
      return false;
    }
    return cpu::StripProgram::supports(spec_of_ops(form, row_major_offer(p, name())), why);
  }

  /// The offer, and those that store its f32 inputs, its f32 results or both in bf16.
  static void add(std::vector<Offer>& offers, Offer offer, const Problem& p) {
    offers.push_back(with_share(offer, p));
    if (!allows_bf16(p)) return;
    Offer in = offer, out = offer;
    for (int i = 0; i < p.inputs(); ++i)
      if (p.input(i).present() && !p.input(i).constant && p.input(i).dtype() == DType::f32) in.in[static_cast<size_t>(i)].storage = DType::bf16;
    for (int r = 0; r < p.outputs(); ++r)
      if (p.output(r).dtype() == DType::f32) out.out[static_cast<size_t>(r)].storage = DType::bf16;
    Offer both = in;
    both.out = out.out;
    for (Offer& o : std::array{both, in, out})
      if (std::find(offers.begin(), offers.end(), with_share(o, p)) == offers.end()) offers.push_back(with_share(std::move(o), p));
  }

  /// The result may lie in an input of its own shape and type: each strip is read before it is written, because the one
  /// result comes last.
  static Offer with_share(Offer offer, const Problem& p) { return p.outputs() == 1 ? in_place_of_an_input(std::move(offer), p) : offer; }
};

}  // namespace

bool is_vectorised_pointwise(const Problem& p, const Offer& offer) {
  std::string why;
  const auto form = lower(p.graph, p.id, why);
  return form && cpu::StripProgram::is_vectorised(spec_of_ops(*form, offer));
}

const Tactic& pointwise_tactic() {
  static const Pointwise tactic;
  return tactic;
}

}  // namespace tenon::core
