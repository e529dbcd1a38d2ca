#pragma once
#include "nvinfer1/reporter.h"
#include "nvinfer1/runtime/configs.h"
#include "nvinfer1/runtime/engine_state.h"

namespace tenon::adapter {

/// An engine for the client, who deletes it. It inherits the maker's logger and recorder.
nvinfer1::ICudaEngine* make_engine(std::shared_ptr<const Plan> plan, const Reporter& maker, nvinfer1::IGpuAllocator* allocator = nullptr);

/// How many bytes a context needs at the largest shapes of a profile.
int64_t context_bytes(const Plan&, int profile);

class Engine final : public nvinfer1::ICudaEngine, public nvinfer1::apiv::VCudaEngine {
 public:
  Engine(std::shared_ptr<EngineState> state, const Reporter& maker) : state_(std::move(state)), report_(maker) { ICudaEngine::mImpl = this; }
  const std::shared_ptr<EngineState>& state() const { return state_; }
  const Reporter& reporter() const { return report_; }
  /// The library makes every ICudaEngine as one of these.
  static Engine& of(nvinfer1::ICudaEngine& engine) { return static_cast<Engine&>(engine); }

  int32_t getNbBindings() const noexcept override;
  int32_t getBindingIndex(char const* name) const noexcept override;
  char const* getBindingName(int32_t index) const noexcept override;
  bool bindingIsInput(int32_t index) const noexcept override;
  nvinfer1::Dims getBindingDimensions(int32_t index) const noexcept override;
  nvinfer1::DataType getBindingDataType(int32_t index) const noexcept override;
  int32_t getMaxBatchSize() const noexcept override;
  int32_t getNbLayers() const noexcept override;
  nvinfer1::IHostMemory* serialize() const noexcept override;
  nvinfer1::IExecutionContext* createExecutionContext() noexcept override;
  nvinfer1::TensorLocation getLocation(int32_t index) const noexcept override;
  nvinfer1::IExecutionContext* createExecutionContextWithoutDeviceMemory() noexcept override;
  size_t getDeviceMemorySize() const noexcept override;
  bool isRefittable() const noexcept override;
  int32_t getBindingBytesPerComponent(int32_t index) const noexcept override;
  int32_t getBindingComponentsPerElement(int32_t index) const noexcept override;
  nvinfer1::TensorFormat getBindingFormat(int32_t index) const noexcept override;
  char const* getBindingFormatDesc(int32_t index) const noexcept override;
  int32_t getBindingVectorizedDim(int32_t index) const noexcept override;
  char const* getName() const noexcept override;
  int32_t getNbOptimizationProfiles() const noexcept override;
  nvinfer1::Dims getProfileDimensions(int32_t index, int32_t profile, nvinfer1::OptProfileSelector select) const noexcept override;
  int32_t const* getProfileShapeValues(int32_t profile, int32_t input, nvinfer1::OptProfileSelector select) const noexcept override;
  bool isShapeBinding(int32_t index) const noexcept override;
  bool isExecutionBinding(int32_t index) const noexcept override;
  nvinfer1::EngineCapability getEngineCapability() const noexcept override;
  void setErrorRecorder(nvinfer1::IErrorRecorder* recorder) noexcept override;
  nvinfer1::IErrorRecorder* getErrorRecorder() const noexcept override;
  bool hasImplicitBatchDimension() const noexcept override;
  nvinfer1::TacticSources getTacticSources() const noexcept override;
  nvinfer1::ProfilingVerbosity getProfilingVerbosity() const noexcept override;
  nvinfer1::IEngineInspector* createEngineInspector() const noexcept override;
  nvinfer1::Dims getTensorShape(char const* name) const noexcept override;
  nvinfer1::DataType getTensorDataType(char const* name) const noexcept override;
  nvinfer1::TensorLocation getTensorLocation(char const* name) const noexcept override;
  bool isShapeInferenceIO(char const* name) const noexcept override;
  nvinfer1::TensorIOMode getTensorIOMode(char const* name) const noexcept override;
  int32_t getTensorBytesPerComponent(char const* name) const noexcept override;
  int32_t getTensorComponentsPerElement(char const* name) const noexcept override;
  nvinfer1::TensorFormat getTensorFormat(char const* name) const noexcept override;
  char const* getTensorFormatDesc(char const* name) const noexcept override;
  int32_t getTensorVectorizedDim(char const* name) const noexcept override;
  nvinfer1::Dims getProfileShape(char const* name, int32_t profile, nvinfer1::OptProfileSelector select) const noexcept override;
  int32_t getNbIOTensors() const noexcept override;
  char const* getIOTensorName(int32_t index) const noexcept override;
  nvinfer1::HardwareCompatibilityLevel getHardwareCompatibilityLevel() const noexcept override;
  nvinfer1::ICudaEngine* getPImpl() noexcept override { return this; }
  int32_t getNbAuxStreams() const noexcept override;
  int32_t getTensorBytesPerComponentV2(char const* name, int32_t profile) const noexcept override;
  int32_t getTensorComponentsPerElementV2(char const* name, int32_t profile) const noexcept override;
  nvinfer1::TensorFormat getTensorFormatV2(char const* name, int32_t profile) const noexcept override;
  char const* getTensorFormatDescV2(char const* name, int32_t profile) const noexcept override;
  int32_t getTensorVectorizedDimV2(char const* name, int32_t profile) const noexcept override;
  nvinfer1::IExecutionContext* createExecutionContextV2(nvinfer1::ExecutionContextAllocationStrategy strategy) noexcept override;
  nvinfer1::IExecutionContext* createExecutionContextV3(nvinfer1::IRuntimeConfig* config) noexcept override;
  nvinfer1::IRuntimeConfig* createRuntimeConfig() noexcept override;
  nvinfer1::ISerializationConfig* createSerializationConfig() noexcept override;
  nvinfer1::IHostMemory* serializeWithConfig(nvinfer1::ISerializationConfig& config) const noexcept override;
  int64_t getDeviceMemorySizeV2() const noexcept override;
  size_t getDeviceMemorySizeForProfile(int32_t profile) const noexcept override;
  int64_t getDeviceMemorySizeForProfileV2(int32_t profile) const noexcept override;
  int32_t const* getProfileTensorValues(char const* name, int32_t profile, nvinfer1::OptProfileSelector select) const noexcept override;
  int64_t const* getProfileTensorValuesV2(char const* name, int32_t profile, nvinfer1::OptProfileSelector select) const noexcept override;
  bool isDebugTensor(char const* name) const noexcept override;
  bool setWeightStreamingBudgetV2(int64_t budget) noexcept override;
  int64_t getWeightStreamingBudgetV2() const noexcept override;
  int64_t getStreamableWeightsSize() const noexcept override;
  int64_t getWeightStreamingAutomaticBudget() const noexcept override;
  int64_t getWeightStreamingScratchMemorySize() const noexcept override;
  int64_t getEngineStat(nvinfer1::EngineStat stat) const noexcept override;

 private:
  const PlanTensor& binding(int32_t index) const;
  int32_t profile_of(int32_t binding) const { return binding / state_->count(); }
  nvinfer1::IExecutionContext* make_context(const ContextSetup&);

  std::shared_ptr<EngineState> state_;
  Reporter report_;
  mutable std::mutex mutex_;
  mutable std::map<int32_t, std::string> binding_names_;                       // of profiles after the first
  mutable std::map<const std::vector<int32_t>*, std::vector<int64_t>> wide_values_;
  mutable std::map<int32_t, int64_t> memory_;                                  // by profile
};

}  // namespace tenon::adapter
