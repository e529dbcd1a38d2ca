#include "trtexec/flags.h"
#include "trtexec/values.h"

#include "tenon/error.h"

namespace tenon::trtexec {
namespace {

void set_streams(Options& o, const char* flag, const std::string& v) { o.inference.streams = static_cast<int>(to_int(flag, v, 1)); }

constexpr Flag kInference[] = {
    {"--batch", "N", "Batch of an implicit batch engine; not for ONNX models",
     [](Options& o, const std::string& v) { o.inference.batch = static_cast<int>(to_int("--batch", v, 1)); }},
    {"--shapes", "spec", "Shapes to run at: input0:1x3x256x256,input1:1x3x128x128",
     [](Options& o, const std::string& v) {
       for (auto& [name, dims] : to_shapes("--shapes", v)) o.inference.shapes[name] = dims;
     }},
    {"--useProfile", "N", "Optimization profile to run (default = 0)",
     [](Options& o, const std::string& v) { o.inference.profile = static_cast<size_t>(to_int("--useProfile", v, 0)); }},
    {"--loadInputs", "spec", "Raw bytes of inputs, or .npy files: name:file[,...] (default = random values)",
     [](Options& o, const std::string& v) {
       for (auto& [name, file] : to_pairs("--loadInputs", v)) o.inference.inputs[name] = file;
     }},
    {"--iterations", "N", "Run at least N queries (default = 10)", [](Options& o, const std::string& v) { o.inference.iterations = to_int("--iterations", v, 0); }},
    {"--warmUp", "N", "Run for N ms before measuring (default = 200)", [](Options& o, const std::string& v) { o.inference.warmup_ms = to_number("--warmUp", v, 0); }},
    {"--duration", "N", "Measure for at least N s (default = 3); -1 runs until Ctrl-C",
     [](Options& o, const std::string& v) { o.inference.duration_s = v == "-1" ? -1 : to_number("--duration", v, 0); }},
    {"--sleepTime", "N", "Wait N ms between the first launch and its computation (default = 0)",
     [](Options& o, const std::string& v) { o.inference.sleep_ms = to_number("--sleepTime", v, 0); }},
    {"--idleTime", "N", "Wait N ms between two queries (default = 0)", [](Options& o, const std::string& v) { o.inference.idle_ms = to_number("--idleTime", v, 0); }},
    {"--infStreams", "N", "Queries of N contexts run at the same time (default = 1)", [](Options& o, const std::string& v) { set_streams(o, "--infStreams", v); }},
    {"--streams", "N", nullptr,
     [](Options& o, const std::string& v) {
       o.notes.push_back("--streams flag has been deprecated, use --infStreams flag instead.");
       set_streams(o, "--streams", v);
     }},
    {"--exposeDMA", nullptr, "Do not copy while computing", [](Options& o, const std::string&) { o.inference.overlap = false; }},
    {"--noDataTransfers", nullptr, "Leave copies to and from the device out of the measurement", [](Options& o, const std::string&) { o.inference.transfers = false; }},
    {"--useManagedMemory", nullptr, "Managed memory (this version keeps host and device memory apart: a warning)", [](Options& o, const std::string&) { o.inference.managed = true; }},
    {"--useSpinWait", nullptr, "Poll the device instead of sleeping until it is done", [](Options& o, const std::string&) { o.inference.spin = true; }},
    {"--threads", nullptr, "One host thread for each of --infStreams", [](Options& o, const std::string&) { o.inference.threads = true; }},
    {"--useCudaGraph", nullptr, "Launch each query as one CUDA graph where that can be recorded", [](Options& o, const std::string&) { o.inference.graph = true; }},
    {"--timeDeserialize", nullptr, "Time the loading of the engine, then exit", [](Options& o, const std::string&) { o.inference.time_deserialize = true; }},
    {"--timeRefit", nullptr, "Time a refit of the engine", [](Options& o, const std::string&) { o.inference.time_refit = true; }},
    {"--specialize", nullptr, "Choose kernels again for the shapes that are run, where the engine was tuned for others", [](Options& o, const std::string&) { o.inference.specialize = true; }},
    {"--separateProfileRun", nullptr, "Time layers in a run of its own, after the measurement", [](Options& o, const std::string&) { o.inference.separate_profile = true; }},
    {"--persistentCacheRatio", "r", "Share of the persistent L2 cache, 0 to 1 (default = 0)",
     [](Options& o, const std::string& v) { o.inference.persistent_cache_ratio = to_number("--persistentCacheRatio", v, 0); }},
    {"--includeDataTransfers", nullptr, nullptr, [](Options& o, const std::string&) { o.inference.transfers = true; }},
    {"--noCudaGraph", nullptr, nullptr, [](Options& o, const std::string&) { o.inference.graph = false; }},
    {"--noSpinWait", nullptr, nullptr, [](Options& o, const std::string&) { o.inference.spin = false; }},
};

void set_percentiles(Options& o, const std::string& v) {
  o.reporting.percentiles.clear();
  for (const std::string& part : cli::split(v, ',')) {
    const double percentile = to_number("--percentile", part, -1e9);
    if (percentile < 0 || percentile > 100) throw Error(ErrorCode::usage, "Percentile " + part + " is not in [0,100]");
    o.reporting.percentiles.push_back(percentile);
  }
}

constexpr Flag kReporting[] = {
    {"--verbose", nullptr, "Log more", [](Options& o, const std::string&) { o.reporting.verbose = true; }},
    {"--avgRuns", "N", "Queries averaged for a line of the trace (default = 10)", [](Options& o, const std::string& v) { o.reporting.averages = to_int("--avgRuns", v, 1); }},
    {"--percentile", "P1,P2,...", "Percentiles to report, 0 to 100 (default = 90,95,99)", set_percentiles},
    {"--dumpRefit", nullptr, "Print the weights that can be exchanged", [](Options& o, const std::string&) { o.reporting.refit = true; }},
    {"--dumpOutput", nullptr, "Print the outputs of the last query", [](Options& o, const std::string&) { o.reporting.output = true; }},
    {"--dumpRawBindingsToFile", nullptr, "Write inputs and outputs of the last query, each to a file of raw bytes", [](Options& o, const std::string&) { o.reporting.raw_bindings = true; }},
    {"--dumpProfile", nullptr, "Print the time of each layer", [](Options& o, const std::string&) { o.reporting.profile = true; }},
    {"--dumpLayerInfo", nullptr, "Print the layers of the engine", [](Options& o, const std::string&) { o.reporting.layer_info = true; }},
    {"--dumpOptimizationProfile", nullptr, "Print the shapes that the engine takes", [](Options& o, const std::string&) { o.reporting.profiles = true; }},
    {"--exportTimes", "file", "Write the times of all queries as JSON", [](Options& o, const std::string& v) { o.reporting.export_times = v; }},
    {"--exportOutput", "file", "Write the outputs of the last query as JSON", [](Options& o, const std::string& v) { o.reporting.export_output = v; }},
    {"--exportProfile", "file", "Write the time of each layer as JSON", [](Options& o, const std::string& v) { o.reporting.export_profile = v; }},
    {"--exportLayerInfo", "file", "Write the layers of the engine as JSON", [](Options& o, const std::string& v) { o.reporting.export_layer_info = v; }},
};

}  // namespace

std::span<const Flag> inference_flags() { return kInference; }
std::span<const Flag> reporting_flags() { return kReporting; }

}  // namespace tenon::trtexec
