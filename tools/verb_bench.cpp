#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>

#include "arguments.h"
#include "gpu_watch.h"
#include "measure.h"
#include "overlap.h"
#include "profile.h"
#include "target.h"
#include "tenon/io_format.h"
#include "tenon/specialize.h"
#include "verbs.h"

namespace tenon::cli {
namespace {

constexpr const char* kMeasured =
    "measured from just before the call that runs the engine to just after it returns: inputs are in host memory "
    "before, "
    "results in host memory after";

Json latency_json(const Statistics& s) {
  return {{"min", s.min}, {"max", s.max}, {"mean", s.mean}, {"median", s.median},
          {"p90", s.p90}, {"p95", s.p95}, {"p99", s.p99},   {"cv", s.cv}};
}

Json measurement_json(const Measurement& m) {
  Json shapes = Json::object();
  for (const auto& shape : m.shapes) shapes[shape.first] = shape.second;
  Json json = {{"latency", latency_json(m.latency)},
               {"gpu_compute", latency_json(m.compute)},
               {"h2d", latency_json(m.h2d)},
               {"d2h", latency_json(m.d2h)},
               {"enqueue", latency_json(m.enqueue)},
               {"runs_per_second", m.runs_per_second},
               {"iterations", m.iterations},
               {"mode", "sync"},
               {"shapes", shapes}};
  if (m.streams > 0) {
    const Binding binding = binding_of(m);
    json["ahead"] = {{"runs_per_second", m.ahead_per_second}, {"streams", m.streams}};
    json["binding"] = {{"what", binding.what}, {"advice", binding.advice}};
  }
  if (m.held_bytes > 0) json["device_memory"] = {{"held", m.held_bytes}};
  if (m.batch > 0) json["batch"] = m.batch, json["items_per_second"] = m.runs_per_second * static_cast<double>(m.batch);
  return json;
}

double items_per_second(const Measurement& m) {
  return std::max(m.runs_per_second, m.ahead_per_second) * static_cast<double>(std::max<int64_t>(m.batch, 1));
}

std::string shapes_text(const Measurement& m) {
  std::string text;
  for (const auto& shape : m.shapes) text += (text.empty() ? "" : ", ") + shape.first + " " + shape.second;
  return text;
}

void print_measurement(Session& session, const Measurement& m) {
  const Statistics& s = m.latency;
  fmt::print("median {} (p90 {}, p95 {}, p99 {}), min {}, max {}, mean {}, CV {:.1f}%\n", ms_text(s.median),
             ms_text(s.p90), ms_text(s.p95), ms_text(s.p99), ms_text(s.min), ms_text(s.max), ms_text(s.mean),
             s.cv * 100);
  if (m.streams > 0)
    fmt::print("GPU compute {} (p99 {}), H2D {}, D2H {}, enqueue {} (medians)\n", ms_text(m.compute.median), ms_text(m.compute.p99),
               ms_text(m.h2d.median), ms_text(m.d2h.median), ms_text(m.enqueue.median));
  fmt::print("{:.1f} runs/s{}", m.runs_per_second, m.streams > 0 ? " one at a time" : "");
  if (m.batch > 1) fmt::print(", {:.1f} items/s at batch {}", m.runs_per_second * static_cast<double>(m.batch), m.batch);
  fmt::print(" over {} runs, inputs {}\n", m.iterations, shapes_text(m));
  if (m.streams > 0) {
    const Binding binding = binding_of(m);
    fmt::print("{:.1f} runs/s queued ahead on {} stream{}; {} binds: {}\n", m.ahead_per_second, m.streams, m.streams == 1 ? "" : "s", binding.what,
               binding.advice);
  }
  if (s.cv > 0.05)
    session.console.warning(
        fmt::format("times vary by {:.0f}% (CV): the machine is busy or its clock changes", s.cv * 100));
}

class BenchVerb : public Verb {
 public:
  const char* name() const override { return "bench"; }
  const char* summary() const override { return "Time an engine or a model"; }

