#pragma once
#include <array>
#include <map>
#include <memory>
#include <optional>

#include "nvinfer1/builder/profile.h"
#include "nvinfer1/builder/timing_cache.h"
#include "nvinfer1/network/layer.h"

namespace tenon::adapter {

class BuilderConfig final : public nv::IBuilderConfig, public nv::apiv::VBuilderConfig {
 public:
  explicit BuilderConfig(const Reporter& maker);
  static BuilderConfig& of(nv::IBuilderConfig& c) { return static_cast<BuilderConfig&>(c); }
  static const BuilderConfig& of(const nv::IBuilderConfig& c) { return static_cast<const BuilderConfig&>(c); }

  /// Set, or part of kSTRICT_TYPES, which is the old name of three flags.
  bool has(nv::BuilderFlag flag) const;
  const std::vector<const OptimizationProfile*>& profiles() const { return profiles_; }
  const OptimizationProfile* calibration_profile() const { return calibration_profile_; }
  const std::vector<std::string>& plugin_libraries() const { return plugin_libraries_; }
  /// The cache in use: the client's, or one of our own unless kDISABLE_TIMING_CACHE is set.
  core::TimingCache* timing_records();
  /// Empty: that of the environment.
  std::string device;
  bool has_limit(nv::MemoryPoolType pool) const { return pools_[static_cast<size_t>(pool)].has_value(); }
  bool preview_was_set() const { return preview_was_set_; }
  /// Unless the client set none.
  std::optional<std::size_t> workspace_limit() const { return pools_[static_cast<size_t>(nv::MemoryPoolType::kWORKSPACE)]; }
  /// A layer that asks for DLA; null when there is none.
  const nv::ILayer* dla_layer() const;

