#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/dtype.h"
#include "tenon/log.h"

namespace tenon {

/// The dims an input may take. `opt` is what kernels are tuned for; min <= opt <= max for each dim.
struct ShapeRange {
  std::vector<int64_t> min, opt, max;
};

/// What a profiler is told of the steps of a run: nothing (and the file holds no layer names), their names, or also number,
/// operation, kernel, shapes and formats.
enum class Verbosity { none, names, detailed };

struct Progress {
  std::string phase;       // "import", "passes", "select", "retime", "verify", "write"
  int64_t done = 0, total = 0;
  double seconds = 0;      // since the build began
};

/// The types that kernels of one layer read and write.
struct LayerTypes {
  std::string layer;                 // the name of an ONNX node, or "*": all others
  DType computes_in = DType::none;   // of its inputs and outputs that are floats; none: free
  std::vector<DType> outputs;        // of its outputs: one each, or one for all; empty: as above
};

struct BuildOptions {
  std::string device = "auto";               // cpu, cuda, cuda:1, null, auto
  std::map<std::string, ShapeRange> shapes;  // inputs left out get the default dims, which are reported
  std::vector<DType> precisions;             // storage types allowed besides the model's own
  bool tf32 = false;                         // f32 products on a GPU may round their factors to TF32
  uint32_t tactic_sources = ~0u;             // libraries that may be used, by the bits of nvinfer1::TacticSource
  std::vector<LayerTypes> layer_types;
  bool obey_layer_types = false;             // fail where no kernel has the types, instead of warning
  std::map<std::string, DType> io_types;     // inputs and outputs that are of another type than in the model
  /// Memory formats that inputs and outputs may have (tenon/io_format.h): "chw4", "hwc8". Of several, the build takes the one
  /// that the neighbouring kernels need no copy for. Shapes are given as those of the dense tensor.
  std::map<std::string, std::vector<std::string>> io_formats;
  bool direct_io = false;                    // warn where a tensor of io_formats is copied into another layout
  int opt_level = 3;                         // 0: first offer of each node; 3: measure; 5: measure everything longer
  double time_limit = 0;                     // seconds of measuring; 0: none
  int64_t max_memory = 0;                    // bytes of arena + packed weights + workspace; 0: none
  std::string timing_cache;                  // file to read and write; empty: none
  bool build_lock = true;                    // other builds on the same GPU wait while this one times kernels
  bool verify = true;                        // compare with the reference executor
  bool refit = false;                        // keep the model's named weights exchangeable: Engine::with_weights
  bool deterministic = false;                // results independent of the number of threads
  bool exact = false;                        // no rewrite or kernel that reassociates
  bool strict_nan = false;                   // no rewrite that is wrong for NaN; allows odd weights
  bool allow_odd_weights = false;            // NaN and infinite weights are a warning in place of an error
  std::vector<std::string> mark_outputs;     // tensor names, or "all"
  Verbosity verbosity = Verbosity::names;    // none: layer names are left out of the engine
  int threads = 0;                           // 0: all cores this process may use
  bool reference = false;                    // no rewrites, reference kernels only
  std::vector<std::string> disabled_passes;
  int64_t stop_after_rewrite = -1;           // for bisecting; -1: no limit
  int64_t chaos_seed = -1;                   // pick random offers instead of the best: a test of everything; -1: off
  LogSink log;
  Severity log_level = Severity::info;
  std::function<void(const Progress&)> progress;
  std::function<bool()> cancelled;           // asked often; true ends the build with ErrorCode::interrupted
};

struct LoadOptions {
  std::string device = "auto";
  int threads = 0;
  LogSink log;
};

}  // namespace tenon
