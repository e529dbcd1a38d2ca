#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "tenon/error.h"
#include "tenon/io_format.h"
#include "tenon/model.h"
#include "tenon/profiles.h"
#include "tenon/specialize.h"
#include "trtexec/setup.h"
#include "trtexec/values.h"

namespace tenon::trtexec {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); }

std::vector<LayerTypes> layer_types(const BuildFlags& b) {
  std::vector<LayerTypes> types;
  if (b.constraints == Constraints::none) return types;
  for (const auto& [layer, type] : b.layer_precisions) types.push_back({layer, type_of(type), {}});
  for (const auto& [layer, outputs] : b.layer_output_types) {
    types.push_back({layer, DType::none, {}});
    for (const std::string& type : outputs) types.back().outputs.push_back(type_of(type));
  }
  return types;
}

BuildOptions build_options(const Options& o, const std::string& device, Log& log) {
  const BuildFlags& b = o.build;
  BuildOptions options;
  options.device = device;
  if (b.fp16 && !b.strongly_typed) options.precisions.push_back(DType::f16);
  if ((b.bf16 || b.best) && !b.strongly_typed) options.precisions.push_back(DType::bf16);
  options.tf32 = b.tf32;
  options.layer_types = layer_types(b);
  options.obey_layer_types = b.constraints == Constraints::obey;
  static const std::map<std::string, uint32_t> kBits = {{"CUBLAS", 1}, {"CUBLAS_LT", 2}, {"CUDNN", 4}, {"EDGE_MASK_CONVOLUTIONS", 8}, {"JIT_CONVOLUTIONS", 16}};
  for (const auto& [name, on] : b.tactic_sources)
    if (!on) options.tactic_sources &= ~kBits.at(name);
  if (b.optimization_level >= 0) options.opt_level = std::min(b.optimization_level, 5);
  else if (b.heuristic) options.opt_level = 2;
  if (!b.no_cache) options.timing_cache = b.timing_cache;
  options.verify = b.verify;
  options.refit = b.refit;
  options.allow_odd_weights = true;
  options.deterministic = b.distributive_independence;
  options.mark_outputs = b.marked;
  options.direct_io = b.direct_io;
  options.log = log.library_sink();
  options.log_level = o.reporting.verbose ? Severity::verbose : Severity::info;
  return options;
}

using Shapes = std::map<std::string, ShapeRange>;

/// Open dims without a shape take 1, as in TensorRT's tool; each is said.
void add_default_shapes(Shapes& shapes, Log& log, const std::vector<TensorInfo>& inputs) {
  for (const TensorInfo& input : inputs) {
    const bool open = std::any_of(input.dims.begin(), input.dims.end(), [](int64_t d) { return d < 0; });
    if (!open || shapes.count(input.name)) continue;
    Dims dims;
    for (int64_t d : input.dims) dims.push_back(d < 0 ? 1 : d);
    log.warning(fmt::format("Dynamic dimensions required for input: {}, but no shapes were provided. Automatically overriding shape to: {}", input.name, dims_text(dims)));
    shapes[input.name] = {dims, dims, dims};
  }
}

void check_shapes(const Shapes& shapes, const std::vector<TensorInfo>& inputs, Log& log) {
  bool dynamic = false;
  for (const TensorInfo& input : inputs) dynamic = dynamic || std::any_of(input.dims.begin(), input.dims.end(), [](int64_t d) { return d < 0; }) || !input.ranked;
  for (const auto& entry : shapes) {
    const bool known = std::any_of(inputs.begin(), inputs.end(), [&](const TensorInfo& input) { return input.name == entry.first; });
    if (!known) throw Error(ErrorCode::unknown_name, fmt::format("Cannot find input tensor with name \"{}\" in the network inputs! Please make sure the input tensor names are correct.", entry.first));
  }
  if (dynamic || shapes.empty()) return;
  log.error("Static model does not take explicit shapes since the shape of inference tensors will be determined by the model itself");
  throw Error(ErrorCode::usage, "Network And Config setup failed");
}

/// What --inputIOFormats or --outputIOFormats says of these tensors.
void add_io(BuildOptions& options, const char* flag, const std::vector<IoFormat>& formats, const std::vector<TensorInfo>& tensors) {
  if (formats.empty()) return;
  if (formats.size() != 1 && formats.size() != tensors.size())
    throw Error(ErrorCode::usage, fmt::format("The number of {} must match network's tensors or be one for all: {} given for {} tensors", flag, formats.size(), tensors.size()));
  for (size_t i = 0; i < tensors.size(); ++i) {
    const IoFormat& format = formats[formats.size() == 1 ? 0 : i];
    const DType type = type_of(format.type);
    if (type != tensors[i].dtype) options.io_types[tensors[i].name] = type;
    options.io_formats[tensors[i].name] = format.formats;
  }
}

