#include "build/build.h"

#include <sys/resource.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "build/boundary.h"
#include "build/choose_formats.h"
#include "build/coverage.h"
#include "build/loop_forms.h"
#include "build/mark_outputs.h"
#include "build/odd_weights.h"
#include "build/phases.h"
#include "build/refit.h"
#include "build/profile.h"
#include "build/select_kernels.h"
#include "build/strip_names.h"
#include "build/tell.h"
#include "build/verify_build.h"
#include "devices/device.h"
#include "onnx/import.h"
#include "passes/optimize.h"
#include "runtime/check_fits.h"
#include "select/select.h"

namespace tenon::core {
namespace {

ImportedModel import(const ModelSource& source, const ImportOptions& options) {
  if (!source.path.empty()) return import_onnx(source.path, options);
  return import_onnx_bytes(source.owner, source.bytes, "", options);
}

std::vector<std::pair<std::string, Type>> declared_inputs(const Graph& g) {
  std::vector<std::pair<std::string, Type>> inputs;
  for (size_t i = 0; i < g.inputs().size(); ++i) inputs.emplace_back(g.input_name(static_cast<int>(i)), g.type(g.inputs()[i]));
  return inputs;
}

/// The graph with the dims that the options fix; ranges of the other symbols are set.
Graph make_with_shapes(const GraphSource& source, const BuildOptions& options, const Log& log, ShapeRequest& request) {
  Graph graph = source({}, log);
  request = plan_shapes(declared_inputs(graph), options.shapes);
  if (!request.fixed.empty()) graph = source(request.fixed, log);
  for (const auto& [symbol, range] : request.profile.ranges) graph.ranges[symbol] = range;
  for (const auto& line : request.assumptions) log.info("build", "{}", line);
  return graph;
}

void note_fusions(const PassReport& passes, BuildReport& report) {
  for (const auto& note : passes.applied)
    if (!note.spelling) report.fusions.push_back({note.equation, note.node, true, ""});
  for (const auto& note : passes.near_misses)
    if (!note.spelling) report.fusions.push_back({note.equation, note.node, false, note.reason});
}

/// Equation and nodes of those that fired.
std::multiset<std::pair<std::string, std::string>> fusions_of(const BuildReport& report) {
  std::multiset<std::pair<std::string, std::string>> fired;
  for (const FusionInfo& f : report.fusions)
    if (f.fired) fired.emplace(f.rewrite, f.nodes);
  return fired;
}

/// What marking tensors as outputs changes besides the outputs: what is read elsewhere does not fuse.
void note_lost_fusions(Graph unmarked, const PassOptions& options, BuildReport& report, const Log& log) {
  PassReport passes;
  optimize(unmarked, options, Log(), passes);
  BuildReport without;
  note_fusions(passes, without);
  const auto before = fusions_of(without), after = fusions_of(report);
  std::vector<std::pair<std::string, std::string>> gone;
  std::set_difference(before.begin(), before.end(), after.begin(), after.end(), std::back_inserter(gone));
  const size_t lost = gone.size();
  report.warnings.push_back(fmt::format("marking tensors as outputs costs {} {}; results may differ in the last bits from those of an engine without the marks",
                                        lost, lost == 1 ? "fusion" : "fusions"));
  log.warning("build", "{}", report.warnings.back());
}

/// Weights that are no finite numbers are an error, or warnings where they are allowed.
void check_weights(const Graph& g, const BuildOptions& options, Threads& threads, BuildReport& report, const Log& log) {
  constexpr size_t kShown = 5;
  const std::vector<std::string> sentences = odd_weights(g, threads);
  if (sentences.empty()) return;
  if (!options.strict_nan && !options.allow_odd_weights) {
    std::string rest;
    for (size_t i = 1; i < std::min(kShown, sentences.size()); ++i) rest += "\n  " + sentences[i];
    if (sentences.size() > kShown) rest += fmt::format("\n  and {} more", sentences.size() - kShown);
    fail(ErrorCode::odd_weights, "{}; finite numbers were expected. Was training stopped by an overflow, or the file damaged? Export the model again, or give --strict-nan to keep them{}",
         sentences[0], rest);
  }
  for (const std::string& s : sentences) {
    report.warnings.push_back(s + "; finite numbers were expected");
    log.warning("import", "{}", report.warnings.back());
  }
}

PassOptions pass_options_of(const BuildOptions& options, const DeviceInfo& device) {
  const bool gates = device.kind == "cuda" && device.compute >= 80 && !options.exact;
  PassOptions p{options.exact, options.strict_nan, gates, options.tf32 || !options.precisions.empty(), {options.disabled_passes.begin(), options.disabled_passes.end()}, options.stop_after_rewrite};
  if (device.kind != "cpu") p.disabled.insert({"fuse_bottlenecks", "fuse_joined_convs"});
  return p;
}

TacticOptions tactic_options(const BuildOptions& options, const DeviceInfo& device, const Log& log) {
  TacticOptions t;
  t.precisions = options.precisions;
  const bool on_cpu = device.kind == "cpu" || device.kind == "null";
  if (on_cpu && std::erase(t.precisions, DType::f16) > 0) log.warning("build", "the CPU computes in f32 and bf16: f16 is not used");
  t.tf32 = options.tf32;
  t.sources = options.tactic_sources;
  t.exact = options.exact;
  t.deterministic = options.deterministic;
  return t;
}

/// The cache is written however the build ends: what was measured is not measured again.
class CacheFile {
 public:
  CacheFile(std::string path, const Log& log) : path_(std::move(path)), log_(log) {
    if (!path_.empty()) cache = TimingCache::load(path_, log_);
  }
  template <class F>
  void saved_after(F&& f) {
    try {
      f();
    } catch (const Error&) {
      save();
      throw;
    }
    save();
  }
  TimingCache cache;

