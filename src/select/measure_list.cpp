#include "select/measure_list.h"

#include <algorithm>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/side_by_side.h"
#include "select/device_turn.h"

namespace tenon::core {
namespace {

constexpr int64_t kWeightBytes = int64_t{512} << 20;  // of the model's constants whose packed copies are held at a time

class ListMeasuring {
 public:
  ListMeasuring(const Graph& graph, const std::vector<Measurement>& list, Device& device, const TacticOptions& options, Threads& threads,
                const MeasureEvents& events)
      : graph_(graph), list_(list), device_(device), options_(options), threads_(threads), events_(events), scratch_(device) {}

  /// The end of the batch that begins with `first`.
  size_t batch_end(size_t first, size_t last, size_t together) const {
    std::set<ConstRef> held;
    int64_t bytes = 0;
    size_t end = first;
    while (end < last && end - first < together) {
      for (Value v : graph_.node(list_[end].node).inputs)
        if (const ConstRef constant = v ? graph_.constant(v) : nullptr; constant && held.insert(constant).second) bytes += constant->byte_size();
      if (end > first && bytes > kWeightBytes) break;
      ++end;
    }
    return end;
  }

  /// Where to go on: `last`, or an offer before it that found no memory beside those prepared with it. Nothing when
  /// measuring is to end.
  std::optional<size_t> measure(size_t first, size_t last) {
    std::vector<Trial> trials(last - first);
    Weights weights;  // of one batch: packed copies of a large model must not add up
    side_by_side(static_cast<int64_t>(trials.size()), threads_.size(), [&](int64_t i) {
      const size_t index = first + static_cast<size_t>(i);
      trials[static_cast<size_t>(i)] = prepare_trial(graph_, list_[index], device_, options_, weights, threads_);
      events_.prepared(index);
    });
    std::optional<DeviceTurn> turn;
    if (events_.in_turn && !device_.is_host()) turn.emplace(fmt::format("{}-{}", device_.info().kind, device_.info().index), [&] { events_.prepared(first); });
    for (size_t index = first; index < last; ++index) {
      Trial& trial = trials[index - first];
      if (trial.no_memory && trials.size() > 1) return index;
      events_.begins(index);
      CostRecord record = time_trial(graph_, list_[index], trial, device_, options_, weights, scratch_, threads_);
      record.throttled = throttle_.acts();
      trial = {};
      if (!events_.done(index, record)) return std::nullopt;
    }
    return last;
  }

 private:
  const Graph& graph_;
  const std::vector<Measurement>& list_;
  Device& device_;
  const TacticOptions& options_;
  Threads& threads_;
  const MeasureEvents& events_;
  Scratch scratch_;
  Throttle throttle_{events_.held_down};
};

}  // namespace

void measure_list(const Graph& graph, const std::vector<Measurement>& list, size_t first, size_t last, size_t together, Device& device,
                  const TacticOptions& options, Threads& threads, const MeasureEvents& events) {
  ListMeasuring measuring(graph, list, device, options, threads, events);
  for (size_t now = together; first < last;) {
    const size_t end = measuring.batch_end(first, last, now);
    const auto reached = measuring.measure(first, end);
    if (!reached) return;
    // Fewer at a time where memory ran out; more again once that went well.
    if (*reached < end) now = std::max<size_t>(1, std::min(now, end - first) / 4);
    else now = std::min(together, 2 * now);
    first = *reached;
  }
}

}  // namespace tenon::core