ProfileOptions profile_options(const BuildFlags& b, const std::vector<TensorInfo>& inputs, Log& log) {
  ProfileOptions options;
  options.profiles.clear();
  for (const ProfileFlags& profile : b.profiles) {
    check_shapes(profile.shapes, inputs, log);
    add_default_shapes(options.profiles.emplace_back(profile.shapes), log, inputs);
  }
  const auto workspace = b.pools.find("workspace");
  if (workspace != b.pools.end()) options.max_workspace = static_cast<int64_t>(std::min(workspace->second * (1 << 20), 9e18));
  return options;
}

void report_build(const BuildReport& report, Log& log) {
  for (const std::string& line : report.warnings) log.warning("[TRT] " + line);
  log.info("[TRT] " + report.coverage);
  if (report.verdict.empty()) return;
  log.print(report.verdict == "PASSED" ? Severity::info : Severity::warning, fmt::format("Verification against the reference executor: {}", report.verdict));
}

/// An engine for each optimization profile.
std::vector<Engine> build(const Options& o, const std::string& device, Log& log) {
  BuildOptions options = build_options(o, device, log);
  log.info("Start parsing network model.");
  const auto start = std::chrono::steady_clock::now();
  const ModelSignature model = model_signature(o.model.onnx);
  log.info(fmt::format("Finished parsing network model. Parse time: {:g}", seconds_since(start)));
  add_io(options, "--inputIOFormats", o.build.input_formats, model.inputs);
  add_io(options, "--outputIOFormats", o.build.output_formats, model.outputs);
  std::vector<Engine> engines = build_profiles(o.model.onnx, options, profile_options(o.build, model.inputs, log));
  for (const Engine& engine : engines) {
    const BuildReport& report = engine.report();
    report_build(report, log);
    if (o.build.error_on_cache_miss && report.tactics_timed > 0)
      throw Error(ErrorCode::build_failed, fmt::format("--errorOnTimingCacheMiss: {} measurements were not in the timing cache", report.tactics_timed));
  }
  return engines;
}

}  // namespace

std::vector<Engine> make_engines(const Options& o, const std::string& device, Log& log) {
  const auto start = std::chrono::steady_clock::now();
  if (o.build.load.empty()) {
    std::vector<Engine> engines = build(o, device, log);
    log.info(fmt::format("Engine built in {:g} sec.", seconds_since(start)));
    if (!o.build.save.empty()) save_profiles(engines, o.build.save);
    return engines;
  }
  LoadOptions options;
  options.device = device;
  options.log = log.library_sink();
  std::vector<Engine> engines = load_profiles(o.build.load, options);
  const double seconds = seconds_since(start);
  log.info(fmt::format("Engine loaded in {:g} sec.\nEngine deserialized in {:g} sec.", seconds, seconds));
  if (o.inference.profile >= engines.size())
    throw Error(ErrorCode::usage, fmt::format("--useProfile={}: the engine has {} optimization profiles, counted from 0", o.inference.profile, engines.size()));
  return engines;
}

Engine specialized(const Engine& engine, const Options& o, Log& log) {
  std::map<std::string, Dims> dims;
  bool open = false;
  for (const TensorInfo& input : engine.inputs()) {
    const auto given = o.inference.shapes.find(input.name);
    dims[input.name] = given == o.inference.shapes.end() ? input.range.opt : stored_dims(input, given->second);
    open = open || dims[input.name] != input.range.opt;
  }
  if (!open) {
    log.info("--specialize: the engine is tuned for the shapes of this run.");
    return engine;
  }
  const auto start = std::chrono::steady_clock::now();
  Specializer specializer(engine, build_options(o, engine.device(), log));
  specializer.for_dims(dims);
  specializer.wait();
  const Engine result = specializer.for_dims(dims);
  const auto inputs = result.inputs();
  const bool done = std::all_of(inputs.begin(), inputs.end(), [&](const TensorInfo& input) { return input.range.opt == dims[input.name]; });
  if (done) log.info(fmt::format("Kernels chosen for the shapes of this run in {:g} sec.", seconds_since(start)));
  else log.warning("--specialize: no kernels could be chosen for the shapes of this run, those of the engine are timed.");
  return result;
}

void load_plugins(const SystemFlags& flags, Log& log) {
  log.info("Loading standard plugins");
  std::vector<std::string> all = flags.plugins;
  all.insert(all.end(), flags.dynamic_plugins.begin(), flags.dynamic_plugins.end());
  for (const std::string& path : all) {
    log.info("Loading supplied plugin library: " + path);
    if (!dlopen(path.c_str(), RTLD_LAZY | RTLD_GLOBAL)) throw Error(ErrorCode::bad_file, fmt::format("Could not load plugin library: {}, due to: {}", path, dlerror()));
  }
  if (!all.empty()) log.warning("Plugin libraries are loaded and may register themselves; models given with --onnx use Tenon's own operators only.");
}

}  // namespace tenon::trtexec
