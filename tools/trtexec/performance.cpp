#include "trtexec/performance.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tenon/error.h"
#include "tenon/files.h"

namespace tenon::trtexec {

Summary summarize(std::vector<double> values, const std::vector<double>& percentiles) {
  std::sort(values.begin(), values.end());
  const auto n = static_cast<int64_t>(values.size());
  Summary s;
  s.min = values.front();
  s.max = values.back();
  s.mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(n);
  s.median = n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
  for (double p : percentiles) {
    const auto excluded = static_cast<int64_t>((100 - p) * static_cast<double>(n) / 100);
    s.percentiles.push_back(values[std::max<int64_t>(n - 1 - excluded, 0)]);
  }
  double squares = 0;
  for (double v : values) squares += (v - s.mean) * (v - s.mean);
  s.variation = s.mean == 0 ? INFINITY : std::sqrt(squares / static_cast<double>(n)) / s.mean * 100;
  return s;
}

namespace {

template <class Part>
Summary summary_of(const std::vector<Query>& queries, const std::vector<double>& percentiles, Part part) {
  std::vector<double> values;
  for (const Query& q : queries) values.push_back(part(q));
  return summarize(std::move(values), percentiles);
}

std::string text_of(const Summary& s, const std::vector<double>& percentiles) {
  std::string text = fmt::format("min = {:g} ms, max = {:g} ms, mean = {:g} ms, median = {:g} ms", s.min, s.max, s.mean, s.median);
  for (size_t i = 0; i < percentiles.size(); ++i) text += fmt::format(", percentile({:g}%) = {:g} ms", percentiles[i], s.percentiles[i]);
  return text;
}

void print_trace(const std::vector<Query>& queries, int64_t each, Log& log) {
  log.info(fmt::format("\n=== Trace details ===\nTrace averages of {} runs:", each));
  const auto n = static_cast<double>(each);
  for (size_t i = 0; i + static_cast<size_t>(each) <= queries.size(); i += static_cast<size_t>(each)) {
    double compute = 0, latency = 0, enqueue = 0;
    for (size_t k = i; k < i + static_cast<size_t>(each); ++k) compute += queries[k].compute(), latency += queries[k].latency(), enqueue += queries[k].enqueue();
    log.info(fmt::format("Average on {} runs - GPU latency: {:g} ms - Host latency: {:g} ms (enqueue {:g} ms)", each, compute / n, latency / n, enqueue / n));
  }
}

constexpr const char* kExplanations =
    "\n=== Explanations of the performance metrics ===\n"
    "Total Host Walltime: the time on the host from the first query after the warm-up to the end of the last one.\n"
    "GPU Compute Time: how long the device computes one query.\n"
    "Total GPU Compute Time: the sum of all GPU Compute Times. Far below Total Host Walltime, the device waits for the host or for copies.\n"
    "Throughput: queries divided by Total Host Walltime.\n"
    "Enqueue Time: how long the host takes to enqueue one query. Above GPU Compute Time, the device waits for the host.\n"
    "H2D Latency: how long the inputs of one query are copied to the device.\n"
    "D2H Latency: how long the outputs of one query are copied from the device.\n"
    "Latency: H2D Latency, GPU Compute Time and D2H Latency together.\n"
    "On the CPU nothing is copied, and GPU Compute Time is the time of the call that runs the engine.";

void warn_of_limits(const Summary& enqueue, const Summary& h2d, const Summary& compute, const Summary& d2h, Log& log) {
  if (enqueue.median > 0.8 * compute.median)
    log.warning("* Throughput may be bound by Enqueue Time rather than GPU Compute and the GPU may be under-utilized.\n"
                "  If not already in use, --useCudaGraph (utilize CUDA graphs where possible) may increase the throughput.");
  if (h2d.median >= compute.median)
    log.warning("* Throughput may be bound by host-to-device transfers for the inputs rather than GPU Compute and the GPU may be under-utilized.\n"
                "  Add --noDataTransfers flag to disable data transfers.");
  if (d2h.median >= compute.median)
    log.warning("* Throughput may be bound by device-to-host transfers for the outputs rather than GPU Compute and the GPU may be under-utilized.\n"
                "  Add --noDataTransfers flag to disable data transfers.");
}

void print_summary(const std::vector<Query>& queries, double wall_ms, const Options& o, bool on_cpu, Log& log) {
  const std::vector<double>& p = o.reporting.percentiles;
  const Summary latency = summary_of(queries, p, [](const Query& q) { return q.latency(); }), enqueue = summary_of(queries, p, [](const Query& q) { return q.enqueue(); }),
                h2d = summary_of(queries, p, [](const Query& q) { return q.h2d(); }), compute = summary_of(queries, p, [](const Query& q) { return q.compute(); }),
                d2h = summary_of(queries, p, [](const Query& q) { return q.d2h(); });
  const auto count = static_cast<double>(queries.size());
  const double batch = std::max(o.inference.batch, 1);
  log.info(fmt::format("\n=== Performance summary ===\nThroughput: {:g} qps", batch * count / wall_ms * 1000));
  log.info("Latency: " + text_of(latency, p));
  log.info("Enqueue Time: " + text_of(enqueue, p));
  log.info("H2D Latency: " + text_of(h2d, p));
  log.info("GPU Compute Time: " + text_of(compute, p));
  log.info("D2H Latency: " + text_of(d2h, p));
  log.info(fmt::format("Total Host Walltime: {:g} s\nTotal GPU Compute Time: {:g} s", wall_ms / 1000, compute.mean * count / 1000));
  if (!on_cpu) warn_of_limits(enqueue, h2d, compute, d2h, log);
  if (compute.variation > 1)
    log.warning(fmt::format("* GPU compute time is unstable, with coefficient of variance = {:g}%.\n{}", compute.variation,
                            on_cpu ? "  The machine may be busy with other work, or its clock may change."
                                   : "  If not already in use, locking GPU clock frequency or adding --useSpinWait may improve the stability."));
  if (o.inference.streams > 1)
    log.warning("* Multiple inference streams are used. Latencies may not be accurate since inferences may run in   parallel. Please use \"Throughput\" as the performance metric instead.");
  log.info("Explanations of the performance metrics are printed in the verbose logs.");
  log.verbose(kExplanations);
  log.info("");
}

std::string times_json(const std::vector<Query>& queries) {
  std::string json = "[\n";
  const char* separator = "  ";
  for (const Query& q : queries) {
    json += fmt::format(
        "{}{{ \"startEnqMs\" : {:g}, \"endEnqMs\" : {:g}, \"startH2dMs\" : {:g}, \"endH2dMs\" : {:g}, \"startComputeMs\" : {:g}, \"endComputeMs\" : {:g}, "
        "\"startD2hMs\" : {:g}, \"endD2hMs\" : {:g}, \"h2dMs\" : {:g}, \"computeMs\" : {:g}, \"d2hMs\" : {:g}, \"latencyMs\" : {:g} }}\n",
        separator, q.enqueue_start, q.enqueue_end, q.h2d_start, q.h2d_end, q.compute_start, q.compute_end, q.d2h_start, q.d2h_end, q.h2d(), q.compute(), q.d2h(), q.latency());
    separator = ", ";
  }
  return json + "]\n";
}

}  // namespace

void report_performance(const std::vector<Query>& trace, const Options& o, bool on_cpu, Log& log) {
  std::vector<Query> queries;
  for (const Query& q : trace)
    if (q.compute_start >= o.inference.warmup_ms) queries.push_back(q);
  if (queries.empty()) throw Error(ErrorCode::interrupted, "the run ended within the warm-up: no query was measured");
  const double wall_ms = queries.back().d2h_end - queries.front().h2d_start;
  const auto batch = static_cast<size_t>(std::max(o.inference.batch, 1));
  log.info(fmt::format("Warmup completed {} queries over {:g} ms\nTiming trace has {} queries over {:g} s", (trace.size() - queries.size()) * batch, o.inference.warmup_ms,
                       queries.size() * batch, wall_ms / 1000));
  print_trace(queries, o.reporting.averages, log);
  print_summary(queries, wall_ms, o, on_cpu, log);
  if (!o.reporting.export_times.empty()) save_text(o.reporting.export_times, times_json(queries));
}

}  // namespace tenon::trtexec
