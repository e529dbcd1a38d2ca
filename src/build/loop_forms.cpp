#include "build/loop_forms.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <utility>

#include "base/error.h"
#include "build/example_inputs.h"
#include "build/select_kernels.h"
#include "passes/optimize.h"
#include "runtime/execution.h"

namespace tenon::core {
namespace {

using Clock = std::chrono::steady_clock;
constexpr double kFormsSeconds = 0.2;  // for both forms
constexpr int kLeastTurns = 5, kMostTurns = 200;
constexpr double kLoopWins = 0.95;  // of the time of the unrolled form, whose nodes may fuse with those around the loop
constexpr std::array<const char*, 2> kForms = {"loop", "unrolled"};

double seconds_after(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

/// A graph of this node alone, with the dims of its inputs at `tuned`; nothing where these are not known.
std::optional<Graph> alone(const Graph& g, NodeId id, const Bindings& tuned) {
  const Node& node = g.node(id);
  Graph out;
  std::vector<Value> inputs;
  for (Value v : node.inputs) {
    const Type& type = g.type(v);
    if (v && !g.constant(v) && !(type.is_tensor() && type.ranked)) return std::nullopt;
    if (!v) inputs.push_back(v);
    else if (const ConstRef constant = g.constant(v)) inputs.push_back(out.add_constant(constant));
    else {
      Shape shape;
      for (int64_t d : evaluate(type.shape, tuned)) shape.push_back(d);
      inputs.push_back(out.add_input(fmt::format("in{}", inputs.size()), Type::tensor(type.dtype, std::move(shape))));
    }
  }
  const Value first = out.add(node.op, std::move(inputs));
  for (int i = 0; i < static_cast<int>(node.outputs.size()); ++i) out.add_output(fmt::format("out{}", i), Graph::output(first, i));
  return out;
}

class Chooser {
 public:
  explicit Chooser(LoopForms setup) : s_(std::move(setup)) {}

  bool unrolls(const Graph& g, NodeId id) {
    try {
      const auto loop = alone(g, id, s_.engine.profile.opt);
      return !loop || faster_unrolled(g, id, *loop);
    } catch (const Error& e) {
      if (e.code() == ErrorCode::interrupted) throw;
      s_.log.verbose("passes", "{}: unrolled, since it does not run alone: {}", g.describe_node(id), e.what());
      return true;
    }
  }

 private:
  bool faster_unrolled(const Graph& g, NodeId id, const Graph& loop) {
    std::array<EngineData, 2> forms{form(loop, false), form(loop, true)};
    Hasher h;
    h.add("forms of a loop");
    for (const EngineData& f : forms) h.add(build_hash(f).hex());
    const Hash key = h.finish();
    if (!(s_.cache.cost(key, kForms[0]) && s_.cache.cost(key, kForms[1])) && !time(forms, key)) return true;
    const double as_loop = s_.cache.cost(key, kForms[0])->us, unrolled = s_.cache.cost(key, kForms[1])->us;
    const bool unroll = as_loop >= kLoopWins * unrolled;
    s_.log.info("passes", "{} takes {:.1f} us as a loop and {:.1f} us unrolled: it {}", g.describe_node(id), as_loop, unrolled, unroll ? "is unrolled" : "stays a loop");
    return unroll;
  }

  /// The first loop that is asked about is this one; others are inside it.
  EngineData form(const Graph& loop, bool unroll) {
    PassOptions options = s_.passes;
    bool outermost = true;
    options.unrolls = [&](const Graph& g, NodeId id) { return std::exchange(outermost, false) ? unroll : unrolls(g, id); };
    Graph graph = loop;
    PassReport report;
    optimize(graph, options, Log(), report);
    EngineData data;
    data.graph = normalized(graph);
    data.device = s_.engine.device;
    data.options = s_.engine.options;
    return data;
  }

  /// False when the time limit was reached.
  bool time(std::array<EngineData, 2>& forms, const Hash& key) {
    std::array<std::unique_ptr<Execution>, 2> executions;
    for (size_t i = 0; i < forms.size(); ++i) {
      EngineData& data = forms[i];
      Selection selection = select(data, find_candidates(data.graph, data.device, data.options), *s_.device, *s_.threads, s_.cache, s_.select, Log());
      s_.timed += selection.timed;
      if (selection.stopped_early) return false;
      data.choices = std::move(selection.choices);
      executions[i] = std::make_unique<Execution>(make_program(data, s_.device, s_.threads));
      const auto inputs = example_inputs(data.graph, {}, 1);
      for (size_t k = 0; k < inputs.size(); ++k) executions[i]->set_input(static_cast<int>(k), inputs[k]);
      for (int warm = 0; warm < 3; ++warm) executions[i]->run();
    }
    std::array<double, 2> least{std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity()};
    int runs = 0;
    for (const auto begin = Clock::now(); runs < kLeastTurns || (runs < kMostTurns && seconds_after(begin) < kFormsSeconds); ++runs)
      for (size_t i = 0; i < executions.size(); ++i) {
        const auto start = Clock::now();
        executions[i]->run();
        least[i] = std::min(least[i], 1e6 * seconds_after(start));
      }
    for (size_t i = 0; i < executions.size(); ++i) s_.cache.set_cost(key, kForms[i], {least[i], runs, ""});
    s_.timed += 2;
    return true;
  }

  LoopForms s_;
};

}  // namespace

std::function<bool(const Graph&, NodeId)> measured_unrolling(LoopForms setup) {
  auto chooser = std::make_shared<Chooser>(std::move(setup));
  return [chooser](const Graph& g, NodeId id) { return chooser->unrolls(g, id); };
}

}  // namespace tenon::core
