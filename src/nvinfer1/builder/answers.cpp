#include <algorithm>

#include "nvinfer1/builder/builder.h"

// What is said of settings that change nothing here.
namespace tenon::adapter {

using Flag = nv::BuilderFlag;
using Pool = nv::MemoryPoolType;
using Level = nv::ILogger::Severity;

namespace {

struct Answer {
  bool asked;
  const char* text;
};

/// The engine is another one than was asked for.
void warn(const BuilderConfig& c, const Reporter& reporter) {
  const Answer answers[] = {
      {c.has(Flag::kINT8), "kINT8: there are no INT8 kernels yet; layers run in the higher precision, explicit quantize and dequantize layers are kept"},
      {c.has(Flag::kFP8) || c.has(Flag::kINT4) || c.has(Flag::kFP4), "kFP8, kINT4, kFP4: layers run in the higher precision"},
      {c.has(Flag::kSPARSE_WEIGHTS), "kSPARSE_WEIGHTS: there are no kernels for 2:4 sparse weights; dense ones are used"},
      {c.has(Flag::kWEIGHT_STREAMING), "kWEIGHT_STREAMING: weights stay in memory whole; the engine runs as without the flag"},
      {c.has(Flag::kSTRIP_PLAN), "kSTRIP_PLAN: the plan keeps its weights"},
      {c.has(Flag::kSAFETY_SCOPE), "kSAFETY_SCOPE: there is no safety runtime, and nothing is restricted to what one would take"},
  };
  for (const Answer& a : answers)
    if (a.asked) reporter.warning(a.text);
}

/// The engine is the right one, made in another way.
void inform(const BuilderConfig& c, const Reporter& reporter) {
  const auto limited = [&](std::initializer_list<Pool> pools) { return std::any_of(pools.begin(), pools.end(), [&](Pool p) { return c.has_limit(p); }); };
  const Answer answers[] = {
      {c.getMinTimingIterations() != 1 || c.getAvgTimingIterations() != 1,
       "setMinTimingIterations, setAvgTimingIterations: kernels are timed until their order is certain; optimization level 5 times longer"},
      {c.getMaxNbTactics() >= 0 || c.has(Flag::kENABLE_TACTIC_HEURISTIC), "setMaxNbTactics, kENABLE_TACTIC_HEURISTIC: a lower optimization level measures less"},
      {c.getTilingOptimizationLevel() != nv::TilingOptimizationLevel::kNONE || c.getL2LimitForTiling() >= 0,
       "setTilingOptimizationLevel, setL2LimitForTiling: there is no tiling across layers"},
      {c.getProfileStream() != nullptr, "setProfileStream: kernels are measured on streams of the library's own"},
      {c.getMaxAuxStreams() > 0, "setMaxAuxStreams: an inference runs on one stream"},
      {c.getHardwareCompatibilityLevel() != nv::HardwareCompatibilityLevel::kNONE,
       "setHardwareCompatibilityLevel: engines load on any GPU; a kernel that one lacks is replaced there, with a warning"},
      {c.preview_was_set(), "setPreviewFeature: dynamic shapes are always taken the fast way, and profiles share their inputs"},
      {c.getQuantizationFlags() != 0, "setQuantizationFlags: they belong to INT8 calibration, which chooses nothing yet"},
      {limited({Pool::kTACTIC_DRAM, Pool::kTACTIC_SHARED_MEMORY}), "setMemoryPoolLimit: only kWORKSPACE is limited"},
      {limited({Pool::kDLA_MANAGED_SRAM, Pool::kDLA_LOCAL_DRAM, Pool::kDLA_GLOBAL_DRAM}), "setMemoryPoolLimit: there are no DLA cores; their pools have no effect"},
      {c.has(Flag::kEXCLUDE_LEAN_RUNTIME), "kEXCLUDE_LEAN_RUNTIME: plans never hold a runtime"},
      {c.has(Flag::kDISABLE_COMPILATION_CACHE), "kDISABLE_COMPILATION_CACHE: kernels that were compiled are kept for later builds"},
      {c.has(Flag::kMONITOR_MEMORY), "kMONITOR_MEMORY: the most memory that a build took is not logged"},
  };
  for (const Answer& a : answers)
    if (a.asked) reporter.log(Level::kINFO, a.text);
}

}  // namespace

void answer_settings(const BuilderConfig& config, const Reporter& reporter) {
  warn(config, reporter);
  inform(config, reporter);
}

}  // namespace tenon::adapter
