#include "select/select.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <set>
#include <thread>

#include "base/error.h"
#include "ir/subgraphs.h"
#include "plan/bodies.h"
#include "plan/plan.h"
#include "runtime/tuned_shapes.h"
#include "select/assign.h"
#include "select/copied_share.h"
#include "select/body_shapes.h"
#include "select/measure.h"
#include "select/offer_memory.h"
#include "select/worker.h"

namespace tenon::core {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
constexpr double kReferenceUs = 1e9;  // never measured: taken only when nothing else runs
constexpr double kWorkerLimitS = 20;
constexpr double kDeviceLimitS = 60;  // compilers may take long where all cores are busy
constexpr std::chrono::seconds kMostWait{5};  // for a GPU that power or heat holds down
constexpr double kClose = 1.1;  // times the chosen offer's
constexpr size_t kTried = 3;     // offers of a close call
constexpr std::string_view kReorder = "reorder";

class Selector {
 public:
  /// `tuned` binds the symbols of `graph`, which is the engine's or a body in it.
  Selector(const EngineData& data, const Graph& graph, const Bindings& tuned, const Candidates& candidates, Device& device, Threads& threads,
           TimingCache& cache, const SelectOptions& options, const Log& log)
      : data_(data), g_(graph), tuned_(tuned), candidates_(candidates), device_(device), threads_(threads), cache_(cache), options_(options), log_(log) {}

  Selection run() {
    if (options_.chaos_seed >= 0) {
      result_.choices = random_offers(candidates_, static_cast<uint64_t>(options_.chaos_seed));
      return std::move(result_);
    }
    if (!priced() && !options_.constrained && replay()) return std::move(result_);
    if (options_.opt_level == 0) {
      result_.choices = first_offers(candidates_);
      return std::move(result_);
    }
    choose();
    find_close_calls();
    return std::move(result_);
  }

 private:
  void choose() {
    find_shapes();
    measure();
    note_rejections();
    const auto picks = assign_offers(g_, candidates_, costs());
    for (NodeId id = 0; id < g_.capacity(); ++id) {
      result_.choices.offers.push_back(candidates_.offers[id].empty() ? Offer{} : candidates_.offers[id][picks[id]]);
      if (result_.choices.offers[id].tactic == kBodiesTactic) choose_bodies(id);
    }
  }

  void choose_bodies(NodeId id) {
    const auto graphs = subgraphs(*g_.node(id).op);
    for (size_t i = 0; i < graphs.size(); ++i) {
      const Bindings tuned = shapes_[id] ? body_bindings(g_.node(id), i, *shapes_[id]) : Bindings();
      Selector body(data_, *graphs[i], tuned, candidates_.bodies.at(id)[i], device_, threads_, cache_, options_, log_);
      body.choose();
      result_.choices.bodies[id].push_back(std::move(body.result_.choices));
      result_.timed += body.result_.timed;
      result_.cache_hits += body.result_.cache_hits;
      result_.timed_again += body.result_.timed_again;
      result_.throttled += body.result_.throttled;
      result_.stopped_early |= body.result_.stopped_early;
    }
  }

  void find_close_calls() {
    for (NodeId id = 0; id < g_.capacity(); ++id) {
      const Offer& chosen = result_.choices.offers[id];
      std::vector<std::pair<double, size_t>> near;
      double least = kNever;
      for (size_t k = 0; k < candidates_.offers[id].size(); ++k) {
        const Offer& o = candidates_.offers[id][k];
        if (!measurable(id, k) || o.in != chosen.in || o.out != chosen.out || o.share != chosen.share || o.shared_input != chosen.shared_input) continue;
        if (!cache_.cost(problems_[id], o.str())) continue;
        if (o == chosen) least = offer_cost(id, k);
        else near.emplace_back(offer_cost(id, k), k);
      }
      std::sort(near.begin(), near.end());
      CloseCall call{id, problems_[id], {chosen}};
      for (const auto& [us, k] : near)
        if (us <= kClose * least && call.offers.size() < kTried) call.offers.push_back(candidates_.offers[id][k]);
      if (call.offers.size() > 1 && least < kNever) result_.close_calls.push_back(std::move(call));
    }
  }

  bool priced() const { return options_.memory_price > 0; }

  bool replay() {
    const auto* texts = cache_.choice(options_.build ? *options_.build : build_hash(data_));
    if (!texts) return false;
    auto choices = offers_of_texts(candidates_, *texts);
    if (!choices) return false;
    result_.choices = std::move(*choices);
    result_.from_cache = true;
    return true;
  }