  void add_flags(CLI::App& app) override {
    app.add_option("file", file_, "An engine or an ONNX model")->required();
    inputs_.add(app);
    app.add_option("--iterations", options_.iterations, "Fewest runs to time (default 10)")->check(at_least(1));
    app.add_option("--duration", duration_, "Shortest time to run for, in s (default 3)")->type_name("TIME");
    app.add_option("--warmup", warmup_, "Runs before, in ms (default 200)")->type_name("TIME");
    app.add_option("--streams", options_.streams, "Contexts that take turns when runs are queued ahead on a GPU (default 2)")->check(CLI::Range(1, 64));
    app.add_flag("--no-transfers", no_transfers_, "On a GPU: inputs are there already and results stay there");
    app.add_flag("--profile", profile_, "Also time each layer");
    app.add_flag("--specialize", specialize_, "Choose kernels again for the shapes that are run, where an engine was tuned for others");
    app.add_option("--max-latency", max_latency_, "Find the highest throughput whose p99 stays below, in ms")
        ->type_name("TIME");
    app.add_option("--sweep-batch", sweep_, "Time these batch sizes: 1,2,4")->type_name("LIST");
    flags_.add(app, BuildFlags::Reference::yes);
  }

  Verdict run(Session& session) override {
    if (!duration_.empty()) options_.duration_s = parse_seconds("--duration", duration_, 1);
    if (!warmup_.empty()) options_.warmup_ms = parse_seconds("--warmup", warmup_, 1e-3) * 1000;
    const bool at_dims_of_inputs = sweep_.empty() && max_latency_.empty();
    Engine engine = open_engine(session, file_, flags_, at_dims_of_inputs ? inputs_.dims() : std::map<std::string, Dims>{});
    inputs_.first_run(engine, [&] { tell_memory(session, engine); });
    double clock_before = clock_mhz();
    GpuWatch watch(engine.gpu_address());
    fmt::print("{}, {} threads\n{}\n", engine.device(), engine.threads(), kMeasured);
    session.envelope["bench"]["measured"] = kMeasured;
    if (!sweep_.empty()) {
      sweep(session, engine);
    } else if (!max_latency_.empty()) {
      search(session, engine, parse_seconds("--max-latency", max_latency_, 1e-3) * 1000);
    } else {
      Measurement m = measure_at(session, engine, 0);
      print_measurement(session, m);
      session.envelope["bench"].update(measurement_json(m));
    }
    report_gpu(session, watch.finish());
    double clock_after = clock_mhz();
    if (clock_before > 0) fmt::print("clock {:.0f} MHz before, {:.0f} MHz after\n", clock_before, clock_after);
    session.envelope["bench"]["clock_mhz"] = {clock_before, clock_after};
    if (profile_) profile(session, engine);
    return Verdict::passed;
  }

 private:
  /// The shapes to run at, with the first dim of every input at `batch` (0: as they are).
  std::map<std::string, Dims> shapes_at(const Engine& engine, int64_t batch) const {
    std::map<std::string, Dims> shapes;
    if (flags_.has_shapes()) shapes = flags_.run_shapes();
    if (batch == 0) return shapes;
    for (const TensorInfo& input : engine.inputs()) {
      Dims& dims = shapes.emplace(input.name, dense_dims(input, input.range.opt)).first->second;
      bool open = !input.dims.empty() && input.dims[0] < 0;
      if (open && !dims.empty()) dims[0] = batch;
    }
    return shapes;
  }

  /// The engine with kernels for the shapes of these inputs.
  Engine specialized(Session& session, const Engine& engine, const NamedValues& inputs) {
    BuildOptions options = flags_.options(session);
    if (!specializer_) specializer_ = std::make_unique<Specializer>(engine, options);
    std::map<std::string, Dims> dims;
    for (const auto& [name, value] : inputs)
      if (value.kind == Value::Kind::tensor) dims[name] = value.tensor.dims();
    specializer_->for_dims(dims);
    specializer_->wait();
    Engine result = specializer_->for_dims(dims);
    for (const TensorInfo& input : result.inputs()) {
      const auto run = dims.find(input.name);
      if (run != dims.end() && run->second == input.range.opt) continue;
      session.console.warning("--specialize: no kernels could be chosen for these shapes, those of the engine are timed");
      break;
    }
    return result;
  }

  Measurement measure_at(Session& session, const Engine& general, int64_t batch) {
    const NamedValues inputs = for_device(general, stored(general, inputs_.gather(session, general, shapes_at(general, batch))));
    const Engine engine = specialize_ ? specialized(session, general, inputs) : general;
    const auto make_context = [&] {
      Context context = engine.create_context();
      set_inputs(context, inputs);
      context.set_transfers(!no_transfers_);
      context.set_verbosity(flags_.verbosity());
      return context;
    };
    std::vector<Context> contexts{make_context()};
    Measurement m;
    inputs_.first_run(engine, [&] {
      contexts[0].prepare();
      m = measure(contexts[0], inputs, options_);
    });
    m.held_bytes = held_device_memory(engine.gpu_address());
    shortest_ms_ = std::min(shortest_ms_, m.total_ms);
    if (engine.gpu_address().empty()) return m;
    while (static_cast<int>(contexts.size()) < options_.streams) contexts.push_back(make_context());
    measure_ahead(contexts, options_, m);
    return m;
  }

