#include "kernels/cpu/recurrent.h"

#include "ops/recurrent.h"
#include "tactics/all.h"
#include "tactics/panels.h"
#include "tactics/support.h"

namespace tenon::core {
namespace {

enum Input { kX, kW, kR, kBias, kLengths, kInitialH, kInitialC, kPeepholes };

struct CellKind {
  const Recurrent* common = nullptr;
  cpu::Cell cell = cpu::Cell::rnn;
  int functions = 1;  // per direction
};

CellKind kind_of(const Node& n) {
  if (const LSTM* op = n.as<LSTM>()) return {&op->common, cpu::Cell::lstm, 3};
  if (const GRU* op = n.as<GRU>()) return {&op->common, cpu::Cell::gru, 2};
  if (const RNN* op = n.as<RNN>()) return {&op->common, cpu::Cell::rnn, 1};
  return {};
}

/// The functions of each direction; nothing, with a sentence, when one has no vectorised form.
std::optional<std::vector<std::array<cpu::CellFunction, 3>>> functions_of(const CellKind& kind, std::string& why) {
  std::vector<std::array<cpu::CellFunction, 3>> result(static_cast<size_t>(kind.common->directions()));
  for (size_t d = 0; d < result.size(); ++d)
    for (size_t i = 0; i < static_cast<size_t>(kind.functions); ++i) {
      const size_t at = d * static_cast<size_t>(kind.functions) + i;
      const bool of_output = kind.cell == cpu::Cell::lstm && i == 2;
      cpu::CellFunction& f = result[d][i];
      f.function = cpu::find_f32_function(kind.common->activations[at], 0);
      f.alpha = static_cast<float>(kind.common->alpha[at]);
      f.beta = static_cast<float>(kind.common->beta[at]);
      f.clip = of_output ? 0 : static_cast<float>(kind.common->clip);
      if (f.function) continue;
      why = "there is no vectorised '" + kind.common->activations[at] + "'";
      return {};
    }
  return result;
}

PackedFloats pack(const PrepareContext& cx, int input, int64_t gates, int64_t hidden) {
  const int64_t columns = cx.problem.input(input).constant->dims()[2];
  return packed_floats(cx, input, "recurrent panels", cpu::RecurrentKernel::packed_floats(gates, hidden, columns),
                       [&](const Tensor& w, float* to) { cpu::RecurrentKernel::pack(w.data<float>(), gates, hidden, columns, to); });
}

class RecurrentExecutable : public Executable {
 public:
  RecurrentExecutable(cpu::RecurrentShape shape, const PrepareContext& cx, std::string name)
      : kernel_(shape), name_(std::move(name)) {
    const int64_t gates = shape.directions * shape.gates();
    w_ = pack(cx, kW, gates, shape.hidden);
    r_ = pack(cx, kR, gates, shape.hidden);
    wide_lengths_ = cx.problem.input(kLengths).dtype() == DType::i64;
  }
  std::string kernel_name() const override { return name_; }
  int64_t workspace_bytes() const override { return kernel_.workspace_bytes(); }
  bool uses_input(int i) const override { return i != kW && i != kR; }

  void run(State*, const Args& args, Threads& threads) const override {
    const auto in = [&](size_t i) { return i < args.in.size() ? args.in[i].in<float>() : nullptr; };
    const auto out = [&](size_t i) { return i < args.out.size() ? args.out[i].out<float>() : nullptr; };
    const std::byte* lengths = args.in.size() > kLengths ? args.in[kLengths].data : nullptr;
    kernel_.run({in(kX), w_.get(), r_.get(), in(kBias), in(kInitialH), in(kInitialC), in(kPeepholes), lengths,
                 wide_lengths_, out(0), out(1), out(2)},
                args.workspace, threads);
  }

 private:
  cpu::RecurrentKernel kernel_;
  std::string name_;
  PackedFloats w_, r_;
  bool wide_lengths_ = false;
};

class RecurrentTactic : public Tactic {
 public:
  std::string_view name() const override { return "recurrent"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const CellKind kind = kind_of(p.node());
    if (!kind.common) why = "not a recurrent layer";
    if (!why.empty() || !plain_tensors(p, why) || !functions_of(kind, why)) return {};
    if (p.input(kX).dtype() != DType::f32)
      why = "runs on f32 only";
    else if (!p.input(kW).constant || !p.input(kR).constant)
      why = "the weights are not constant";
    if (!why.empty()) return {};
    return {row_major_offer(p, name())};
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const Node& n = cx.problem.node();
    const CellKind kind = kind_of(n);
    const Dims &x = cx.shapes.in[kX], &r = cx.shapes.in[kR];
    if (checked_product(x) == 0 || checked_product(r) == 0) {
      why = "an empty tensor";
      return nullptr;
    }
    cpu::RecurrentShape s{kind.cell, x[0], x[1], x[2], r[2], kind.common->directions()};
    s.reverse = kind.common->direction == Direction::reverse;
    if (const LSTM* op = n.as<LSTM>()) s.input_forget = op->input_forget;
    if (const GRU* op = n.as<GRU>()) s.linear_before_reset = op->linear_before_reset;
    s.functions = *functions_of(kind, why);
    return std::make_shared<RecurrentExecutable>(std::move(s), cx, "recurrent:" + std::string(n.op->name()));
  }
};

}  // namespace

const Tactic& recurrent_tactic() {
  static const RecurrentTactic tactic;
  return tactic;
}

}  // namespace tenon::core
