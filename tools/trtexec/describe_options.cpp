#include <fmt/format.h>

#include "trtexec/flags.h"
#include "trtexec/values.h"

namespace tenon::trtexec {
namespace {

const char* enabled(bool on) { return on ? "Enabled" : "Disabled"; }

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += " " + word;
  return text;
}

std::string model_text(const ModelOptions& m) {
  const bool onnx = !m.onnx.empty(), uff = !m.uff.empty(), caffe = !m.caffe.empty() || !m.prototxt.empty();
  const std::string& file = onnx ? m.onnx : uff ? m.uff : m.caffe;
  std::string text = fmt::format("=== Model Options ===\nFormat: {}\nModel: {}\n", onnx ? "ONNX" : uff ? "UFF" : caffe ? "Caffe" : "*", file);
  if (!onnx && uff) {
    text += fmt::format("Uff Inputs Layout: {}\n", m.uff_nhwc ? "NHWC" : "NCHW");
    for (const std::string& input : m.uff_inputs) text += fmt::format("Input: {}\n", input);
  }
  if (!onnx && !uff && caffe) text += fmt::format("Prototxt: {}\n", m.prototxt);
  return text + fmt::format("Output:{}\n", joined(m.outputs));
}

std::string pools_text(const BuildFlags& b) {
  std::string text;
  for (const char* pool : {"workspace", "dlaSRAM", "dlaLocalDRAM", "dlaGlobalDRAM"}) {
    const auto found = b.pools.find(pool);
    text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", pool, found == b.pools.end() ? "default" : fmt::format("{:g} MiB", found->second));
  }
  return text;
}

std::string precision_text(const BuildFlags& b) {
  std::string text = "FP32";
  if (b.fp16) text += "+FP16";
  if (b.bf16) text += "+BF16";
  if (b.int8) text += "+INT8";
  if (b.fp8) text += "+FP8";
  if (b.int4) text += "+INT4";
  if (b.constraints == Constraints::obey) text += " (obey precision constraints)";
  if (b.constraints == Constraints::prefer) text += " (prefer precision constraints)";
  return text;
}

std::string pairs_text(const std::vector<std::pair<std::string, std::string>>& pairs, const char* separator) {
  std::string text;
  for (const auto& [name, value] : pairs) text += (text.empty() ? "" : separator) + name + ":" + value;
  return text;
}

std::string sources_text(const BuildFlags& b) {
  if (b.tactic_sources.empty()) return "Using default tactic sources";
  static constexpr std::pair<const char*, const char*> kNames[] = {{"CUBLAS", "cublas"}, {"CUBLAS_LT", "cublasLt"}, {"CUDNN", "cudnn"},
                                                                   {"EDGE_MASK_CONVOLUTIONS", "edge mask convolutions"}, {"JIT_CONVOLUTIONS", "JIT convolutions"}};
  std::string text;
  for (const auto& [name, shown] : kNames)
    if (const auto found = b.tactic_sources.find(name); found != b.tactic_sources.end()) text += fmt::format("{} {}, ", shown, found->second ? "[ON]" : "[OFF]");
  return text;
}

std::string preview_text(const BuildFlags& b) {
  if (b.preview.empty()) return "Use default preview flags.";
  static const std::map<std::string, const char*> kNames = {{"fasterDynamicShapes0805", "kFASTER_DYNAMIC_SHAPES_0805"},
                                                            {"disableExternalTacticSourcesForCore0805", "kDISABLE_EXTERNAL_TACTIC_SOURCES_FOR_CORE_0805"},
                                                            {"profileSharing0806", "kPROFILE_SHARING_0806"},
                                                            {"aliasedPluginIO1003", "kALIASED_PLUGIN_IO_10_03"}};
  std::string text;
  for (const auto& [name, on] : b.preview) text += fmt::format("{} {}, ", kNames.at(name), on ? "[ON]" : "[OFF]");
  return text;
}

std::string formats_text(const char* direction, const std::vector<IoFormat>& formats) {
  if (formats.empty()) return fmt::format("{}s format: fp32:CHW\n", direction);
  std::string text;
  for (const IoFormat& f : formats) {
    std::string list;
    for (const std::string& format : f.formats) list += (list.empty() ? "" : "+") + format;
    text += fmt::format("{}: {}:{}\n", direction, f.type, list);
  }
  return text;
}

std::string range_text(const ShapeRange& r) { return dims_text(r.min) + "+" + dims_text(r.opt) + "+" + dims_text(r.max); }
std::string range_text(const Dims& dims) { return dims_text(dims); }

template <class Shapes>
std::string shapes_text(const char* phase, const Shapes& shapes, const std::string& profile = "") {
  if (shapes.empty()) return fmt::format("Input {} shapes{}: model\n", phase, profile);
  std::string text;
  for (const auto& [name, shape] : shapes) text += fmt::format("Input {} shape{}: {}={}\n", phase, profile, name, range_text(shape));
  return text;
}

std::string build_text(const BuildFlags& b) {
  std::string text = "=== Build Options ===\n";
  const auto line = [&](const char* name, const std::string& value) { text += fmt::format("{}: {}\n", name, value); };
  line("Max batch", b.max_batch > 0 ? std::to_string(b.max_batch) : "explicit batch");
  line("Memory Pools", pools_text(b));
  line("minTiming", std::to_string(b.min_timing));
  line("avgTiming", std::to_string(b.avg_timing));
  line("Precision", precision_text(b));
  line("LayerPrecisions", pairs_text(b.layer_precisions, ","));
  line("Layer Device Types", pairs_text(b.layer_devices, ", "));
  line("Calibration", b.int8 && b.calibration.empty() ? "Dynamic" : b.calibration);
  line("Refit", enabled(b.refit));
  line("Version Compatible", enabled(b.version_compatible));
  line("TensorRT runtime", b.runtime);
  line("Lean DLL Path", b.lean_path);
  const auto allowed = [&](const char* kind) { return b.temp_files.at(kind) ? "allow" : "deny"; };
  line("Tempfile Controls", fmt::format("{{ in_memory: {}, temporary: {} }}", allowed("in_memory"), allowed("temporary")));
  line("Exclude Lean Runtime", enabled(b.exclude_lean_runtime));
  line("Sparsity", b.sparsity == "enable" ? "Enabled" : b.sparsity == "force" ? "Forced" : "Disabled");
  line("Safe mode", enabled(b.safe));
  line("Build DLA standalone loadable", enabled(b.dla_standalone));
  line("Allow GPU fallback for DLA", enabled(b.gpu_fallback));
  line("DirectIO mode", enabled(b.direct_io));
  line("Restricted mode", enabled(b.restricted));
  line("Skip inference", enabled(b.skip_inference));
  line("Save engine", b.save);
  line("Load engine", b.load);
  line("Profiling verbosity", std::to_string(static_cast<int>(b.verbosity)));
  line("Tactic sources", sources_text(b));
  line("timingCacheMode", b.no_cache ? "disable" : b.timing_cache.empty() ? "local" : "global");
  line("timingCacheFile", b.timing_cache);
  line("Heuristic", enabled(b.heuristic));
  line("Preview Features", preview_text(b));
  line("MaxAuxStreams", std::to_string(b.max_aux_streams));
  if (b.distributive_independence) line("Distributive Independence", "Enabled");
  line("BuilderOptimizationLevel", std::to_string(b.optimization_level));
  text += formats_text("Input(s)", b.input_formats) + formats_text("Output(s)", b.output_formats);
  for (size_t i = 0; i < b.profiles.size(); ++i)
    text += shapes_text("build", b.profiles[i].shapes, b.profiles.size() > 1 ? fmt::format(" (profile {})", i) : "");
  return text + shapes_text("calibration", b.opt_calib);
}

std::string system_text(const SystemFlags& s) {
  return fmt::format("=== System Options ===\nDevice: {}\nDLACore: {}\nPlugins:{}\nsetPluginsToSerialize:{}\ndynamicPlugins:{}\nignoreParsedPluginLibs: {}\n\n",
                     s.device.empty() ? "0" : s.device, s.dla_core < 0 ? "" : std::to_string(s.dla_core), joined(s.plugins), joined(s.plugins_to_serialize),
                     joined(s.dynamic_plugins), s.ignore_parsed_plugins ? 1 : 0);
}

std::string inference_text(const InferenceFlags& i, Verbosity verbosity) {
  std::string text = "=== Inference Options ===\n";
  const auto line = [&](const char* name, const std::string& value) { text += fmt::format("{}: {}\n", name, value); };
  line("Batch", i.batch > 0 && i.shapes.empty() ? std::to_string(i.batch) : "Explicit");
  text += shapes_text("inference", i.shapes);
  line("Iterations", std::to_string(i.iterations));
  line("Duration", fmt::format("{:g}s (+ {:g}ms warm up)", i.duration_s, i.warmup_ms));
  line("Sleep time", fmt::format("{:g}ms", i.sleep_ms));
  line("Idle time", fmt::format("{:g}ms", i.idle_ms));
  line("Inference Streams", std::to_string(i.streams));
  line("ExposeDMA", enabled(!i.overlap));
  line("Data transfers", enabled(i.transfers));
  line("Spin-wait", enabled(i.spin));
  line("Multithreading", enabled(i.threads));
  line("CUDA Graph", enabled(i.graph));
  line("Separate profiling", enabled(i.separate_profile));
  line("Time Deserialize", enabled(i.time_deserialize));
  line("Time Refit", enabled(i.time_refit));
  line("NVTX verbosity", std::to_string(static_cast<int>(verbosity)));
  if (i.profile > 0) line("Optimization Profile Index", std::to_string(i.profile));
  line("Persistent Cache Ratio", fmt::format("{:g}", i.persistent_cache_ratio));
  text += "Inputs:\n";
  for (const auto& [name, file] : i.inputs) text += fmt::format("{}<-{}\n", name, file);
  return text;
}

std::string reporting_text(const ReportingFlags& r) {
  std::string percentiles;
  for (double p : r.percentiles) percentiles += fmt::format("{}{:g}", percentiles.empty() ? "" : ",", p);
  return fmt::format(
      "=== Reporting Options ===\nVerbose: {}\nAverages: {} inferences\nPercentiles: {}\nDump refittable layers:{}\nDump output: {}\nProfile: {}\n"
      "Export timing to JSON file: {}\nExport output to JSON file: {}\nExport profile to JSON file: {}\n",
      enabled(r.verbose), r.averages, percentiles, enabled(r.refit), enabled(r.output), enabled(r.profile), r.export_times, r.export_output, r.export_profile);
}

}  // namespace

std::string describe(const Options& o) {
  return model_text(o.model) + build_text(o.build) + system_text(o.system) + inference_text(o.inference, o.build.verbosity) + reporting_text(o.reporting);
}

}  // namespace tenon::trtexec