  void report_gpu(Session& session, const GpuRecord& record) const {
    if (!record.known()) return;
    fmt::print("{}\n", gpu_line(record));
    session.envelope["gpu"] = gpu_json(record);
    for (const std::string& warning : gpu_warnings(record, shortest_ms_)) session.console.warning(warning);
  }

  static int64_t largest_batch(const Engine& engine) {
    int64_t largest = INT64_MAX;
    bool open = false;
    for (const TensorInfo& input : engine.inputs()) {
      if (input.dims.empty() || input.dims[0] >= 0) continue;
      open = true;
      if (!input.range.max.empty()) largest = std::min(largest, input.range.max[0]);
    }
    return open ? largest : 0;
  }

  Measurement measure_point(Session& session, const Engine& engine, int64_t batch) {
    Measurement m = measure_at(session, engine, batch);
    fmt::print("{:>6}  {:>12}  {:>12}  {:>10.1f}\n", batch > 0 ? std::to_string(batch) : "fixed",
               ms_text(m.latency.median), ms_text(m.latency.p99), items_per_second(m));
    session.envelope["bench"]["sweep"].push_back(measurement_json(m));
    return m;
  }

  void sweep(Session& session, const Engine& engine) {
    if (largest_batch(engine) == 0)
      throw Error(ErrorCode::usage,
                  "--sweep-batch needs an open first dimension; build with --min-shapes and --max-shapes");
    fmt::print("{:>6}  {:>12}  {:>12}  {:>10}\n", "batch", "median", "p99", "items/s");
    for (int64_t batch : parse_numbers("--sweep-batch", sweep_)) measure_point(session, engine, batch);
  }

  /// Doubles the batch while p99 stays below the limit, then halves the gap to the first batch that is too slow.
  void search(Session& session, const Engine& engine, double limit) {
    fmt::print("{:>6}  {:>12}  {:>12}  {:>10}\n", "batch", "median", "p99", "items/s");
    int64_t largest = largest_batch(engine), good = 0, bad = 0;
    Measurement best;
    auto try_batch = [&](int64_t batch) {
      Measurement m = measure_point(session, engine, batch);
      if (m.latency.p99 > limit) return false;
      if (items_per_second(m) > items_per_second(best)) best = m;
      return true;
    };
    for (int64_t batch = largest == 0 ? 0 : 1; bad == 0; batch = std::min(batch * 2, largest)) {
      if (!try_batch(batch)) {
        bad = std::max<int64_t>(batch, 1);
      } else {
        good = batch;
        if (batch >= largest || largest == 0) break;
      }
    }
    while (bad - good > std::max<int64_t>(1, good / 8) && good > 0) {
      int64_t middle = good + (bad - good) / 2;
      (try_batch(middle) ? good : bad) = middle;
    }
    if (best.iterations == 0)
      throw Error(ErrorCode::performance_gate,
                  fmt::format("p99 is above {} even at the smallest batch", ms_text(limit)));
    fmt::print("highest throughput with p99 below {}: {:.1f} items/s at batch {}\n", ms_text(limit),
               items_per_second(best), std::max<int64_t>(best.batch, 1));
    session.envelope["bench"].update(measurement_json(best));
  }

  void profile(Session& session, const Engine& engine) const {
    NamedValues inputs = stored(engine, inputs_.gather(session, engine, shapes_at(engine, 0)));
    Context context = engine.create_context();
    set_inputs(context, inputs);
    std::vector<LayerInfo> layers = context.profile();
    print_profile(layers);
    session.envelope.add_layers(layers);
  }

  std::string file_, duration_, warmup_, max_latency_, sweep_;
  bool profile_ = false, no_transfers_ = false;
  double shortest_ms_ = HUGE_VAL;
  MeasureOptions options_;
  bool specialize_ = false;
  std::unique_ptr<Specializer> specializer_;
  InputFlags inputs_;
  BuildFlags flags_;
};

}  // namespace

std::unique_ptr<Verb> make_bench_verb() { return std::make_unique<BenchVerb>(); }

}  // namespace tenon::cli
