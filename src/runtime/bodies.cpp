#include "runtime/bodies.h"

#include <algorithm>

#include "base/error.h"
#include "ops/body_types.h"
#include "ops/control.h"
#include "runtime/body_values.h"

namespace tenon::core {
namespace {

using Programs = std::vector<std::shared_ptr<const Program>>;

int64_t at_or_zero(const std::vector<int64_t>& values, size_t i) { return i < values.size() ? values[i] : 0; }

/// `run` is added to `sum`, step by step.
void add_times(std::vector<StepTime>& sum, const std::vector<StepTime>& run) {
  for (const StepTime& t : run) {
    const auto step = static_cast<size_t>(t.step);
    for (size_t i = sum.size(); i <= step; ++i) sum.push_back({static_cast<int>(i), 0, {}});
    sum[step].us += t.us;
    sum[step].bodies.resize(std::max(sum[step].bodies.size(), t.bodies.size()));
    for (size_t i = 0; i < t.bodies.size(); ++i) add_times(sum[step].bodies[i], t.bodies[i]);
  }
}

class BodiesExecutable : public Executable {
 public:
  BodiesExecutable(const Node& node, Programs programs) : op_(node.op), programs_(std::move(programs)) {}
  std::unique_ptr<State> make_state() const override { return std::make_unique<BodyStates>(programs_); }
  std::string kernel_name() const override { return "bodies:" + std::string(op_->name()); }
  void run(State* state, const Args& args, Threads& threads) const override {
    run_bodies(static_cast<BodyStates&>(*state), args, threads);
  }

 protected:
  virtual void run_bodies(BodyStates&, const Args&, Threads&) const = 0;
  const Graph& body(size_t i = 0) const { return programs_[i]->graph(); }
  /// Argument `i` as input `input` of a body.
  HostValue argument(const Args& args, int i, int input, size_t body_index = 0) const {
    const Graph& g = body(body_index);
    return input_value(args, i, g.type(g.inputs()[input]));
  }

  OpRef op_;
  Programs programs_;
};

class IfExecutable : public BodiesExecutable {
 public:
  using BodiesExecutable::BodiesExecutable;

 private:
  void run_bodies(BodyStates& states, const Args& args, Threads&) const override {
    const bool taken = single_value<bool>(input_value(args, 0, Type::tensor(DType::boolean, {})), "the condition");
    const size_t branch = taken ? 0 : 1;
    const auto inputs = static_cast<int>(body(branch).inputs().size());
    const int first = taken ? 1 : 1 + static_cast<int>(body(0).inputs().size());
    Execution& execution = states.execution(branch);
    for (int i = 0; i < inputs; ++i) execution.set_input(i, argument(args, first + i, i, branch));
    for (int i = 0; i < static_cast<int>(args.out.size()); ++i) execution.set_output_buffer(i, memory_of(args, i, branch));
    states.run(branch, 0, args.seed);
    for (int i = 0; i < static_cast<int>(args.out.size()); ++i) deliver(execution.output(i).value(), args, i);
  }

  /// Empty for a box.
  std::span<std::byte> memory_of(const Args& args, int i, size_t branch) const {
    if (args.out_box[i] || !args.out[i].data) return {};
    const DType dtype = body(branch).type(body(branch).outputs()[i]).dtype;
    return {args.out[i].data, static_cast<size_t>(checked_mul(checked_product(*args.out[i].dims), size_of(dtype)))};
  }
};

/// What Loop and Scan share: `states` values go from one trip to the next, the rest of the body's outputs is stacked.
class Repeated : public BodiesExecutable {
 public:
  using BodiesExecutable::BodiesExecutable;

 protected:
  /// Where the states are among the node's inputs, the body's inputs and the body's outputs, and how many there are.
  struct States {
    int node_input, body_input, body_output, count;
  };

  std::vector<Stacked> stacks(const Args& args, const States& s, const std::vector<int64_t>& axes, const std::vector<int64_t>& directions) const {
    std::vector<Stacked> list;
    for (int i = s.body_output + s.count; i < static_cast<int>(body().outputs().size()); ++i) {
      const int k = i - s.body_output - s.count;
      list.emplace_back(args, s.count + k, body().type(body().outputs()[i]).dtype, at_or_zero(axes, k), at_or_zero(directions, k) != 0);
    }
    return list;
  }

  /// What an output is stacked of when no trip gave an element.
  Type type_without_trip(const Args& args, const States& s, size_t output) const {
    std::vector<HostValue> inputs(body().inputs().size());
    for (size_t i = s.body_input; i < inputs.size(); ++i) inputs[i] = argument(args, s.node_input + static_cast<int>(i) - s.body_input, static_cast<int>(i));
    return output_type_at(body(), output, inputs);
  }

  /// Values that are the same in every trip.
  void set_captured(BodyStates& states, const Args& args, int node_first, int body_first) const {
    for (int i = body_first; i < static_cast<int>(body().inputs().size()); ++i)
      for (int turn = 0; turn < 2; ++turn) states.execution(0, turn).set_input(i, argument(args, node_first + i - body_first, i));
  }

  void run_trip(BodyStates& states, const Args& args, const States& s, std::vector<Stacked>& stacks, int64_t trip) const {
    const int turn = static_cast<int>(trip % 2), first_stacked = s.body_output + s.count;
    Execution& now = states.execution(0, turn);
    const Execution& before = states.execution(0, 1 - turn);
    for (int k = 0; k < s.count; ++k)
      now.set_input(s.body_input + k, trip == 0 ? argument(args, s.node_input + k, s.body_input + k) : before.output(s.body_output + k).value());
    for (size_t k = 0; k < stacks.size(); ++k) stacks[k].prepare(now, first_stacked + static_cast<int>(k), trip);
    states.run(0, turn, args.seed);
    for (size_t k = 0; k < stacks.size(); ++k) stacks[k].add(now.output(first_stacked + static_cast<int>(k)).value(), trip);
  }

