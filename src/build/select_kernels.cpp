#include "build/select_kernels.h"

#include <algorithm>

#include "base/error.h"
#include "build/memory_limit.h"
#include "build/retime.h"
#include "devices/device.h"
#include "plan/bodies.h"
#include "plan/knobs.h"
#include "runtime/tuned_shapes.h"
#include "select/constraints.h"
#include "select/offer_memory.h"
#include "select/select.h"

namespace tenon::core {
namespace {

constexpr int kRetimingLevel = 3;
/// What a byte may cost, in microseconds, until a choice fits: reading it from memory takes about 1e-4.
constexpr double kPrices[] = {1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1};

std::string mebibytes(int64_t bytes) { return fmt::format("{:.2f} MiB", static_cast<double>(bytes) / (1 << 20)); }

/// Notes what the places of libraries' kernels stand for at the dims that the engine is tuned for.
void keep_knobs(const Program& program, const Bindings& tuned, Choices& choices) {
  const Graph& g = program.graph();
  std::vector<std::pair<NodeId, NodeShapes>> steps;
  for (NodeId id : g.order()) {
    const Config& config = choices.offers[id].config;
    if (!has_place(config) || has_knobs(config)) continue;
    if (auto shapes = tuned_shapes(g, id, tuned)) steps.emplace_back(id, std::move(*shapes));
  }
  program.prepare_together(steps);
  const auto current = program.device().use();
  for (const auto& [id, shapes] : steps) {
    try {
      const auto prepared = program.prepare(id, shapes);
      const auto* numbered = dynamic_cast<const Numbered*>(prepared->executable.get());
      if (numbered && prepared->fallback.empty()) choices.offers[id].config.merge(numbered->knobs());
    } catch (const Error&) {  // said by the run that needs the step
    }
  }
}

class KernelSelection {
 public:
  KernelSelection(Built& built, const BuildOptions& options, const BuildHooks& hooks, TimingCache& cache, const Log& log, Phases& phases)
      : built_(built), options_(options), hooks_(hooks), cache_(cache), log_(log), phases_(phases) {}

  void run() {
    choose(0, cache_);
    while (hooks_.chosen && hooks_.chosen(built_, cache_, false)) {
      TimingCache limited = cache_;  // a choice among fewer candidates is not remembered
      choose(0, limited);
    }
    if (options_.max_memory > 0) fit(options_.max_memory);
    if (hooks_.chosen) hooks_.chosen(built_, cache_, true);
    if (built_.report.stopped_early) built_.report.warnings.push_back("the time limit was reached before everything was measured");
  }

 private:
  void choose(double memory_price, TimingCache& cache) {
    auto options = select_options(options_, phases_);
    options.build = &built_.hash;
    options.memory_price = memory_price;
    options.offer_memory = &memory_;
    Selection selection = select(built_.data, built_.candidates, *built_.device, *built_.threads, cache, options, log_);
    built_.data.choices = std::move(selection.choices);
    note_rejections(selection);
    built_.report.tactics_timed += selection.timed;
    const bool final = memory_price == 0 && is_final(selection);
    if (final) retime_close_calls(selection, cache);
    built_.program = make_program(built_.data, built_.device, built_.threads);
    keep_knobs(*built_.program, built_.data.profile.opt, built_.data.choices);
    if (final && options_.layer_types.empty()) cache.set_choice(built_.hash, offer_texts(built_.data.choices));
    note_throttling(selection);
    built_.report.cache_hits = selection.cache_hits;
    built_.report.choices_from_cache = selection.from_cache;
    built_.report.stopped_early = selection.stopped_early;
  }

  void note_throttling(const Selection& selection) {
    if (selection.timed_again == 0) return;
    log_.info("select", "{} kernels were timed while power or heat held the GPU's clocks down, and once more after a rest", selection.timed_again);
    if (selection.throttled == 0) return;
    built_.report.warnings.push_back(fmt::format("power or heat held the GPU's clocks down while {} kernels were timed, also the second time: the choice among them may differ "
                                                 "on a cool GPU; lock clocks that it can hold with `nvidia-smi -lgc MHZ`", selection.throttled));
  }

