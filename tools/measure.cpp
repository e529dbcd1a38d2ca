#include "measure.h"

#include <chrono>
#include <fstream>

namespace tenon::cli {
namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

}  // namespace

int64_t batch_of(const NamedValues& inputs) {
  int64_t batch = 0;
  for (const auto& input : inputs) {
    const std::vector<int64_t>& dims = input.second.tensor.dims();
    if (dims.empty()) continue;
    if (batch != 0 && dims[0] != batch) return 0;
    batch = dims[0];
  }
  return batch;
}

double clock_mhz() {
  double khz = 0;
  if (std::ifstream("/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq") >> khz) return khz / 1000;
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.rfind("cpu MHz", 0) == 0) return std::stod(line.substr(line.find(':') + 1));
  return 0;
}

Measurement measure(Context& context, const NamedValues& inputs, const MeasureOptions& options) {
  context.prepare();
  Clock::time_point start = Clock::now();
  do context.run();
  while (ms_since(start) < options.warmup_ms && !interrupted());

  Measurement result;
  std::vector<double> times, h2d, compute, d2h, enqueue;
  start = Clock::now();
  while (!interrupted()) {
    bool enough =
        static_cast<int64_t>(times.size()) >= options.iterations && ms_since(start) >= options.duration_s * 1000;
    if (enough) break;
    Clock::time_point before = Clock::now();
    RunTimes run = context.run_timed();
    times.push_back(ms_since(before));
    h2d.push_back(run.h2d), compute.push_back(run.compute), d2h.push_back(run.d2h), enqueue.push_back(run.enqueue);
  }
  double total = ms_since(start);
  check_interrupted();
  result.iterations = static_cast<int64_t>(times.size());
  result.batch = batch_of(inputs);
  result.total_ms = total;
  result.runs_per_second = static_cast<double>(times.size()) / total * 1000;
  result.latency = statistics_of(std::move(times));
  result.h2d = statistics_of(std::move(h2d));
  result.compute = statistics_of(std::move(compute));
  result.d2h = statistics_of(std::move(d2h));
  result.enqueue = statistics_of(std::move(enqueue));
  for (const auto& input : inputs) result.shapes.emplace_back(input.first, dims_text(input.second.tensor.dims()));
  return result;
}

}  // namespace tenon::cli
