#pragma once
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tenon/engine.h"

namespace tenon {

/// When the parts of one query began and ended, in ms since `Pipeline::start`. On the CPU nothing is copied: the copies have
/// no length, and the call that enqueues computes.
struct QueryTimes {
  double enqueue_start = 0, enqueue_end = 0, h2d_start = 0, h2d_end = 0, compute_start = 0, compute_end = 0, d2h_start = 0, d2h_end = 0;
};

struct PipelineOptions {
  bool overlap = true;    // two queries in flight: one is copied while the other is computed
  bool transfers = true;  // off: inputs are copied once, outputs only when asked for
  bool graph = true;      // launch a query as one recorded graph where the engine allows it
  bool spin = false;      // poll the device instead of sleeping until it is done
};

/// Queries with the same inputs, one after the other, on streams of their own: how throughput is measured. One thread at a
/// time; any number of pipelines may run at once.
class TENON_API Pipeline {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Pipeline(const Engine&, const PipelineOptions& = {});
  ~Pipeline();
  Pipeline(Pipeline&&) noexcept;

  /// Copied.
  void set_input(const std::string& name, const Value& value);
  /// The slow part of first runs: kernels, memory, graphs.
  void prepare();
  /// What `prepare` found: false on the CPU and where a step can't be recorded.
  bool launches_graphs() const;
  /// Times count from `zero`. Work submitted later begins `delay_ms` from now.
  void start(Clock::time_point zero, double delay_ms = 0);
  /// How many queries may be in flight.
  int depth() const;
  int in_flight() const;
  /// Queues a query and returns, as far as no step needs the host. Fails when `depth` queries are in flight.
  void submit();
  /// Waits for the oldest query in flight. Fails when there is none.
  QueryTimes collect();
  /// Of the query collected last; copies.
  std::vector<std::pair<std::string, Value>> outputs();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tenon
