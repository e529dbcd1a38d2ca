#include <algorithm>

#include "codegen/cuda/pointwise.h"
#include "ops/recurrent.h"
#include "tactics/cuda/formats.h"
#include "tactics/cuda/generated.h"
#include "tactics/cuda/one_kernel.h"
#include "tactics/cuda/support.h"
#include "tactics/cuda/texts.h"

namespace tenon::core::cuda {

KernelText recurrent_text(DType in, DType weight, DType out, int cell) {
  return {kernel_text_recurrent,
          {fmt::format("-DIN={}", element_name(in)), fmt::format("-DWEIGHT={}", element_name(weight)),
           fmt::format("-DOUT={}", element_name(out)), fmt::format("-DCELL={}", cell)}};
}

namespace {

enum Input { kX, kW, kR, kBias, kLengths, kInitialH, kInitialC, kPeepholes };
constexpr int64_t kTile = 64, kSamples = 4, kWarps = 4;  // TILE and SAMPLES of the kernel; warps of a block

struct Kind {
  const Recurrent* common = nullptr;
  int cell = 0;       // CELL of the kernel: RNN, GRU, LSTM
  int functions = 1;  // of a direction
  int gates() const { return cell == 2 ? 4 : cell == 1 ? 3 : 1; }
};

Kind kind_of(const Node& n) {
  if (const LSTM* op = n.as<LSTM>()) return {&op->common, 2, 3};
  if (const GRU* op = n.as<GRU>()) return {&op->common, 1, 2};
  if (const RNN* op = n.as<RNN>()) return {&op->common, 0, 1};
  return {};
}

/// RecurrentArgs of the kernel.
struct Parameters {
  const void *x = nullptr, *w = nullptr, *r = nullptr, *bias = nullptr, *peepholes = nullptr, *first_h = nullptr,
             *first_c = nullptr, *lengths = nullptr;
  void *y = nullptr, *last_h = nullptr, *last_c = nullptr, *projected = nullptr, *h = nullptr, *c = nullptr,
       *kept = nullptr;
  uint32_t steps = 0, batch = 0, inputs = 0, hidden = 0, directions = 0, reversed = 0;
  uint32_t wide_lengths = 0, input_forget = 0, step = 0, unused = 0;
  uint32_t kinds[2][3] = {};
  float alpha[2][3] = {}, beta[2][3] = {}, clip[2][3] = {};
};

void set_functions(Parameters& p, const Kind& kind) {
  for (int d = 0; d < static_cast<int>(p.directions); ++d)
    for (int i = 0; i < kind.functions; ++i) {
      const auto at = static_cast<size_t>(d * kind.functions + i);
      const RecurrentActivation* activation = find_recurrent_activation(kind.common->activations[at]);
      p.kinds[d][i] = static_cast<uint32_t>(activation - find_recurrent_activation("relu"));
      p.alpha[d][i] = static_cast<float>(kind.common->alpha[at]);
      p.beta[d][i] = static_cast<float>(kind.common->beta[at]);
      p.clip[d][i] = kind.cell == 2 && i == 2 ? 0 : static_cast<float>(kind.common->clip);
    }
}

class RecurrentExecutable : public DeviceExecutable {
 public:
  RecurrentExecutable(const Parameters& p, const Module& module, int gates, bool resets_first, int64_t out_size)
      : parameters_(p),
        gates_of_cell_(gates),
        y_bytes_(int64_t{p.steps} * p.directions * p.batch * p.hidden * out_size),
        project_(module.kernel("project")),
        start_(module.kernel("start")),
        finish_(module.kernel("finish")) {
    if (resets_first) {
      reset_ = module.kernel("reset");
      again_ = module.kernel("again");
    } else {
      gates_ = module.kernel("gates");
    }
  }
  std::string kernel_name() const override {
    return gates_of_cell_ == 4 ? "lstm" : gates_of_cell_ == 3 ? "gru" : "rnn";
  }
  int64_t workspace_bytes() const override { return 4 * (projected() + 5 * state()); }

  void enqueue(State*, const Args& args, cudaStream_t stream) const override {
    Parameters p = parameters_;
    set_addresses(p, args);
    if (p.y && p.lengths)
      check(cudaMemsetAsync(p.y, 0, static_cast<size_t>(y_bytes_), stream), "zeros behind the sequences");
    const auto run = [&](const Kernel& kernel, Launch how) {
      how.stream = stream;
      kernel(how, p);
    };
    const int64_t rows = int64_t{p.steps} * p.batch, columns = int64_t{p.hidden} * gates_of_cell_;
    Launch tiles = launch_over((columns + kTile - 1) / kTile * 256, 256);
    tiles.grid.y = static_cast<unsigned>((rows + kTile - 1) / kTile);
    tiles.grid.z = p.directions;
    run(project_, tiles);
    run(start_, launch_over(state()));
    const Launch units =
        launch_over(int64_t{p.directions} * ((p.batch + kSamples - 1) / kSamples) * p.hidden * 32, kWarps * 32);
    for (p.step = 0; p.step < p.steps; ++p.step) {
      if (gates_) {
        run(gates_, units);
      } else {
        run(reset_, units);
        run(again_, units);
      }
    }
    run(finish_, launch_over(state()));
  }

 private:
  int64_t state() const { return int64_t{parameters_.directions} * parameters_.batch * parameters_.hidden; }
  int64_t projected() const { return state() * parameters_.steps * gates_of_cell_; }

