#pragma once
#include <memory>
#include <vector>

#include "nvinfer1/builder/config.h"
#include "nvinfer1/network/network.h"
#include "nvinfer1/runtime/registry.h"

namespace tenon::adapter {

class Builder final : public nv::IBuilder, public nv::apiv::VBuilder {
 public:
  explicit Builder(nv::ILogger& logger);

  void setMaxBatchSize(int32_t size) noexcept override;
  int32_t getMaxBatchSize() const noexcept override { return max_batch_; }
  bool platformHasFastFp16() const noexcept override;
  bool platformHasFastInt8() const noexcept override;
  bool platformHasTf32() const noexcept override;
  int32_t getMaxDLABatchSize() const noexcept override { return 0; }
  int32_t getNbDLACores() const noexcept override { return 0; }
  void setGpuAllocator(nv::IGpuAllocator* allocator) noexcept override { allocator_ = allocator; }
  nv::IBuilderConfig* createBuilderConfig() noexcept override;
  nv::ICudaEngine* buildEngineWithConfig(nv::INetworkDefinition& network, nv::IBuilderConfig& config) noexcept override;
  nv::INetworkDefinition* createNetworkV2(nv::NetworkDefinitionCreationFlags flags) noexcept override;
  nv::IOptimizationProfile* createOptimizationProfile() noexcept override;
  void setErrorRecorder(nv::IErrorRecorder* recorder) noexcept override { reporter_.set_recorder(recorder); }
  nv::IErrorRecorder* getErrorRecorder() const noexcept override { return reporter_.recorder(); }
  void reset() noexcept override;
  nv::IHostMemory* buildSerializedNetwork(nv::INetworkDefinition& network, nv::IBuilderConfig& config) noexcept override;
  bool isNetworkSupported(nv::INetworkDefinition const& network, nv::IBuilderConfig const& config) const noexcept override;
  nv::ILogger* getLogger() const noexcept override { return reporter_.logger(); }
  bool setMaxThreads(int32_t threads) noexcept override;
  int32_t getMaxThreads() const noexcept override { return max_threads_; }
  nv::IPluginRegistry& getPluginRegistry() const noexcept override { return registry_.get(); }
  bool buildSerializedNetworkToStream(nv::INetworkDefinition& network, nv::IBuilderConfig& config, nv::IStreamWriter& writer) noexcept override;

 private:
  std::vector<std::byte> build_plan(nv::INetworkDefinition& network, nv::IBuilderConfig& config) const;
  Reporter reporter_;
  RegistryOwner registry_;
  int32_t max_batch_ = 1, max_threads_ = 1;
  bool threads_set_ = false;
  nv::IGpuAllocator* allocator_ = nullptr;
  std::vector<std::unique_ptr<OptimizationProfile>> profiles_;
};

/// What building one network with one config needs besides the two.
struct BuildRequest {
  const Network& network;
  BuilderConfig& config;
  const Reporter& reporter;
  int32_t max_batch = 1;
  int threads = 0;  // 0: all
};

/// An engine for each profile. Fails with what is wrong with network, config or profiles.
Plan build_plan(const BuildRequest&);
/// Logs what settings ask for and does not exist here: a warning where the engine differs by it.
void answer_settings(const BuilderConfig&, const Reporter&);
/// Fails when network and config contradict each other, or ask for what does not exist here. Logs what is answered by
/// something else.
void check_request(const BuildRequest&);
/// Shapes per input of each profile, in the graph's axes; one empty map when all dims are fixed and none was given.
std::vector<std::map<std::string, ShapeRange>> profile_shapes(const BuildRequest&);
/// Reads and writes the calibrator's cache; runs its batches through the reference for one that is not there.
void calibrate(const BuildRequest&);
/// "cpu", "cuda:0": TENON_DEVICE, or the best there is.
std::string build_device();
/// The config's own (tenon/nvinfer1.h), or the above.
std::string build_device(const BuilderConfig&);

}  // namespace tenon::adapter
