#include <fmt/format.h>

#include "tenon/error.h"
#include "trtexec/flags.h"
#include "trtexec/values.h"

namespace tenon::trtexec {
namespace {

using Text = const std::string&;

void strip_weights(Options& o, Text) { o.build.strip_weights = true; }
void native_norm_only(Options& o, Text) { o.notes.push_back("--pluginInstanceNorm, --pi: instance normalization is always native here."); }

void set_platform(Options&, Text v) {
  if (to_word("--runtimePlatform", v, {"SameAsBuild", "WindowsAMD64"}) == "WindowsAMD64")
    throw Error(ErrorCode::usage, "--runtimePlatform=WindowsAMD64: engines are built and run on Linux. Build without it.");
}

void set_allocation(Options& o, Text v) {
  o.notes.push_back(fmt::format("--allocationStrategy={}: a context takes the memory that the shapes it runs need, and keeps it.",
                                to_word("--allocationStrategy", v, {"static", "profile", "runtime"})));
}

/// Flags that the releases 9 and 10 brought. `notes` are warnings.
constexpr Flag kLater[] = {
    {"--refitFromOnnx", "file", "Run with the weights that this model has under the names of the engine's (built with --refit)",
     [](Options& o, Text v) { o.model.refit_from = v; }},
    {"--getPlanVersionOnly", nullptr, "Print what wrote the file of --loadEngine, then exit", [](Options& o, Text) { o.build.version_only = true; }},
    {"--saveDebugTensors", "spec", "Write tensors of --markDebug as raw bytes, from the last query: name:file[,...]",
     [](Options& o, Text v) {
       for (auto& [name, file] : to_pairs("--saveDebugTensors", v)) o.reporting.debug_files[name] = file;
     }},
    {"--monitorMemory", nullptr, "Print the memory in use after each stage", [](Options& o, Text) { o.reporting.memory = true; }},
    {"--stripAllWeights", nullptr, "As --stripWeights", strip_weights},
    {"--weightless", nullptr, nullptr, strip_weights},
    {"--runtimePlatform", "platform", "SameAsBuild (WindowsAMD64 is an error)", set_platform},
    {"--pluginInstanceNorm", nullptr, "Instance normalization as a plugin (it never is), --pi likewise", native_norm_only},
    {"--pi", nullptr, nullptr, native_norm_only},
    {"--allocationStrategy", "spec", "static, profile or runtime (contexts take what their shapes need)", set_allocation},
    {"--allowWeightStreaming", nullptr, "Weights may stay in host memory (they never do: a warning)",
     [](Options& o, Text) { o.notes.push_back("--allowWeightStreaming: weights stay on the device as a whole."); }},
    {"--weightStreamingBudget", "bytes", "How much of the weights is on the device (likewise)",
     [](Options& o, Text) { o.notes.push_back("--weightStreamingBudget: weights stay on the device as a whole."); }},
    {"--noCompilationCache", nullptr, "Do not keep compiled code in the timing cache (a warning; --noBuilderCache leaves out all of it)",
     [](Options& o, Text) { o.notes.push_back("--noCompilationCache: has no effect; --noBuilderCache keeps nothing of a build."); }},
    {"--maxTactics", "N", "Most kernels timed for a layer (a warning; --builderOptimizationLevel says how long is measured)",
     [](Options& o, Text v) {
       to_int("--maxTactics", v, -1);
       o.notes.push_back("--maxTactics: kernels are timed until their order is certain; use --builderOptimizationLevel.");
     }},
    {"--tilingOptimizationLevel", "level", "Tiling across layers (0 only: others warn)",
     [](Options& o, Text v) {
       if (to_int("--tilingOptimizationLevel", v, 0) > 0) o.notes.push_back("--tilingOptimizationLevel: layers are not tiled across one another.");
     }},
    {"--l2LimitForTiling", "bytes", "Share of the L2 cache for that (likewise)",
     [](Options& o, Text) { o.notes.push_back("--l2LimitForTiling: layers are not tiled across one another."); }},
    {"--asyncFileReader", nullptr, "Read the engine while it is being loaded (it is mapped in any case)",
     [](Options& o, Text) { o.notes.push_back("--asyncFileReader: engine files are mapped, and read where needed."); }},
    {"--calibProfile", "N", "Optimization profile to calibrate with (as --calib)",
     [](Options& o, Text v) {
       to_int("--calibProfile", v, 0);
       o.notes.push_back("--calibProfile: nothing is calibrated as long as there are no INT8 kernels.");
     }},
};

}  // namespace

std::span<const Flag> later_flags() { return kLater; }

}  // namespace tenon::trtexec