  void finish(BodyStates& states, const Args& args, const States& s, std::vector<Stacked>& stacks, int64_t trips, Threads& threads) const {
    for (int k = 0; k < s.count; ++k)
      deliver(trips == 0 ? argument(args, s.node_input + k, s.body_input + k)
                         : states.execution(0, static_cast<int>((trips - 1) % 2)).output(s.body_output + k).value(),
              args, k);
    for (size_t k = 0; k < stacks.size(); ++k) {
      const size_t output = static_cast<size_t>(s.body_output + s.count) + k;
      if (trips == 0) stacks[k].finish_empty(args, type_without_trip(args, s, output), threads);
      else stacks[k].finish(args, trips, threads);
    }
  }
};

class LoopExecutable : public Repeated {
 public:
  LoopExecutable(const Node& node, Programs programs)
      : Repeated(node, std::move(programs)), carried_(static_cast<int>(node.as<Loop>()->carried)),
        counted_(static_cast<bool>(node.inputs[0])), conditional_(static_cast<bool>(node.inputs[1])) {}

 private:
  void run_bodies(BodyStates& states, const Args& args, Threads& threads) const override {
    const States carried{2, 2, 1, carried_};
    const int64_t most = counted_ ? single_value<int64_t>(input_value(args, 0, Type::tensor(DType::i64, {})), "the trip count") : INT64_MAX;
    bool go = !conditional_ || single_value<bool>(input_value(args, 1, Type::tensor(DType::boolean, {})), "the condition");
    auto scanned = stacks(args, carried, {}, {});
    set_captured(states, args, 2 + carried_, 2 + carried_);
    int64_t trip = 0;
    const bool yes = true;
    for (; trip < most && go; ++trip) {
      Execution& now = states.execution(0, static_cast<int>(trip % 2));
      now.set_input(0, Tensor::view(DType::i64, {}, std::as_bytes(std::span(&trip, 1)), nullptr));
      now.set_input(1, Tensor::view(DType::boolean, {}, std::as_bytes(std::span(&yes, 1)), nullptr));
      run_trip(states, args, carried, scanned, trip);
      go = single_value<bool>(now.output(0).value(), "the condition");
    }
    finish(states, args, carried, scanned, trip, threads);
  }
  int carried_;
  bool counted_, conditional_;
};

class ScanExecutable : public Repeated {
 public:
  ScanExecutable(const Node& node, Programs programs) : Repeated(node, std::move(programs)), scan_(*node.as<Scan>()) {}

 private:
  void run_bodies(BodyStates& states, const Args& args, Threads& threads) const override {
    const int count = static_cast<int>(scan_.states), sequences = static_cast<int>(scan_.sequences);
    const States carried{0, 0, 0, count};
    std::vector<Elements> elements(scan_.sequences);
    for (int k = 0; k < sequences; ++k)
      elements[k].begin(argument(args, count + k, count + k), at_or_zero(scan_.input_axes, k));
    const int64_t trips = elements.empty() ? 0 : elements[0].count();
    for (const Elements& e : elements)
      if (e.count() != trips)
        fail(ErrorCode::shape_mismatch, "the scanned axes of its inputs have {} and {} elements", trips, e.count());
    auto stacked = stacks(args, carried, scan_.output_axes, scan_.output_directions);
    set_captured(states, args, count + sequences, count + sequences);
    for (int64_t trip = 0; trip < trips; ++trip) {
      Execution& now = states.execution(0, static_cast<int>(trip % 2));
      for (int k = 0; k < sequences; ++k)
        now.set_input(count + k, elements[k].at(at_or_zero(scan_.input_directions, k) ? trips - 1 - trip : trip, threads));
      run_trip(states, args, carried, stacked, trip);
    }
    finish(states, args, carried, stacked, trips, threads);
  }
  Scan scan_;
};

}  // namespace

Execution& BodyStates::execution(size_t body, int turn) {
  auto& execution = turns_[body][turn];
  if (!execution) execution = std::make_unique<Execution>(programs_[body]);
  return *execution;
}

void BodyStates::run(size_t body, int turn, uint64_t seed) {
  std::vector<StepTime> steps;
  RunOptions options;
  options.seed = seed;
  if (timed_) options.times = &steps;
  execution(body, turn).run(options);
  if (timed_) add_times(times_[body], steps);
}

void BodyStates::start_timing() {
  timed_ = true;
  times_.assign(programs_.size(), {});
}

std::vector<std::vector<StepTime>> BodyStates::stop_timing() {
  timed_ = false;
  return std::move(times_);
}

int64_t BodyStates::memory_bytes() const {
  int64_t sum = 0;
  for (const auto& turns : turns_)
    for (const auto& execution : turns)
      if (execution) sum += execution->memory_bytes();
  return sum;
}

std::shared_ptr<const Executable> make_bodies_executable(const Node& node, Programs programs) {
  if (node.as<If>()) return std::make_shared<IfExecutable>(node, std::move(programs));
  if (node.as<Loop>()) return std::make_shared<LoopExecutable>(node, std::move(programs));
  assume(node.as<Scan>() != nullptr, "bodies of If, Loop and Scan are programs");
  return std::make_shared<ScanExecutable>(node, std::move(programs));
}

}  // namespace tenon::core
