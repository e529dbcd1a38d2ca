#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tenon/engine.h"
#include "units.h"

namespace tenon::trtexec {

using cli::Dims;

struct ModelOptions {
  std::string onnx, caffe, uff, prototxt;
  std::string refit_from;  // --refitFromOnnx
  std::vector<std::string> outputs, uff_inputs;
  bool uff_nhwc = false;
};

/// Type and allowed memory formats of an input or output: {"fp16", {"chw"}}.
struct IoFormat {
  std::string type;
  std::vector<std::string> formats;
};

enum class Constraints { none, obey, prefer };
enum class Verbosity { layer_names_only = 0, none = 1, detailed = 2 };  // TensorRT's numbers

/// The shapes of one optimization profile.
struct ProfileFlags {
  std::map<std::string, Dims> min, opt, max;
  std::map<std::string, ShapeRange> shapes;  // from the three, once all flags are read
};

struct BuildFlags {
  int max_batch = 0;
  std::vector<ProfileFlags> profiles = std::vector<ProfileFlags>(1);
  size_t profile = 0;  // the one that the next shape flags are about
  std::map<std::string, Dims> min_calib, opt_calib, max_calib;
  std::vector<IoFormat> input_formats, output_formats;
  std::map<std::string, double> pools;  // MiB: workspace, dlaSRAM, dlaLocalDRAM, dlaGlobalDRAM, tacticSharedMem
  int min_timing = 1, avg_timing = 8;
  bool tf32 = true, fp16 = false, bf16 = false, int8 = false, fp8 = false, int4 = false, best = false;
  bool strongly_typed = false;
  Constraints constraints = Constraints::none;
  std::vector<std::pair<std::string, std::string>> layer_precisions, layer_devices;
  std::vector<std::pair<std::string, std::vector<std::string>>> layer_output_types;
  std::string calibration;
  bool refit = false, version_compatible = false, exclude_lean_runtime = false;
  std::string runtime = "full", lean_path;
  std::string sparsity = "disable";
  bool direct_io = false, safe = false, consistency = false, restricted = false;
  bool dla_standalone = false, gpu_fallback = false;
  bool skip_inference = false;
  std::string save, load;
  Verbosity verbosity = Verbosity::layer_names_only;
  std::map<std::string, bool> tactic_sources;  // "CUBLAS" -> on
  bool no_cache = false, error_on_cache_miss = false;
  std::string timing_cache;
  bool heuristic = false;
  std::map<std::string, bool> preview;
  int optimization_level = -1;
  std::string hardware_compatibility = "none";
  std::string temp_folder;
  std::map<std::string, bool> temp_files = {{"in_memory", true}, {"temporary", true}};
  int max_aux_streams = -1;
  bool strip_weights = false, distributive_independence = false;
  bool verify = true, version_only = false;
  std::vector<std::string> marked;  // --markDebug
};

struct SystemFlags {
  std::string device;  // as given; empty: not given
  int dla_core = -1;
  std::vector<std::string> plugins, dynamic_plugins, plugins_to_serialize;
  bool ignore_parsed_plugins = false;
};

struct InferenceFlags {
  int batch = 0;
  std::map<std::string, Dims> shapes;
  std::map<std::string, std::string> inputs;  // input -> file
  int64_t iterations = 10;
  double warmup_ms = 200, duration_s = 3, sleep_ms = 0, idle_ms = 0;
  int streams = 1;
  size_t profile = 0;  // --useProfile
  bool overlap = true, transfers = true, managed = false, spin = false, threads = false, graph = false, specialize = false;
  bool separate_profile = false, time_deserialize = false, time_refit = false;
  double persistent_cache_ratio = 0;
};

struct ReportingFlags {
  bool verbose = false;
  int64_t averages = 10;
  std::vector<double> percentiles = {90, 95, 99};
  bool refit = false, output = false, raw_bindings = false, profile = false, layer_info = false, profiles = false;
  bool memory = false;                             // --monitorMemory
  std::map<std::string, std::string> debug_files;  // --saveDebugTensors: tensor -> file
  std::string export_times, export_output, export_profile, export_layer_info;
  bool wants_profile() const { return profile || !export_profile.empty(); }
};

struct Options {
  ModelOptions model;
  BuildFlags build;
  SystemFlags system;
  InferenceFlags inference;
  ReportingFlags reporting;
  bool help = false;
  std::vector<std::string> notes;  // warnings that reading the flags gave, in order
};

}  // namespace tenon::trtexec