  void setMinTimingIterations(int32_t n) noexcept override { min_timing_ = n; }
  int32_t getMinTimingIterations() const noexcept override { return min_timing_; }
  void setAvgTimingIterations(int32_t n) noexcept override { avg_timing_ = n; }
  int32_t getAvgTimingIterations() const noexcept override { return avg_timing_; }
  void setEngineCapability(nv::EngineCapability c) noexcept override { capability_ = c; }
  nv::EngineCapability getEngineCapability() const noexcept override { return capability_; }
  void setInt8Calibrator(nv::IInt8Calibrator* c) noexcept override { calibrator_ = c; }
  nv::IInt8Calibrator* getInt8Calibrator() const noexcept override { return calibrator_; }
  void setMaxWorkspaceSize(std::size_t size) noexcept override { setMemoryPoolLimit(nv::MemoryPoolType::kWORKSPACE, size); }
  std::size_t getMaxWorkspaceSize() const noexcept override { return getMemoryPoolLimit(nv::MemoryPoolType::kWORKSPACE); }
  void setFlags(nv::BuilderFlags flags) noexcept override { flags_ = flags; }
  nv::BuilderFlags getFlags() const noexcept override { return flags_; }
  void clearFlag(nv::BuilderFlag flag) noexcept override { flags_ &= ~(1u << static_cast<int>(flag)); }
  void setFlag(nv::BuilderFlag flag) noexcept override { flags_ |= 1u << static_cast<int>(flag); }
  bool getFlag(nv::BuilderFlag flag) const noexcept override { return flags_ >> static_cast<int>(flag) & 1; }
  void setDeviceType(nv::ILayer const* layer, nv::DeviceType type) noexcept override;
  nv::DeviceType getDeviceType(nv::ILayer const* layer) const noexcept override;
  bool isDeviceTypeSet(nv::ILayer const* layer) const noexcept override { return devices_.count(layer) > 0; }
  void resetDeviceType(nv::ILayer const* layer) noexcept override { devices_.erase(layer); }
  bool canRunOnDLA(nv::ILayer const*) const noexcept override { return false; }
  void setDLACore(int32_t core) noexcept override;
  int32_t getDLACore() const noexcept override { return -1; }
  void setDefaultDeviceType(nv::DeviceType type) noexcept override { default_device_ = type; }
  nv::DeviceType getDefaultDeviceType() const noexcept override { return default_device_; }
  void reset() noexcept override;
  void setProfileStream(cudaStream_t stream) noexcept override { profile_stream_ = stream; }
  cudaStream_t getProfileStream() const noexcept override { return profile_stream_; }
  int32_t addOptimizationProfile(nv::IOptimizationProfile const* profile) noexcept override;
  int32_t getNbOptimizationProfiles() const noexcept override { return static_cast<int32_t>(profiles_.size()); }
  void setProfilingVerbosity(nv::ProfilingVerbosity v) noexcept override { verbosity_ = v; }
  nv::ProfilingVerbosity getProfilingVerbosity() const noexcept override { return verbosity_; }
  void setAlgorithmSelector(nv::IAlgorithmSelector* s) noexcept override { selector_ = s; }
  nv::IAlgorithmSelector* getAlgorithmSelector() const noexcept override { return selector_; }
  bool setCalibrationProfile(nv::IOptimizationProfile const* profile) noexcept override;
  nv::IOptimizationProfile const* getCalibrationProfile() const noexcept override { return calibration_profile_; }
  void setQuantizationFlags(nv::QuantizationFlags flags) noexcept override { quantization_ = flags; }
  nv::QuantizationFlags getQuantizationFlags() const noexcept override { return quantization_; }
  void clearQuantizationFlag(nv::QuantizationFlag flag) noexcept override { quantization_ &= ~(1u << static_cast<int>(flag)); }
  void setQuantizationFlag(nv::QuantizationFlag flag) noexcept override { quantization_ |= 1u << static_cast<int>(flag); }
  bool getQuantizationFlag(nv::QuantizationFlag flag) const noexcept override { return quantization_ >> static_cast<int>(flag) & 1; }
  bool setTacticSources(nv::TacticSources sources) noexcept override;
  nv::TacticSources getTacticSources() const noexcept override { return tactic_sources_; }
  nv::ITimingCache* createTimingCache(void const* blob, std::size_t size) const noexcept override;
  bool setTimingCache(nv::ITimingCache const& cache, bool ignore_mismatch) noexcept override;
  nv::ITimingCache const* getTimingCache() const noexcept override { return cache_; }
  void setMemoryPoolLimit(nv::MemoryPoolType pool, std::size_t size) noexcept override;
  std::size_t getMemoryPoolLimit(nv::MemoryPoolType pool) const noexcept override;
  void setPreviewFeature(nv::PreviewFeature feature, bool enable) noexcept override;
  bool getPreviewFeature(nv::PreviewFeature feature) const noexcept override { return preview_ >> static_cast<int>(feature) & 1; }
  void setBuilderOptimizationLevel(int32_t level) noexcept override;
  int32_t getBuilderOptimizationLevel() const noexcept override { return level_; }
  void setHardwareCompatibilityLevel(nv::HardwareCompatibilityLevel l) noexcept override { hardware_ = l; }
  nv::HardwareCompatibilityLevel getHardwareCompatibilityLevel() const noexcept override { return hardware_; }
  void setPluginsToSerialize(char const* const* paths, int32_t count) noexcept override;
  char const* getPluginToSerialize(int32_t index) const noexcept override;
  int32_t getNbPluginsToSerialize() const noexcept override { return static_cast<int32_t>(plugin_libraries_.size()); }
  void setMaxAuxStreams(int32_t n) noexcept override { aux_streams_ = n; }
  int32_t getMaxAuxStreams() const noexcept override { return aux_streams_; }
  void setProgressMonitor(nv::IProgressMonitor* m) noexcept override { monitor_ = m; }
  nv::IProgressMonitor* getProgressMonitor() const noexcept override { return monitor_; }
  void setRuntimePlatform(nv::RuntimePlatform p) noexcept override;
  nv::RuntimePlatform getRuntimePlatform() const noexcept override { return nv::RuntimePlatform::kSAME_AS_BUILD; }
  void setMaxNbTactics(int32_t n) noexcept override { max_tactics_ = n; }
  int32_t getMaxNbTactics() const noexcept override { return max_tactics_; }
  bool setTilingOptimizationLevel(nv::TilingOptimizationLevel l) noexcept override { return tiling_ = l, true; }
  nv::TilingOptimizationLevel getTilingOptimizationLevel() const noexcept override { return tiling_; }
  bool setL2LimitForTiling(int64_t size) noexcept override { return l2_limit_ = size, size >= -1; }
  int64_t getL2LimitForTiling() const noexcept override { return l2_limit_; }

 private:
  void set_defaults();
  Reporter reporter_;
  int32_t min_timing_, avg_timing_, level_, aux_streams_, max_tactics_;
  nv::BuilderFlags flags_;
  nv::EngineCapability capability_;
  nv::IInt8Calibrator* calibrator_;
  nv::IAlgorithmSelector* selector_;
  nv::IProgressMonitor* monitor_;
  std::map<const nv::ILayer*, nv::DeviceType> devices_;
  nv::DeviceType default_device_;
  cudaStream_t profile_stream_;
  std::vector<const OptimizationProfile*> profiles_;
  const OptimizationProfile* calibration_profile_;
  nv::ProfilingVerbosity verbosity_;
  nv::QuantizationFlags quantization_;
  nv::TacticSources tactic_sources_;
  std::array<std::optional<std::size_t>, 6> pools_;
  uint32_t preview_;
  bool preview_was_set_;
  nv::HardwareCompatibilityLevel hardware_;
  nv::TilingOptimizationLevel tiling_;
  int64_t l2_limit_;
  std::vector<std::string> plugin_libraries_;
  const nv::ITimingCache* cache_;
  std::unique_ptr<ApiTimingCache> own_cache_;
};

}  // namespace tenon::adapter