  void set_addresses(Parameters& p, const Args& args) const {
    const auto in = [&](size_t i) { return i < args.in.size() ? args.in[i].data : nullptr; };
    const auto out = [&](size_t i) { return i < args.out.size() ? args.out[i].data : nullptr; };
    p.x = in(kX);
    p.w = in(kW);
    p.r = in(kR);
    p.bias = in(kBias);
    p.lengths = in(kLengths);
    p.first_h = in(kInitialH);
    p.first_c = in(kInitialC);
    p.peepholes = in(kPeepholes);
    p.y = out(0);
    p.last_h = out(1);
    p.last_c = out(2);
    auto* memory = reinterpret_cast<float*>(args.workspace);
    p.projected = memory;
    p.h = memory + projected();
    p.c = memory + projected() + 2 * state();
    p.kept = memory + projected() + 3 * state();
  }

  Parameters parameters_;
  int gates_of_cell_;
  int64_t y_bytes_;
  Kernel project_, start_, finish_, gates_, reset_, again_;
};

/// LSTM, GRU and RNN: the products with the inputs at once, then a launch for each step.
class DeviceRecurrent : public Tactic {
 public:
  std::string_view name() const override { return "device_recurrent"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const Kind kind = kind_of(p.node());
    const DType dtype = p.input(kX).dtype();
    if (!kind.common) why = "not a recurrent layer";
    if (kind.common && dtype != DType::f32 && dtype != DType::f16 && dtype != DType::bf16)
      why = fmt::format("runs on f32, f16 and bf16 only, found {}", to_string(dtype));
    if (!why.empty() || !plain_tensors(p, why)) return {};
    return in_precisions_and_across({row_major_offer(p, name())}, p);
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const Node& n = cx.problem.node();
    const Kind kind = kind_of(n);
    const Dims &x = cx.shapes.in[kX], &w = cx.shapes.in[kW], &r = cx.shapes.in[kR];
    const int64_t directions = kind.common->directions(), hidden = r.size() == 3 ? r[2] : 0;
    if (checked_product(x) == 0 || hidden == 0) why = "an empty tensor";
    if (x.size() != 3 || w != Dims{directions, kind.gates() * hidden, x.back()} ||
        r != Dims{directions, kind.gates() * hidden, hidden})
      why = "the weights do not fit the inputs";
    if (!why.empty() || !fits(cx, directions, hidden, kind.gates(), why)) return nullptr;
    if (checked_mul(checked_product(x), 1) > kMostItems ||
        checked_mul(checked_mul(x[0] * x[1], directions), kind.gates() * hidden) > kMostItems) {
      why = "more than 2^31 elements";
      return nullptr;
    }
    Parameters p;
    p.steps = static_cast<uint32_t>(x[0]);
    p.batch = static_cast<uint32_t>(x[1]);
    p.inputs = static_cast<uint32_t>(x[2]);
    p.hidden = static_cast<uint32_t>(hidden);
    p.directions = static_cast<uint32_t>(directions);
    p.reversed = kind.common->direction == Direction::reverse;
    p.wide_lengths = cx.problem.input(kLengths).dtype() == DType::i64;
    if (const LSTM* op = n.as<LSTM>()) p.input_forget = op->input_forget;
    set_functions(p, kind);
    const GRU* gru = n.as<GRU>();
    const DType out = stored_type(cx);
    const Module& module =
        compiled(recurrent_text(stored(cx, kX), stored(cx, kW), out, kind.cell), cx.problem.device.compute);
    return std::make_shared<RecurrentExecutable>(p, module, kind.gates(), gru && !gru->linear_before_reset,
                                                 size_of(out));
  }

 private:
  static DType stored(const PrepareContext& cx, int i) {
    return stored_as(cx.offer.in[static_cast<size_t>(i)], cx.problem.input(i).dtype());
  }
  /// The kernel has one type for x and the states, one for all parameters and one for all outputs.
  static bool fits(const PrepareContext& cx, int64_t directions, int64_t hidden, int64_t gates, std::string& why) {
    const auto given = [&](int i) { return cx.problem.input(i).present(); };
    for (int i : {int{kR}, int{kBias}, int{kPeepholes}})
      if (given(i) && stored(cx, i) != stored(cx, kW)) why = "parameters of two types";
    for (int i : {int{kInitialH}, int{kInitialC}})
      if (given(i) && stored(cx, i) != stored(cx, kX)) why = "states of another type than the inputs";
    for (const Format& f : cx.offer.out)
      if (f.storage != cx.offer.out[0].storage) why = "outputs of two types";
    const int64_t batch = cx.shapes.in[kX][1];
    const auto has = [&](int i, const Dims& dims) { return !given(i) || cx.shapes.in[static_cast<size_t>(i)] == dims; };
    if (!has(kBias, {directions, 2 * gates * hidden}) || !has(kLengths, {batch}) ||
        !has(kInitialH, {directions, batch, hidden}) || !has(kInitialC, {directions, batch, hidden}) ||
        !has(kPeepholes, {directions, 3 * hidden}))
      why = "the parameters do not fit the inputs";
    return why.empty();
  }
};

}  // namespace

const Tactic& device_recurrent_tactic() {
  static const DeviceRecurrent tactic;
  return tactic;
}

}  // namespace tenon::core::cuda