  // A node whose dims depend on data has none, and keeps its first offer.
  void find_shapes() {
    shapes_.resize(g_.capacity());
    for (NodeId id = 0; id < g_.capacity(); ++id)
      if (!candidates_.offers[id].empty()) shapes_[id] = tuned_shapes(g_, id, tuned_);
  }

  Problem problem(NodeId id) const { return {g_, id, data_.device, data_.options}; }

  bool is_kernel(NodeId id, const Offer& offer) const {
    const Tactic* tactic = find_tactic(data_.device.kind, offer.tactic);
    const bool runs = tactic->tier() != "reference" && tactic->tier() != "bodies" && offer.share != Share::view;
    return runs && shapes_[id] && candidates_.offers[id].size() > 1;
  }
  // Low levels measure the first guesses among offers that differ by their knobs alone.
  bool measurable(NodeId id, size_t k) const {
    const auto& all = candidates_.offers[id];
    const Offer& offer = all[k];
    if (!is_kernel(id, offer)) return false;
    const auto before = std::count_if(all.begin(), all.begin() + static_cast<int64_t>(k), [&](const Offer& o) { return o.tactic == offer.tactic && o.in == offer.in && o.out == offer.out; });
    return options_.opt_level >= 3 || before < (options_.opt_level == 2 ? 3 : 1);
  }

  void measure() {
    std::vector<Measurement> list;
    std::set<std::pair<Hash, std::string>> seen;
    problems_.resize(g_.capacity());
    for (NodeId id = 0; id < g_.capacity(); ++id) {
      if (candidates_.offers[id].size() < 2 || !shapes_[id]) continue;
      problems_[id] = problem_hash(problem(id), *shapes_[id]);
      for (size_t k = 0; k < candidates_.offers[id].size(); ++k) {
        const Offer& offer = candidates_.offers[id][k];
        if (!measurable(id, k) || !seen.emplace(problems_[id], offer.str()).second) continue;
        if (const CostRecord* known = cache_.cost(problems_[id], offer.str())) {
          ++result_.cache_hits;
          tell(id, offer, known->rejection.empty() ? fmt::format("{:.1f} us, of the timing cache", known->us) : known->rejection);
        } else {
          list.push_back({id, offer, *shapes_[id], problems_[id]});
        }
      }
    }
    if (!go_on(0, static_cast<int64_t>(list.size()))) return;
    const auto throttled = measure(list);
    if (throttled.empty() || result_.stopped_early) return;
    wait_for_clocks();
    result_.timed_again += static_cast<int64_t>(throttled.size());
    result_.throttled += static_cast<int64_t>(measure(throttled).size());
  }

  /// Gives those that were timed while the GPU was held down.
  std::vector<Measurement> measure(const std::vector<Measurement>& list) {
    const auto total = static_cast<int64_t>(list.size());
    int64_t done = 0;
    std::vector<Measurement> throttled;
    WorkerEvents events;
    events.in_turn = options_.in_turn;
    events.held_down = held_down_;
    events.done = [&](size_t i, const CostRecord& record) {
      const Measurement& m = list[i];
      tell(m.node, m.offer, record.rejection.empty() ? fmt::format("{:.1f} us, {} bytes of workspace", record.us, record.workspace) : record.rejection);
      cache_.set_cost(m.problem, m.offer.str(), record);
      if (record.throttled && record.rejection.empty()) throttled.push_back(m);
      ++result_.timed;
      return go_on(++done, total);
    };
    events.waits = [&] { return go_on(done, total); };
    measure_in_worker(data_, g_, tuned_, list, device_, device_.is_host() ? kWorkerLimitS : kDeviceLimitS, log_, events);
    return throttled;
  }

  void tell(NodeId id, const Offer& offer, const std::string& what) const {
    if (log_.enabled(Severity::verbose)) log_.verbose("select", "{}: {}: {}", g_.describe_node(id), offer.str(), what);
  }

  /// An idle GPU cools, and draws little.
  void wait_for_clocks() const {
    const auto begin = std::chrono::steady_clock::now();
    while (held_down_() && std::chrono::steady_clock::now() - begin < kMostWait) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }

  void note_rejections() {
    result_.rejections.resize(g_.capacity());
    for (NodeId id = 0; id < g_.capacity(); ++id) {
      std::set<std::pair<std::string, std::string>> seen;
      for (size_t k = 0; k < candidates_.offers[id].size(); ++k) {
        const Offer& offer = candidates_.offers[id][k];
        const CostRecord* record = measurable(id, k) ? cache_.cost(problems_[id], offer.str()) : nullptr;
        if (!record || record->rejection.empty() || !seen.emplace(offer.tactic, record->rejection).second) continue;
        result_.rejections[id].push_back({offer.str(), record->rejection});
      }
    }
  }