 private:
  void save() const {
    if (!path_.empty()) cache.save(path_, log_);
  }
  std::string path_;
  const Log& log_;
};

/// A model that runs at other dims than those assumed for its open ones gets an error that says which flag to use.
void at_assumed_dims(const BuildReport& report, FunctionRef<void()> run) {
  try {
    run();
  } catch (const Error& e) {
    const bool shapes = e.code() == ErrorCode::shape_mismatch || e.code() == ErrorCode::bad_input;
    if (!shapes || report.assumptions.empty()) throw;
    std::string assumed;
    for (const auto& line : report.assumptions) assumed += "\n  " + line;
    fail(ErrorCode::needs_shapes, "the model does not run at the dims assumed for its open ones: {}\nName dims it takes with --shapes. Assumed were:{}", e.what(), assumed);
  }
}

int64_t peak_host_bytes() {
  rusage usage{};
  return ::getrusage(RUSAGE_SELF, &usage) == 0 ? int64_t{usage.ru_maxrss} * 1024 : 0;
}

/// Optimizes the graph; loops are unrolled where that was measured to be faster, in builds that measure.
Graph optimized(const Graph& original, const std::optional<Graph>& unmarked, const BuildOptions& options, Built& built, TimingCache& cache, const Log& log, Phases& phases) {
  PassOptions pass_options = pass_options_of(options, built.data.device);
  if (options.opt_level > 0 && options.chaos_seed < 0)
    pass_options.unrolls = measured_unrolling({pass_options, built.data, built.device, built.threads, select_options(options, phases), cache, built.report.tactics_timed, log});
  Graph graph = original;
  PassReport passes;
  optimize(graph, pass_options, log, passes);
  note_fusions(passes, built.report);
  if (unmarked) note_lost_fusions(*unmarked, pass_options, built.report, log);
  return graph;
}

/// Selects kernels, makes the program, and verifies it against `original`.
void finish(Built& built, const Graph& original, const BuildOptions& options, const BuildHooks& hooks, TimingCache& cache, const Log& log, Phases& phases) {
  phases.run("select", [&] {
    built.hash = build_hash(built.data);
    release_mapped_files();
    select_kernels(built, options, hooks, cache, log, phases);
  });
  note_coverage(built, log);
  tell_steps(built, log);
  if (options.verify && !options.reference) {
    phases.run("verify", [&] { at_assumed_dims(built.report, [&] { verify_build(built, original, cache, log); }); });
    phases.run("time", [&] { note_time_shares(built, original, log); });
  }
  built.report.peak_host_bytes = peak_host_bytes();
}

}  // namespace

Log make_log(const LogSink& sink, Severity level) {
  if (!sink) return {};
  return Log(sink, level);
}

Built build(const ModelSource& source, const BuildOptions& options) {
  const auto make = [&](const std::map<std::string, Shape>& input_shapes, const Log& log) {
    return std::move(import(source, {input_shapes, &log}).graph);
  };
  return build(GraphSource(make), options);
}

namespace {

/// The model as it was read, before anything is done at its boundary.
struct ReadModel {
  Graph graph;
  std::optional<Graph> unmarked;  // where tensors were marked as outputs
  ShapeRequest request;
};

ReadModel read_model(const GraphSource& source, const BuildOptions& options, const Log& log) {
  ReadModel model;
  model.graph = make_with_shapes(source, options, log, model.request);
  if (!options.mark_outputs.empty()) model.unmarked = model.graph;
  mark_outputs(model.graph, options.mark_outputs);
  if (options.refit) make_refittable(model.graph);
  return model;
}

/// From the model, with these formats at its boundary, to the program. `built` has its device and its profile.
void build_with(Built& built, Graph model, const std::optional<Graph>& unmarked, const ChosenFormats& formats, const BuildOptions& options, const BuildHooks& hooks,
                TimingCache& cache, const Log& log, Phases& phases) {
  const Boundary boundary{options.io_types, formats};
  const Graph original = boundary.empty() ? std::move(model) : phases.run("import", [&] { return with_boundary(model, boundary, built.data.io_formats); });
  tell_types(original, log);
  const Graph graph = options.reference ? original : phases.run("passes", [&] { return optimized(original, unmarked, options, built, cache, log, phases); });
  release_mapped_files();  // passes read weights that are not needed again for long
  built.data.graph = normalized(options.verbosity == Verbosity::none ? without_names(graph) : graph);
  for (const auto& [origin, why] : graph.dropped()) built.report.dropped.emplace_back(graph.origins()[origin].name, why);
  finish(built, original, options, hooks, cache, log, phases);
}

/// Where inputs and outputs may have several formats, a build that says nothing finds out what their neighbours' kernels read and write.
ChosenFormats choose_formats(Built& built, const Graph& model, const BuildOptions& options, TimingCache& cache, const Log& log, Phases& phases) {
  ChosenFormats formats = first_formats(options);
  if (!leaves_choice(options)) return formats;
  Built trial = built;
  BuildOptions unverified = options;
  unverified.verify = false;
  build_with(trial, model, {}, formats, unverified, {}, cache, Log(), phases);
  built.report.tactics_timed += trial.report.tactics_timed;
  formats = fitting_formats(trial, options);
  for (const auto& [name, format] : formats) log.info("build", "'{}' has the memory format {}", name, to_string(format));
  return formats;
}

}  // namespace

Built build(const GraphSource& source, const BuildOptions& options, const BuildHooks& hooks) {
  first_formats(options);  // refuses wrong ones before the model is read
  Built built;
  Phases phases(options, built.report);
  const Log log = make_log(options.log, options.log_level);
  built.device = find_device(options.device, options.threads);
  built.data.device = built.device->info();
  built.data.options = tactic_options(options, built.data.device, log);
  built.threads = std::make_shared<Threads>(built.data.device.threads);
  ReadModel model = phases.run("import", [&] { return read_model(source, options, log); });
  built.data.profile = model.request.profile;
  built.report.assumptions = model.request.assumptions;
  check_weights(model.graph, options, *built.threads, built.report, log);
  release_mapped_files();
  CacheFile file(hooks.cache ? "" : options.timing_cache, log);
  TimingCache& cache = hooks.cache ? *hooks.cache : file.cache;
  file.saved_after([&] {
    const ChosenFormats formats = choose_formats(built, model.graph, options, cache, log, phases);
    build_with(built, std::move(model.graph), model.unmarked, formats, options, hooks, cache, log, phases);
  });
  if (options.direct_io) tell_boundary_copies(built, options, log);
  return built;
}

Built rebuild(EngineData data, const BuildOptions& options) {
  Built built;
  Phases phases(options, built.report);
  const Log log = make_log(options.log, options.log_level);
  built.data = std::move(data);
  built.device = find_device(options.device, options.threads);
  built.data.device = built.device->info();
  built.data.options = tactic_options(options, built.data.device, log);
  built.threads = std::make_shared<Threads>(built.data.device.threads);
  CacheFile file(options.timing_cache, log);
  file.saved_after([&] { finish(built, built.data.graph, options, {}, file.cache, log, phases); });
  return built;
}

namespace {
/// The kind of device that the engine was built for, where this machine has it and the caller did not ask for another.
std::shared_ptr<Device> device_for(const std::string& kind, const LoadOptions& options) {
  if (options.device != "auto") return find_device(options.device, options.threads);
  const bool missing = kind == "cuda" && !why_no_cuda().empty();
  return find_device(missing ? "cpu" : kind, options.threads);
}

/// An engine from `there` runs `here`.
std::string other_device(const DeviceInfo& there, const DeviceInfo& here) {
  const char* advice = "`tenon build` it again to measure here";
  if (there.kind == here.kind && there.name == here.name && there.libraries != here.libraries)
    return fmt::format("the engine was measured with {}; here are {}: kernels of libraries are taken by their own numbers, those that are refused give way to others; {}",
                       there.libraries.empty() ? "no libraries" : there.libraries, here.libraries.empty() ? "none" : here.libraries, advice);
  if (there.kind == here.kind && there.name == here.name && there.features == here.features)
    return fmt::format("the engine was measured with {} threads; here it has {}: {}", there.threads, here.threads, advice);
  return fmt::format("the engine was measured on '{}' ({}); here it runs on '{}' ({}): {}", there.name, there.features, here.name, here.features, advice);
}
}  // namespace

Built adopt(EngineData data, const LoadOptions& options) {
  Built built;
  const Log log = make_log(options.log, Severity::info);
  built.device = device_for(data.device.kind, options);
  const DeviceInfo &here = built.device->info(), &there = data.device;  // `there` stays: an engine saved again is the same bytes
  built.threads = std::make_shared<Threads>(here.threads);
  // Choices are checked even on the same device: a file may hold anything.
  built.candidates = find_candidates(data.graph, here, data.options);
  replace_unknown(data.graph, built.candidates, data.choices, [&](const std::string& w) { built.report.warnings.push_back(w); });
  if (here.key() != there.key()) built.report.warnings.push_back(other_device(there, here));
  for (const auto& w : built.report.warnings) log.warning("load", "{}", w);
  check_fits(*built.device, weight_bytes_on_device(data.graph, data.choices), "engine '" + data.graph.name + "'");
  built.program = make_program(data, built.device, built.threads);
  built.data = std::move(data);
  note_coverage(built, log);
  return built;
}

}  // namespace tenon::core