  void note_rejections(const Selection& selection) {
    for (size_t id = 0; id < selection.rejections.size(); ++id)
      for (const auto& rejection : selection.rejections[id]) {
        auto& all = built_.candidates.rejections[id];
        if (std::find(all.begin(), all.end(), rejection) == all.end()) all.push_back(rejection);
      }
  }

  /// A choice that was measured, now or in part by others, to the end.
  bool is_final(const Selection& selection) const {
    return options_.opt_level > 0 && options_.chaos_seed < 0 && !selection.from_cache && !selection.stopped_early;
  }

  void retime_close_calls(const Selection& selection, TimingCache& cache) {
    if (options_.opt_level < kRetimingLevel) return;
    const auto go_on = [&](int64_t done, int64_t total) {
      phases_.progress("retime", done, total);
      return options_.time_limit <= 0 || phases_.seconds() < options_.time_limit;
    };
    const Retiming retiming{built_.hash, selection.close_calls, built_.device, built_.threads, go_on};
    built_.report.tactics_timed += retime(built_.data, retiming, cache, log_);
  }

  /// The limit is part of the engine only where it changes what is chosen.
  void fit(int64_t limit) {
    MemoryNeed need = memory_need(built_.program, built_.data.profile), least = need;
    if (need.total() <= limit) return;
    const auto fastest = offer_texts(built_.data.choices);
    built_.data.options.max_memory = limit;
    const bool chosen_by_cost = options_.opt_level > 0 && options_.chaos_seed < 0;
    for (size_t i = 0; chosen_by_cost && i < std::size(kPrices); ++i) {
      built_.program.reset();
      choose(kPrices[i], cache_);
      need = memory_need(built_.program, built_.data.profile);
      if (need.total() < least.total()) least = need;
      if (need.total() <= limit) return tell(limit, need, fastest);
    }
    fail(ErrorCode::out_of_memory, "--max-memory {} is too little: the smallest choice of kernels that was found takes {} for tensors and {} for packed weights",
         mebibytes(limit), mebibytes(least.tensors), mebibytes(least.weights));
  }

  void tell(int64_t limit, const MemoryNeed& need, const std::vector<std::string>& fastest) {
    const auto taken = offer_texts(built_.data.choices);
    size_t changed = 0;
    for (size_t i = 0; i < std::min(taken.size(), fastest.size()); ++i) changed += taken[i] != fastest[i];
    built_.report.warnings.push_back(fmt::format("--max-memory {}: {} nodes have slower kernels that take less memory; the engine takes {}", mebibytes(limit),
                                                 changed, mebibytes(need.total())));
    log_.warning("select", "{}", built_.report.warnings.back());
  }

  Built& built_;
  const BuildOptions& options_;
  const BuildHooks& hooks_;
  TimingCache& cache_;
  const Log& log_;
  Phases& phases_;
  OfferMemory memory_;
};

}  // namespace

SelectOptions select_options(const BuildOptions& options, Phases& phases) {
  SelectOptions s;
  s.opt_level = options.opt_level;
  s.time_limit = options.time_limit;
  s.chaos_seed = options.chaos_seed;
  s.in_turn = options.build_lock;
  s.constrained = !options.layer_types.empty();
  s.go_on = [&phases, limit = options.time_limit](int64_t done, int64_t total) {
    phases.progress("select", done, total);
    return limit <= 0 || phases.seconds() < limit;
  };
  return s;
}

std::shared_ptr<const Program> make_program(const EngineData& data, const std::shared_ptr<Device>& device, const std::shared_ptr<Threads>& threads) {
  return std::make_shared<const Program>(Program::Setup{data.graph, data.choices, device, data.options, data.profile.opt}, threads, std::make_shared<Weights>());
}

void select_kernels(Built& built, const BuildOptions& options, const BuildHooks& hooks, TimingCache& cache, const Log& log, Phases& phases) {
  built.candidates = find_candidates(built.data.graph, built.data.device, built.data.options, options.reference);
  constrain(built.candidates, built.data.graph, options.layer_types, options.obey_layer_types, log);
  KernelSelection(built, options, hooks, cache, log, phases).run();
}

}  // namespace tenon::core
