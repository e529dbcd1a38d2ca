#include "nvinfer1/builder/config.h"

#include <unistd.h>

#include "base/error.h"
#include "tenon/nvinfer1.h"

namespace tenon::adapter {

using Code = nv::ErrorCode;
using Flag = nv::BuilderFlag;

BuilderConfig::BuilderConfig(const Reporter& maker) : reporter_(maker) {
  mImpl = this;
  set_defaults();
}

void BuilderConfig::set_defaults() {
  min_timing_ = 1;
  avg_timing_ = 1;
  level_ = 3;
  aux_streams_ = -1;
  max_tactics_ = -1;
  flags_ = 1u << static_cast<int>(Flag::kTF32);
  capability_ = nv::EngineCapability::kSTANDARD;
  calibrator_ = nullptr;
  selector_ = nullptr;
  monitor_ = nullptr;
  devices_.clear();
  default_device_ = nv::DeviceType::kGPU;
  profile_stream_ = nullptr;
  profiles_.clear();
  calibration_profile_ = nullptr;
  verbosity_ = nv::ProfilingVerbosity::kLAYER_NAMES_ONLY;
  quantization_ = 0;
  tactic_sources_ = (1u << nv::EnumMax<nv::TacticSource>()) - 1;
  pools_ = {};
  preview_ = 1u << static_cast<int>(nv::PreviewFeature::kFASTER_DYNAMIC_SHAPES_0805) | 1u << static_cast<int>(nv::PreviewFeature::kPROFILE_SHARING_0806);
  preview_was_set_ = false;
  hardware_ = nv::HardwareCompatibilityLevel::kNONE;
  tiling_ = nv::TilingOptimizationLevel::kNONE;
  l2_limit_ = -1;
  plugin_libraries_.clear();
  device.clear();
  cache_ = nullptr;
  own_cache_.reset();
}

void BuilderConfig::reset() noexcept { set_defaults(); }

bool BuilderConfig::has(Flag flag) const {
  const bool of_strict_types = flag == Flag::kPREFER_PRECISION_CONSTRAINTS || flag == Flag::kDIRECT_IO || flag == Flag::kREJECT_EMPTY_ALGORITHMS;
  return getFlag(flag) || (of_strict_types && getFlag(Flag::kSTRICT_TYPES));
}

void BuilderConfig::setDeviceType(nv::ILayer const* layer, nv::DeviceType type) noexcept {
  guarded(reporter_, "IBuilderConfig::setDeviceType", [&] { devices_[need(layer, "layer")] = type; });
}

nv::DeviceType BuilderConfig::getDeviceType(nv::ILayer const* layer) const noexcept {
  const auto it = devices_.find(layer);
  return it == devices_.end() ? default_device_ : it->second;
}

const nv::ILayer* BuilderConfig::dla_layer() const {
  for (const auto& [layer, type] : devices_)
    if (type == nv::DeviceType::kDLA) return layer;
  return nullptr;
}

void BuilderConfig::setDLACore(int32_t core) noexcept {
  if (core >= 0) reporter_.error("IBuilderConfig::setDLACore", Code::kINVALID_ARGUMENT, fmt::format("there is no DLA core {}: Tenon runs on CPUs and GPUs", core));
}

int32_t BuilderConfig::addOptimizationProfile(nv::IOptimizationProfile const* profile) noexcept {
  return guarded(reporter_, "IBuilderConfig::addOptimizationProfile", int32_t{-1}, [&] {
    const OptimizationProfile& p = OptimizationProfile::of(*need(profile, "profile"));
    p.check();
    profiles_.push_back(&p);
    return static_cast<int32_t>(profiles_.size()) - 1;
  });
}

bool BuilderConfig::setCalibrationProfile(nv::IOptimizationProfile const* profile) noexcept {
  return guarded(reporter_, "IBuilderConfig::setCalibrationProfile", false, [&] {
    const OptimizationProfile& p = OptimizationProfile::of(*need(profile, "profile"));
    p.check();
    calibration_profile_ = &p;
    return true;
  });
}

bool BuilderConfig::setTacticSources(nv::TacticSources sources) noexcept {
  const auto known = (1u << nv::EnumMax<nv::TacticSource>()) - 1;
  if (sources & ~known) {
    reporter_.error("IBuilderConfig::setTacticSources", Code::kINVALID_ARGUMENT, fmt::format("bits {:#x} name no tactic source", sources & ~known));
    return false;
  }
  tactic_sources_ = sources;
  return true;
}

nv::ITimingCache* BuilderConfig::createTimingCache(void const* blob, std::size_t size) const noexcept {
  return guarded(reporter_, "IBuilderConfig::createTimingCache", static_cast<nv::ITimingCache*>(nullptr), [&]() -> nv::ITimingCache* {
    if (size > 0) need(blob, "blob");
    const core::Log log = core::make_log(reporter_.sink(), Severity::warning);
    return new ApiTimingCache(reporter_, core::TimingCache::parse({static_cast<const char*>(blob), size}, log));
  });
}

bool BuilderConfig::setTimingCache(nv::ITimingCache const& cache, bool) noexcept {
  cache_ = &cache;
  return true;
}

core::TimingCache* BuilderConfig::timing_records() {
  if (has(Flag::kDISABLE_TIMING_CACHE)) return nullptr;
  if (!cache_) {
    own_cache_ = std::make_unique<ApiTimingCache>(reporter_, core::TimingCache{});
    cache_ = own_cache_.get();
  }
  // The client hands over a const reference to a cache that the build fills.
  return &const_cast<ApiTimingCache&>(ApiTimingCache::of(*cache_)).records;
}

void BuilderConfig::setMemoryPoolLimit(nv::MemoryPoolType pool, std::size_t size) noexcept {
  const auto i = static_cast<size_t>(pool);
  if (i < pools_.size()) pools_[i] = size;
  else reporter_.error("IBuilderConfig::setMemoryPoolLimit", Code::kINVALID_ARGUMENT, fmt::format("memory pool {} does not exist", i));
}

std::size_t BuilderConfig::getMemoryPoolLimit(nv::MemoryPoolType pool) const noexcept {
  const auto i = static_cast<size_t>(pool);
  if (i >= pools_.size()) return 0;
  if (pools_[i]) return *pools_[i];
  if (pool != nv::MemoryPoolType::kWORKSPACE && pool != nv::MemoryPoolType::kTACTIC_DRAM) return 0;
  return static_cast<std::size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

void BuilderConfig::setPreviewFeature(nv::PreviewFeature feature, bool enable) noexcept {
  const uint32_t bit = 1u << static_cast<int>(feature);
  preview_ = enable ? preview_ | bit : preview_ & ~bit;
  preview_was_set_ = true;
}

void BuilderConfig::setBuilderOptimizationLevel(int32_t level) noexcept {
  if (level < 0 || level > 5) {
    reporter_.error("IBuilderConfig::setBuilderOptimizationLevel", Code::kINVALID_ARGUMENT, fmt::format("expected 0 to 5, found {}", level));
    return;
  }
  level_ = level;
}

void BuilderConfig::setPluginsToSerialize(char const* const* paths, int32_t count) noexcept {
  guarded(reporter_, "IBuilderConfig::setPluginsToSerialize", [&] {
    std::vector<std::string> libraries;
    for (int32_t i = 0; i < count; ++i) libraries.emplace_back(need(need(paths, "paths")[i], "path"));
    plugin_libraries_ = std::move(libraries);
  });
}

char const* BuilderConfig::getPluginToSerialize(int32_t index) const noexcept {
  return index < 0 || index >= getNbPluginsToSerialize() ? nullptr : plugin_libraries_[static_cast<size_t>(index)].c_str();
}

void BuilderConfig::setRuntimePlatform(nv::RuntimePlatform p) noexcept {
  if (p != nv::RuntimePlatform::kSAME_AS_BUILD)
    reporter_.error("IBuilderConfig::setRuntimePlatform", Code::kINVALID_ARGUMENT, "engines are built for this platform alone: build on Windows for Windows");
}

}  // namespace tenon::adapter

namespace tenon {

void set_device(nvinfer1::IBuilderConfig& config, char const* device) noexcept { adapter::BuilderConfig::of(config).device = device ? device : ""; }
char const* get_device(nvinfer1::IBuilderConfig const& config) noexcept { return adapter::BuilderConfig::of(config).device.c_str(); }

}  // namespace tenon