  bool go_on(int64_t done, int64_t total) {
    if (!options_.go_on || options_.go_on(done, total) || done == total) return true;
    result_.stopped_early = true;
    log_.warning("select", "the time limit was reached after {} of {} measurements; the rest keeps first guesses", done, total);
    return false;
  }

  double offer_cost(NodeId id, size_t k) const {
    const Offer& offer = candidates_.offers[id][k];
    if (find_tactic(data_.device.kind, offer.tactic)->tier() == "reference") return kReferenceUs;
    if (!is_kernel(id, offer)) return 0;
    const CostRecord* record = cache_.cost(problems_[id], offer.str());
    if (!record) return 1e4 + 10.0 * static_cast<double>(k);  // not measured, by level or time limit: earlier guesses first
    if (!record->rejection.empty()) return kNever;
    const double copied = offer.share == Share::parts ? copied_share(g_, id, shapes_[id]->in) : 1;
    return copied * record->us + memory_cost(id, offer);
  }

  double memory_cost(NodeId id, const Offer& offer) const {
    if (!priced()) return 0;
    const Measurement m{id, offer, *shapes_[id], problems_[id]};
    return options_.memory_price * static_cast<double>(options_.offer_memory->bytes(g_, m, device_, data_.options, threads_));
  }

  Costs costs() {
    Costs costs;
    costs.offers.resize(g_.capacity());
    for (NodeId id = 0; id < g_.capacity(); ++id)
      for (size_t k = 0; k < candidates_.offers[id].size(); ++k) costs.offers[id].push_back(offer_cost(id, k));
    costs.reorder = [this](Value v, const Format& from, const Format& to) { return reorder_cost(v, from, to); };
    return costs;
  }

  // Copies between places, with the wait that goes with them: only host steps ask for them, and those are last resorts anyway.
  static double transfer_us(int64_t bytes) { return 20 + static_cast<double>(bytes) / 10e3; }

  double reorder_cost(Value v, const Format& from, const Format& to) {
    const Type& type = g_.type(v);
    if (g_.constant(v)) return 0;
    Dims dims;
    try {
      dims = evaluate(type.shape, tuned_);
    } catch (const Error&) {
      return 100;
    }
    if (type.boxed()) return 0;
    if (std::any_of(dims.begin(), dims.end(), [](int64_t d) { return d < 0; })) return 100;  // in a branch that these dims do not reach
    if (from.place == to.place && stored_as(from, type.dtype) == stored_as(to, type.dtype) && same_memory(from.layout, to.layout, dims)) return 1;
    if (from.place != to.place) return transfer_us(checked_mul(checked_product(dims), size_of(type.dtype)));
    Hasher h;
    h.add(std::string(to_string(type.dtype)) + dims_to_string(dims) + from.str() + to.str());
    h.add(data_.device.key());
    const Hash key = h.finish();
    if (const CostRecord* known = cache_.cost(key, std::string(kReorder))) return known->us;
    const double us = measure_reorder(type.dtype, dims, from, to, device_, scratch_, threads_);
    cache_.set_cost(key, std::string(kReorder), {us, 5, ""});
    return cache_.cost(key, std::string(kReorder))->us;
  }

  const EngineData& data_;
  const Graph& g_;
  const Bindings& tuned_;
  const Candidates& candidates_;
  Device& device_;
  Threads& threads_;
  TimingCache& cache_;
  const SelectOptions& options_;
  const Log& log_;
  const HeldDown held_down_ = options_.held_down ? options_.held_down : clocks_held_down(device_);
  Scratch scratch_{device_};  // of reorders
  std::vector<std::optional<NodeShapes>> shapes_;
  std::vector<Hash> problems_;
  Selection result_;
};

}  // namespace

Selection select(const EngineData& data, const Candidates& candidates, Device& device, Threads& threads, TimingCache& cache, const SelectOptions& options, const Log& log) {
  return Selector(data, data.graph, data.profile.opt, candidates, device, threads, cache, options, log).run();
}

Hash build_hash(const EngineData& data) {
  Hasher h;
  h.add(hash_of(data.graph).hex());
  h.add(data.device.key());
  for (DType d : data.options.precisions) h.add(std::string(to_string(d)));
  h.add(static_cast<int64_t>(data.options.exact));
  h.add(static_cast<int64_t>(data.options.deterministic));
  h.add(static_cast<int64_t>(data.options.tf32));
  h.add(static_cast<int64_t>(data.options.sources));
  for (const auto& [symbol, value] : data.profile.opt) {
    h.add(symbol);
    h.add(value);
  }
  return h.finish();
}

}  // namespace tenon::core
