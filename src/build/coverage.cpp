#include "build/coverage.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "build/example_inputs.h"
#include "runtime/execution.h"
#include "tactics/tiers.h"

namespace tenon::core {

std::string_view tier_of(const Program& program, const Step& step) {
  if (step.kind == Step::Kind::view) return "view";
  if (step.kind == Step::Kind::reorder) return "reorder";
  return tier_of(program.problem(step.node), program.choices().offers[step.node]);
}

namespace {

struct Coverage {
  size_t covered = 0, nodes = 0;  // of the model; covered are those in fast steps and those that no step is left of
  int fast = 0, generated = 0, reference = 0;
  std::string reference_names;
};

/// Adds a program and the bodies in it.
void count(const Program& program, Coverage& c) {
  const Graph& g = program.graph();
  std::set<OriginId> covered;
  for (const Step& step : program.plan().steps) {
    const auto tier = tier_of(program, step);
    if (tier == "reorder") continue;
    if (tier == "reference") {
      ++c.reference;
      c.reference_names += (c.reference_names.empty() ? "" : ", ") + g.display_name(step.node);
      continue;
    }
    if (tier == "generated") ++c.generated;
    else covered.insert(g.node(step.node).origins.begin(), g.node(step.node).origins.end());
    if (tier == "fast") ++c.fast;
    for (const auto& body : program.bodies(step.node)) count(*body, c);
  }
  for (const auto& entry : g.dropped()) covered.insert(entry.first);
  c.covered += covered.size();
  c.nodes += g.origins().size();
}

struct TimeShares {
  double all = 0, generated = 0, reference = 0;  // us
};

/// The reference stands in for a kernel that refuses the tuned dims.
bool stands_in(const Program& program, const Step& step, const Bindings& dims) {
  if (step.kind != Step::Kind::run) return false;
  const Graph& g = program.graph();
  NodeShapes shapes;
  const auto dims_of = [&](const Type& type) { return type.boxed() ? Dims{} : evaluate(type.shape, dims); };
  try {
    for (Value v : g.node(step.node).inputs) shapes.in.push_back(v ? dims_of(g.type(v)) : Dims{});
    for (const Fact& f : g.node(step.node).outputs) shapes.out.push_back(dims_of(f.type));
  } catch (const Error&) {  // dims that depend on data
    return false;
  }
  const auto prepared = program.prepare(step.node, shapes);
  return prepared->executable && prepared->executable->kernel_name().rfind("reference:", 0) == 0;
}

/// Adds the times of a program's steps; of a node with bodies, those of the steps in them.
void add_times(const Program& program, const std::vector<StepTime>& times, const Bindings& dims, TimeShares& shares) {
  for (const StepTime& t : times) {
    const Step& step = program.plan().steps[t.step];
    const auto tier = tier_of(program, step);
    const auto& bodies = program.bodies(step.node);
    shares.all += t.us;
    if (tier == "generated") shares.generated += t.us;
    if (tier == "reference" || (bodies.empty() && stands_in(program, step, dims))) shares.reference += t.us;
    for (size_t i = 0; i < std::min(bodies.size(), t.bodies.size()); ++i) {
      TimeShares inner;
      add_times(*bodies[i], t.bodies[i], {}, inner);
      shares.generated += inner.generated;
      shares.reference += inner.reference;
    }
  }
}

double sum_of(const std::vector<StepTime>& times) {
  double us = 0;
  for (const StepTime& t : times) us += t.us;
  return us;
}

/// Of a few runs, the fastest: on a busy machine single steps take many times longer than they need.
std::vector<StepTime> times_of_a_run(const Built& built, const Graph& original) {
  constexpr int kRuns = 10;
  constexpr double kEnoughUs = 100e3;
  Execution execution(built.program);
  const auto inputs = example_inputs(original, built.data.profile.opt, 1);
  for (size_t i = 0; i < inputs.size(); ++i) execution.set_input(static_cast<int>(i), inputs[i]);
  execution.run();
  std::vector<StepTime> fastest;
  double spent = 0;
  for (int run = 0; run < kRuns && spent < kEnoughUs; ++run) {
    std::vector<StepTime> times;
    RunOptions options;
    options.times = &times;
    execution.run(options);
    spent += sum_of(times);
    if (fastest.empty() || sum_of(times) < sum_of(fastest)) fastest = std::move(times);
  }
  return fastest;
}

}  // namespace

void note_time_shares(Built& built, const Graph& original, const Log& log) {
  TimeShares shares;
  try {
    add_times(*built.program, times_of_a_run(built, original), built.data.profile.opt, shares);
  } catch (const Error& e) {
    log.verbose("build", "no shares of time: the network did not run: {}", e.what());
    return;
  }
  if (shares.all <= 0) return;
  const auto text = fmt::format("of the time {:.1f}% in generated and {:.1f}% in reference steps", 100 * shares.generated / shares.all,
                                100 * shares.reference / shares.all);
  log.info("build", "{}", text);
  built.report.coverage += "; " + text;
}

void note_coverage(Built& built, const Log& log) {
  Coverage c;
  count(*built.program, c);
  built.report.coverage = fmt::format("{} of {} nodes in {} fast steps; {} generated; {} reference{}", c.covered, c.nodes, c.fast, c.generated, c.reference,
                                      c.reference_names.empty() ? "" : " (" + c.reference_names + ")");
  log.info("build", "{}", built.report.coverage);
}

}  // namespace tenon::core
