#include <algorithm>

#include "tenon/error.h"
#include "trtexec/flags.h"
#include "trtexec/values.h"

namespace tenon::trtexec {
namespace {

void set_pools(Options& o, const std::string& v) {
  for (auto& [pool, size] : to_pairs("--memPoolSize", v)) {
    std::string number = size;
    double unit = 1;  // MiB
    static const std::map<char, double> kUnits = {{'B', 1.0 / (1 << 20)}, {'K', 1.0 / 1024}, {'M', 1}, {'G', 1024}};
    if (number.size() > 3 && number.substr(number.size() - 2) == "iB") number.resize(number.size() - 2);
    if (const auto found = kUnits.find(number.empty() ? ' ' : number.back()); found != kUnits.end()) unit = found->second, number.pop_back();
    o.build.pools[to_word("--memPoolSize", pool, {"workspace", "dlaSRAM", "dlaLocalDRAM", "dlaGlobalDRAM", "tacticSharedMem"})] =
        unit * to_number("--memPoolSize", number, 0);
  }
}

void set_workspace(Options& o, const std::string& v) {
  o.notes.push_back("--workspace flag has been deprecated by --memPoolSize flag.");
  o.build.pools["workspace"] = to_number("--workspace", v, 0);
}

void set_verbosity(Options& o, const std::string& v) {
  const std::string word = to_word("--profilingVerbosity", v, {"layer_names_only", "detailed", "none", "default", "verbose"});
  if (word == "default") o.notes.push_back("--profilingVerbosity=default has been deprecated by --profilingVerbosity=layer_names_only.");
  if (word == "verbose") o.notes.push_back("--profilingVerbosity=verbose has been deprecated by --profilingVerbosity=detailed.");
  o.build.verbosity = word == "none" ? Verbosity::none : word == "detailed" || word == "verbose" ? Verbosity::detailed : Verbosity::layer_names_only;
}

void set_tactics(Options& o, const std::string& v) {
  for (auto& [given, on] : to_switches("--tacticSources", v)) {
    std::string name = given;
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::toupper(c); });
    if (name == "CUBLASLT") name = "CUBLAS_LT";
    to_word("--tacticSources", name, {"CUBLAS", "CUBLAS_LT", "CUDNN", "EDGE_MASK_CONVOLUTIONS", "JIT_CONVOLUTIONS"});
    const auto known = o.build.tactic_sources.emplace(name, on).first;
    if (known->second != on) throw Error(ErrorCode::usage, "Cannot enable and disable " + name);
  }
}

void set_preview(Options& o, const std::string& v) {
  for (const auto& [name, on] : to_switches("--preview", v))
    o.build.preview[to_word("--preview", name, {"profileSharing0806", "fasterDynamicShapes0805", "disableExternalTacticSourcesForCore0805", "aliasedPluginIO1003"})] = on;
}

void set_temp_files(Options& o, const std::string& v) {
  for (const auto& [kind, answer] : to_pairs("--tempfileControls", v))
    o.build.temp_files[to_word("--tempfileControls", kind, {"in_memory", "temporary"})] = to_word("--tempfileControls", answer, {"allow", "deny"}) == "allow";
}

void keep_native_norm(Options& o, const std::string&) { o.notes.push_back("--nativeInstanceNorm, --ni: instance normalization is always native here."); }
void set_version_compatible(Options& o, const std::string&) { o.build.version_compatible = true; }

void set_compatibility(Options& o, const std::string& v) {
  std::string level = v;
  std::transform(level.begin(), level.end(), level.begin(), [](unsigned char c) { return std::tolower(c); });
  o.build.hardware_compatibility = to_word("--hardwareCompatibilityLevel", level, {"none", "ampere+", "samecomputecapability"});
}

