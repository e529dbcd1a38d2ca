#include "build/retime.h"

#include <algorithm>
#include <chrono>
#include <set>

#include "base/error.h"
#include "build/example_inputs.h"
#include "build/select_kernels.h"
#include "runtime/execution.h"

namespace tenon::core {
namespace {

using Clock = std::chrono::steady_clock;
constexpr double kRunSeconds = 0.7;  // of a round, but for its least runs
constexpr double kMostSeconds = 8;   // no round begins later
constexpr size_t kLeastRuns = 3, kMostRuns = 15;
constexpr double kClearly = 0.98;    // of the time of the chosen offer

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

/// What else the machine does only adds to a time.
double least(const std::vector<double>& samples) { return *std::min_element(samples.begin(), samples.end()); }

/// Round k runs every close call with its offer k.
class Rounds {
 public:
  Rounds(EngineData& data, const Retiming& retiming, TimingCache& cache) : data_(data), retiming_(retiming), cache_(cache), build_(retiming.build) {
    for (const CloseCall& call : retiming.calls) count_ = std::max(count_, call.offers.size());
  }

  int64_t run() {
    for (size_t round = 0; round < count_; ++round)
      if (!known(round) && !time_round(round)) break;
    return timed_;
  }

  void take_fastest(const Log& log) {
    for (const CloseCall& call : retiming_.calls) {
      const CostRecord* chosen = record(call, 0);
      double least = chosen ? chosen->us * kClearly : 0;
      for (size_t k = 1; chosen && k < call.offers.size(); ++k) {
        const CostRecord* other = record(call, k);
        if (!other || other->us >= least) continue;
        least = other->us;
        data_.choices.offers[call.node] = call.offers[k];
        log.verbose("retime", "{}: {} takes {:.1f} us in the network, {} {:.1f} us", data_.graph.describe_node(call.node), call.offers[k].str(), other->us,
                    call.offers[0].str(), chosen->us);
      }
    }
  }

 private:
  const CostRecord* record(const CloseCall& call, size_t k) const { return cache_.cost(key_in_network(build_, call), call.offers[k].str()); }
  bool takes_part(const CloseCall& call, size_t round) const { return round < call.offers.size(); }

  bool known(size_t round) const {
    return std::all_of(retiming_.calls.begin(), retiming_.calls.end(),
                       [&](const CloseCall& call) { return !takes_part(call, round) || record(call, round); });
  }

  /// False when there is no time for more.
  bool time_round(size_t round) {
    if (seconds_since(begin_) > kMostSeconds) return false;
    EngineData data = data_;
    for (const CloseCall& call : retiming_.calls)
      if (takes_part(call, round)) data.choices.offers[call.node] = call.offers[round];
    Execution execution(make_program(data, retiming_.device, retiming_.threads));
    const auto inputs = example_inputs(data.graph, data.profile.opt, 1);
    for (size_t i = 0; i < inputs.size(); ++i) execution.set_input(static_cast<int>(i), inputs[i]);
    execution.run();
    std::map<Hash, std::vector<double>> samples;
    const auto begin = Clock::now();
    for (size_t runs = 0; runs < kLeastRuns || (runs < kMostRuns && seconds_since(begin) < kRunSeconds); ++runs) {
      if (!retiming_.go_on(static_cast<int64_t>(round), static_cast<int64_t>(count_))) return false;
      add_sample(execution, round, samples);
    }
    keep(round, samples);
    return true;
  }

  void add_sample(Execution& execution, size_t round, std::map<Hash, std::vector<double>>& samples) const {
    std::vector<StepTime> times;
    RunOptions options;
    options.times = &times;
    execution.run(options);
    std::map<NodeId, double> by_node;
    for (const StepTime& t : times) {
      const Step& step = execution.program().plan().steps[t.step];
      if (step.kind == Step::Kind::run) by_node[step.node] = t.us;
    }
    std::map<Hash, double> sums;
    for (const CloseCall& call : retiming_.calls)
      if (takes_part(call, round)) sums[key_in_network(build_, call)] += by_node[call.node];
    for (const auto& [key, us] : sums) samples[key].push_back(us);
  }

  void keep(size_t round, std::map<Hash, std::vector<double>>& samples) {
    std::set<Hash> kept;
    for (const CloseCall& call : retiming_.calls) {
      const Hash key = key_in_network(build_, call);
      if (!takes_part(call, round) || !kept.insert(key).second) continue;
      cache_.set_cost(key, call.offers[round].str(), {least(samples.at(key)), static_cast<int>(samples.at(key).size()), ""});
      ++timed_;
    }
  }

  EngineData& data_;
  const Retiming& retiming_;
  TimingCache& cache_;
  const Hash build_;
  const Clock::time_point begin_ = Clock::now();
  size_t count_ = 0;
  int64_t timed_ = 0;
};

}  // namespace

int64_t retime(EngineData& data, const Retiming& retiming, TimingCache& cache, const Log& log) {
  if (retiming.calls.empty()) return 0;
  Rounds rounds(data, retiming, cache);
  int64_t timed = 0;
  try {
    timed = rounds.run();
  } catch (const Error& e) {
    if (e.code() == ErrorCode::interrupted) throw;
    log.verbose("retime", "close calls keep their choice: the network did not run: {}", e.what());
    return 0;
  }
  rounds.take_fastest(log);
  log.info("retime", "{} close calls, {} of them timed in the network", retiming.calls.size(), timed);
  return timed;
}

Hash key_in_network(const Hash& build, const CloseCall& call) {
  Hasher h;
  h.add("in network");
  h.add(build.hex());
  h.add(call.problem.hex());
  h.add(call.offers[0].str());
  return h.finish();
}

}  // namespace tenon::core
