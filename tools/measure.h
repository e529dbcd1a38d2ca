#pragma once
#include <string>
#include <vector>

#include "inputs.h"
#include "statistics.h"

namespace tenon::cli {

struct MeasureOptions {
  double warmup_ms = 200;
  double duration_s = 3;
  int64_t iterations = 10;  // at least
  int streams = 2;          // of the runs that are queued ahead
};

/// One point of a benchmark: runs of one context at one set of shapes, one after the other.
struct Measurement {
  Statistics latency;  // ms
  Statistics h2d, compute, d2h, enqueue;  // ms of the same runs: RunTimes
  int64_t iterations = 0;
  int64_t batch = 0;  // 0: the inputs share no batch dimension
  double runs_per_second = 0;
  double total_ms = 0;
  int64_t held_bytes = 0;       // of device memory, with one context
  double ahead_per_second = 0;  // runs queued ahead on `streams` streams; 0: not measured
  int streams = 0;
  std::vector<std::pair<std::string, std::string>> shapes;
};
/// The inputs must be set. Ends early on Ctrl-C, with what was measured so far.
Measurement measure(Context&, const NamedValues& inputs, const MeasureOptions&);

/// The size of the first dim when all inputs of rank 1 and more agree on it; 0 otherwise.
int64_t batch_of(const NamedValues& inputs);
/// The processor's clock now, in MHz; 0 when the system does not say.
double clock_mhz();

}  // namespace tenon::cli