constexpr Flag kBuild[] = {
    {"--workspace", "N", nullptr, set_workspace},
    {"--memPoolSize", "poolspec", "workspace:N[,...] in MiB; a letter B, K, M or G behind the number changes the unit. Pools: workspace,\ndlaSRAM, dlaLocalDRAM, dlaGlobalDRAM", set_pools},
    {"--profilingVerbosity", "mode", "What layer reports show: layer_names_only, detailed or none", set_verbosity},
    {"--nvtxMode", "mode", nullptr,
     [](Options& o, const std::string& v) {
       o.notes.push_back("--nvtxMode flag has been deprecated by --profilingVerbosity flag.");
       set_verbosity(o, v);
     }},
    {"--minTiming", "M", "Fewest timings of a kernel (Tenon times until it is sure: kept for the record)",
     [](Options& o, const std::string& v) { o.build.min_timing = static_cast<int>(to_int("--minTiming", v, 1)); }},
    {"--avgTiming", "M", "Timings averaged for a kernel (likewise)", [](Options& o, const std::string& v) { o.build.avg_timing = static_cast<int>(to_int("--avgTiming", v, 1)); }},
    {"--refit", nullptr, "Keep the weights exchangeable", [](Options& o, const std::string&) { o.build.refit = true; }},
    {"--stripWeights", nullptr, "Leave the weights out of the engine (engines hold their weights: an error)",
     [](Options& o, const std::string&) { o.build.strip_weights = true; }},
    {"--nativeInstanceNorm", nullptr, "Instance normalization as one layer (it always is), --ni likewise", keep_native_norm},
    {"--ni", nullptr, nullptr, keep_native_norm},
    {"--distributiveIndependence", nullptr, "Results that do not depend on the number of threads",
     [](Options& o, const std::string&) { o.build.distributive_independence = true; }},
    {"--versionCompatible", nullptr, "Mark the engine as version compatible (all engines are), --vc likewise", set_version_compatible},
    {"--vc", nullptr, nullptr, set_version_compatible},
    {"--excludeLeanRuntime", nullptr, "Leave the lean runtime out of the engine (it never holds one)", [](Options& o, const std::string&) { o.build.exclude_lean_runtime = true; }},
    {"--useRuntime", "runtime", "full, lean or dispatch", [](Options& o, const std::string& v) { o.build.runtime = to_word("--useRuntime", v, {"full", "lean", "dispatch"}); }},
    {"--leanDLLPath", "file", "Lean runtime to use", [](Options& o, const std::string& v) { o.build.lean_path = v; }},
    {"--directIO", nullptr, "No reformatting of inputs and outputs", [](Options& o, const std::string&) { o.build.direct_io = true; }},
    {"--safe", nullptr, "Safety engines (there are none: an error)", [](Options& o, const std::string&) { o.build.safe = true; }},
    {"--buildDLAStandalone", nullptr, "A DLA loadable (an error)", [](Options& o, const std::string&) { o.build.dla_standalone = true; }},
    {"--allowGPUFallback", nullptr, "Run on the GPU what was asked of a DLA", [](Options& o, const std::string&) { o.build.gpu_fallback = true; }},
    {"--consistency", nullptr, "Check a safety engine", [](Options& o, const std::string&) { o.build.consistency = true; }},
    {"--restricted", nullptr, "Check for the safety scope (an error)", [](Options& o, const std::string&) { o.build.restricted = true; }},
    {"--saveEngine", "file", "Write the engine", [](Options& o, const std::string& v) { o.build.save = v; }},
    {"--loadEngine", "file", "Read an engine", [](Options& o, const std::string& v) { o.build.load = v; }},
    {"--tacticSources", "tactics", "+NAME or -NAME[,...] of CUBLAS, CUBLAS_LT, CUDNN, EDGE_MASK_CONVOLUTIONS, JIT_CONVOLUTIONS", set_tactics},
    {"--noBuilderCache", nullptr, "Neither read nor write a timing cache", [](Options& o, const std::string&) { o.build.no_cache = true; }},
    {"--errorOnTimingCacheMiss", nullptr, "Fail where a kernel has to be timed", [](Options& o, const std::string&) { o.build.error_on_cache_miss = true; }},
    {"--timingCacheFile", "file", "Timing cache to read and write", [](Options& o, const std::string& v) { o.build.timing_cache = v; }},
    {"--heuristic", nullptr, nullptr,
     [](Options& o, const std::string&) {
       o.notes.push_back("--heuristic flag has been deprecated, use --builderOptimizationLevel=<N> flag instead (N <= 2 enables heuristic).");
       o.build.heuristic = true;
     }},
    {"--builderOptimizationLevel", "N", "0: first kernel of each layer; 3: measure (default); 5: measure all longer",
     [](Options& o, const std::string& v) { o.build.optimization_level = static_cast<int>(to_int("--builderOptimizationLevel", v, 0)); }},
    {"--preview", "features", "+name or -name[,...] of profileSharing0806, fasterDynamicShapes0805,\ndisableExternalTacticSourcesForCore0805", set_preview},
    {"--hardwareCompatibilityLevel", "mode", "none or ampere+ (engines load on other GPUs in any case)", set_compatibility},
    {"--tempdir", "dir", "Folder for temporary executable files (none are made)", [](Options& o, const std::string& v) { o.build.temp_folder = v; }},
    {"--tempfileControls", "controls", "in_memory|temporary:allow|deny[,...] (likewise)", set_temp_files},
    {"--maxAuxStreams", "N", "Streams inside one inference (this version uses one)",
     [](Options& o, const std::string& v) { o.build.max_aux_streams = static_cast<int>(to_int("--maxAuxStreams", v, 0)); }},
    {"--markDebug", "tensors", "Inner tensors that become outputs: name[,name]*",
     [](Options& o, const std::string& v) {
       for (const std::string& name : cli::split(v, ',')) o.build.marked.push_back(name);
     }},
    {"--skipInference", nullptr, "Build only", [](Options& o, const std::string&) { o.build.skip_inference = true; }},
    {"--buildOnly", nullptr, nullptr,
     [](Options& o, const std::string&) {
       o.notes.push_back("--buildOnly flag has been deprecated by --skipInference flag.");
       o.build.skip_inference = true;
     }},
    {"--noVerify", nullptr, "Do not compare the engine with the reference executor after the build", [](Options& o, const std::string&) { o.build.verify = false; }},
};

}  // namespace

std::span<const Flag> build_flags() { return kBuild; }

}  // namespace tenon::trtexec
