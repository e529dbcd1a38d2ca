#pragma once
#include "NvInferImpl.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#pragma GCC diagnostic ignored "-Woverloaded-virtual"

namespace nvinfer1 {

/// The base of what the library owns: neither copied nor moved; `delete` frees it.
class INoCopy {
 protected:
  INoCopy() = default;
  INoCopy(INoCopy const&) = delete;
  INoCopy& operator=(INoCopy const&) = delete;
  INoCopy(INoCopy&&) = delete;
  INoCopy& operator=(INoCopy&&) = delete;

 public:
  virtual ~INoCopy() = default;
};

enum class EngineCapability : int32_t {
  kSTANDARD = 0,
  kDEFAULT TRT_DEPRECATED_ENUM = kSTANDARD,
  kSAFETY = 1,
  kSAFE_GPU TRT_DEPRECATED_ENUM = kSAFETY,
  kDLA_STANDALONE = 2,
  kSAFE_DLA TRT_DEPRECATED_ENUM = kDLA_STANDALONE,
};

/// Values that the client keeps until the build ends.
class Weights {
 public:
  DataType type;
  void const* values;
  int64_t count;
};

/// Bytes of the library's.
class IHostMemory : public INoCopy {
 public:
  ~IHostMemory() noexcept override = default;
  void* data() const noexcept { return mImpl->data(); }
  std::size_t size() const noexcept { return mImpl->size(); }
  DataType type() const noexcept { return mImpl->type(); }
  TRT_DEPRECATED void destroy() noexcept { delete this; }

 protected:
  apiv::VHostMemory* mImpl = nullptr;
};

enum class DimensionOperation : int32_t {
  kSUM = 0,
  kPROD = 1,
  kMAX = 2,
  kMIN = 3,
  kSUB = 4,
  kEQUAL = 5,
  kLESS = 6,
  kFLOOR_DIV = 7,
  kCEIL_DIV = 8,
};

enum class TensorLocation : int32_t { kDEVICE = 0, kHOST = 1 };

/// A dim that may not be known yet.
class IDimensionExpr : public INoCopy {
 public:
  bool isConstant() const noexcept { return mImpl->isConstant(); }
  int32_t getConstantValue() const noexcept { return mImpl->getConstantValue(); }

 protected:
  ~IDimensionExpr() noexcept override = default;
  apiv::VDimensionExpr* mImpl = nullptr;
};

/// Makes dims out of dims. What it returns lives as long as it.
class IExprBuilder : public INoCopy {
 public:
  IDimensionExpr const* constant(int32_t value) noexcept { return mImpl->constant(value); }
  IDimensionExpr const* operation(DimensionOperation op, IDimensionExpr const& first,
                                  IDimensionExpr const& second) noexcept {
    return mImpl->operation(op, first, second);
  }

 protected:
  ~IExprBuilder() noexcept override = default;
  apiv::VExprBuilder* mImpl = nullptr;
};

class DimsExprs {
 public:
  int32_t nbDims;
  IDimensionExpr const* d[Dims::MAX_DIMS];
};

/// A plugin's tensor with its range; -1 in `desc.dims` where the profile leaves a dim open.
struct DynamicPluginTensorDesc {
  PluginTensorDesc desc;
  Dims min;
  Dims max;
};

/// A layer by the client whose shapes follow from symbolic dims.
class IPluginV2DynamicExt : public IPluginV2Ext {
 public:
  IPluginV2DynamicExt* clone() const override = 0;
  virtual DimsExprs getOutputDimensions(int32_t outputIndex, DimsExprs const* inputs, int32_t nbInputs,
                                        IExprBuilder& exprBuilder) = 0;
  static constexpr int32_t kFORMAT_COMBINATION_LIMIT = 100;
  virtual bool supportsFormatCombination(int32_t pos, PluginTensorDesc const* inOut, int32_t nbInputs,
                                         int32_t nbOutputs) = 0;
  virtual void configurePlugin(DynamicPluginTensorDesc const* in, int32_t nbInputs, DynamicPluginTensorDesc const* out,
                               int32_t nbOutputs) = 0;
  virtual size_t getWorkspaceSize(PluginTensorDesc const* inputs, int32_t nbInputs, PluginTensorDesc const* outputs,
                                  int32_t nbOutputs) const = 0;
  virtual int32_t enqueue(PluginTensorDesc const* inputDesc, PluginTensorDesc const* outputDesc,
                          void const* const* inputs, void* const* outputs, void* workspace, cudaStream_t stream) = 0;

 protected:
  int32_t getTensorRTVersion() const override {
    return (static_cast<int32_t>(PluginVersion::kV2_DYNAMICEXT) << 24) | (NV_TENSORRT_VERSION & 0xFFFFFF);
  }
  ~IPluginV2DynamicExt() override = default;

 private:
  void configurePlugin(Dims const*, int32_t, Dims const*, int32_t, DataType const*, DataType const*, bool const*,
                       bool const*, PluginFormat, int32_t) final {}
  bool supportsFormat(DataType, PluginFormat) const final { return false; }
  Dims getOutputDimensions(int32_t, Dims const*, int32_t) final { return Dims{-1, {}}; }
  bool isOutputBroadcastAcrossBatch(int32_t, bool const*, int32_t) const final { return false; }
  bool canBroadcastInputAcrossBatch(int32_t) const final { return true; }
  size_t getWorkspaceSize(int32_t) const final { return 0; }
  int32_t enqueue(int32_t, void const* const*, void* const*, void*, cudaStream_t) final { return 1; }
};

/// Hears the time of each layer after a run. The rows of a loop's or conditional's body follow its own and are named
/// "loop > layer": their times, sums over the trips, are parts of the row above.
class IProfiler {
 public:
  virtual void reportLayerTime(char const* layerName, float ms) = 0;
  virtual ~IProfiler() noexcept = default;
};

enum class WeightsRole : int32_t { kKERNEL = 0, kBIAS = 1, kSHIFT = 2, kSCALE = 3, kCONSTANT = 4, kANY = 5 };

enum class DeviceType : int32_t { kGPU = 0, kDLA = 1 };

enum class TempfileControlFlag : int32_t { kALLOW_IN_MEMORY_FILES = 0, kALLOW_TEMPORARY_FILES = 1 };

/// Turns plans into engines.
class IRuntime : public INoCopy {
 public:
  ~IRuntime() noexcept override = default;
  TRT_DEPRECATED ICudaEngine* deserializeCudaEngine(void const* blob, std::size_t size,
                                                    IPluginFactory* factory) noexcept {
    return mImpl->deserializeCudaEngine(blob, size, factory);
  }
  ICudaEngine* deserializeCudaEngine(void const* blob, std::size_t size) noexcept {
    return mImpl->deserializeCudaEngine(blob, size, nullptr);
  }
  void setDLACore(int32_t dlaCore) noexcept { mImpl->setDLACore(dlaCore); }
  int32_t getDLACore() const noexcept { return mImpl->getDLACore(); }
  int32_t getNbDLACores() const noexcept { return mImpl->getNbDLACores(); }
  void setGpuAllocator(IGpuAllocator* allocator) noexcept { mImpl->setGpuAllocator(allocator); }
  void setErrorRecorder(IErrorRecorder* recorder) noexcept { mImpl->setErrorRecorder(recorder); }
  IErrorRecorder* getErrorRecorder() const noexcept { return mImpl->getErrorRecorder(); }
  ILogger* getLogger() const noexcept { return mImpl->getLogger(); }
  bool setMaxThreads(int32_t maxThreads) noexcept { return mImpl->setMaxThreads(maxThreads); }
  int32_t getMaxThreads() const noexcept { return mImpl->getMaxThreads(); }
  void setTemporaryDirectory(char const* path) noexcept { mImpl->setTemporaryDirectory(path); }
  char const* getTemporaryDirectory() const noexcept { return mImpl->getTemporaryDirectory(); }
  void setTempfileControlFlags(TempfileControlFlags flags) noexcept { mImpl->setTempfileControlFlags(flags); }
  TempfileControlFlags getTempfileControlFlags() const noexcept { return mImpl->getTempfileControlFlags(); }
  IPluginRegistry& getPluginRegistry() noexcept { return mImpl->getPluginRegistry(); }
  IRuntime* loadRuntime(char const* path) noexcept { return mImpl->loadRuntime(path); }
  void setEngineHostCodeAllowed(bool allowed) noexcept { mImpl->setEngineHostCodeAllowed(allowed); }
  bool getEngineHostCodeAllowed() const noexcept { return mImpl->getEngineHostCodeAllowed(); }
  ICudaEngine* deserializeCudaEngine(IStreamReader& reader) noexcept { return mImpl->deserializeCudaEngine(reader); }
  ICudaEngine* deserializeCudaEngine(IStreamReaderV2& reader) noexcept {
    return mImpl->deserializeCudaEngineV2(reader);
  }
  TRT_DEPRECATED void destroy() noexcept { delete this; }

 protected:
  apiv::VRuntime* mImpl = nullptr;
};

/// Gives an engine new weights. Names of weights are those of the network or the ONNX file.
class IRefitter : public INoCopy {
 public:
  ~IRefitter() noexcept override = default;
  bool setWeights(char const* layerName, WeightsRole role, Weights weights) noexcept {
    return mImpl->setWeights(layerName, role, weights);
  }
  bool refitCudaEngine() noexcept { return mImpl->refitCudaEngine(); }
  int32_t getMissing(int32_t size, char const** layerNames, WeightsRole* roles) noexcept {
    return mImpl->getMissing(size, layerNames, roles);
  }
  int32_t getAll(int32_t size, char const** layerNames, WeightsRole* roles) noexcept {
    return mImpl->getAll(size, layerNames, roles);
  }
  bool setDynamicRange(char const* tensorName, float min, float max) noexcept {
    return mImpl->setDynamicRange(tensorName, min, max);
  }
  float getDynamicRangeMin(char const* tensorName) const noexcept { return mImpl->getDynamicRangeMin(tensorName); }
  float getDynamicRangeMax(char const* tensorName) const noexcept { return mImpl->getDynamicRangeMax(tensorName); }
  int32_t getTensorsWithDynamicRange(int32_t size, char const** tensorNames) const noexcept {
    return mImpl->getTensorsWithDynamicRange(size, tensorNames);
  }
  void setErrorRecorder(IErrorRecorder* recorder) noexcept { mImpl->setErrorRecorder(recorder); }
  IErrorRecorder* getErrorRecorder() const noexcept { return mImpl->getErrorRecorder(); }
  bool setNamedWeights(char const* name, Weights weights) noexcept { return mImpl->setNamedWeights(name, weights); }
  int32_t getMissingWeights(int32_t size, char const** weightsNames) noexcept {
    return mImpl->getMissingWeights(size, weightsNames);
  }
  int32_t getAllWeights(int32_t size, char const** weightsNames) noexcept {
    return mImpl->getAllWeights(size, weightsNames);
  }
  ILogger* getLogger() const noexcept { return mImpl->getLogger(); }
  bool setMaxThreads(int32_t maxThreads) noexcept { return mImpl->setMaxThreads(maxThreads); }
  int32_t getMaxThreads() const noexcept { return mImpl->getMaxThreads(); }
  bool setNamedWeights(char const* name, Weights weights, TensorLocation location) noexcept {
    return mImpl->setNamedWeightsWithLocation(name, weights, location);
  }
  Weights getNamedWeights(char const* weightsName) const noexcept { return mImpl->getNamedWeights(weightsName); }
  TensorLocation getWeightsLocation(char const* weightsName) const noexcept {
    return mImpl->getWeightsLocation(weightsName);
  }
  bool unsetNamedWeights(char const* weightsName) noexcept { return mImpl->unsetNamedWeights(weightsName); }
  void setWeightsValidation(bool weightsValidation) noexcept { mImpl->setWeightsValidation(weightsValidation); }
  bool getWeightsValidation() const noexcept { return mImpl->getWeightsValidation(); }
  bool refitCudaEngineAsync(cudaStream_t stream) noexcept { return mImpl->refitCudaEngineAsync(stream); }
  Weights getWeightsPrototype(char const* weightsName) const noexcept {
    return mImpl->getWeightsPrototype(weightsName);
  }
  TRT_DEPRECATED void destroy() noexcept { delete this; }

 protected:
  apiv::VRefitter* mImpl = nullptr;
};

enum class OptProfileSelector : int32_t { kMIN = 0, kOPT = 1, kMAX = 2 };

/// The shapes, and the values of shape tensors, that an engine accepts and is tuned for.
class IOptimizationProfile : public INoCopy {
 public:
  bool setDimensions(char const* inputName, OptProfileSelector select, Dims dims) noexcept {
    return mImpl->setDimensions(inputName, select, dims);
  }
  Dims getDimensions(char const* inputName, OptProfileSelector select) const noexcept {
    return mImpl->getDimensions(inputName, select);
  }
  bool setShapeValues(char const* inputName, OptProfileSelector select, int32_t const* values,
                      int32_t nbValues) noexcept {
    return mImpl->setShapeValues(inputName, select, values, nbValues);
  }
  int32_t getNbShapeValues(char const* inputName) const noexcept { return mImpl->getNbShapeValues(inputName); }
  int32_t const* getShapeValues(char const* inputName, OptProfileSelector select) const noexcept {
    return mImpl->getShapeValues(inputName, select);
  }
  bool setExtraMemoryTarget(float target) noexcept { return mImpl->setExtraMemoryTarget(target); }
  float getExtraMemoryTarget() const noexcept { return mImpl->getExtraMemoryTarget(); }
  bool isValid() const noexcept { return mImpl->isValid(); }
  bool setShapeValuesV2(char const* inputName, OptProfileSelector select, int64_t const* values,
                        int32_t nbValues) noexcept {
    return mImpl->setShapeValuesV2(inputName, select, values, nbValues);
  }
  int64_t const* getShapeValuesV2(char const* inputName, OptProfileSelector select) const noexcept {
    return mImpl->getShapeValuesV2(inputName, select);
  }

 protected:
  ~IOptimizationProfile() noexcept override = default;
  apiv::VOptimizationProfile* mImpl = nullptr;
};

enum class TacticSource : int32_t {
  kCUBLAS = 0,
  kCUBLAS_LT = 1,
  kCUDNN = 2,
  kEDGE_MASK_CONVOLUTIONS = 3,
  kJIT_CONVOLUTIONS = 4,
};

enum class ProfilingVerbosity : int32_t {
  kLAYER_NAMES_ONLY = 0,
  kNONE = 1,
  kDETAILED = 2,
  kDEFAULT TRT_DEPRECATED_ENUM = kLAYER_NAMES_ONLY,
  kVERBOSE TRT_DEPRECATED_ENUM = kDETAILED,
};

enum class HardwareCompatibilityLevel : int32_t { kNONE = 0, kAMPERE_PLUS = 1, kSAME_COMPUTE_CAPABILITY = 2 };

enum class ExecutionContextAllocationStrategy : int32_t { kSTATIC = 0, kON_PROFILE_CHANGE = 1, kUSER_MANAGED = 2 };

enum class SerializationFlag : int32_t { kEXCLUDE_WEIGHTS = 0, kEXCLUDE_LEAN_RUNTIME = 1, kINCLUDE_REFIT = 2 };

enum class EngineStat : int32_t { kTOTAL_WEIGHTS_SIZE = 0, kSTRIPPED_WEIGHTS_SIZE = 1 };

/// What a plan leaves out.
class ISerializationConfig : public INoCopy {
 public:
  ~ISerializationConfig() noexcept override = default;
  bool setFlags(SerializationFlags flags) noexcept { return mImpl->setFlags(flags); }
  SerializationFlags getFlags() const noexcept { return mImpl->getFlags(); }
  bool clearFlag(SerializationFlag flag) noexcept { return mImpl->clearFlag(flag); }
  bool setFlag(SerializationFlag flag) noexcept { return mImpl->setFlag(flag); }
  bool getFlag(SerializationFlag flag) const noexcept { return mImpl->getFlag(flag); }

 protected:
  apiv::VSerializationConfig* mImpl = nullptr;
};

/// How a context is made.
class IRuntimeConfig : public INoCopy {
 public:
  ~IRuntimeConfig() noexcept override = default;
  void setExecutionContextAllocationStrategy(ExecutionContextAllocationStrategy strategy) noexcept {
    mImpl->setExecutionContextAllocationStrategy(strategy);
  }
  ExecutionContextAllocationStrategy getExecutionContextAllocationStrategy() const noexcept {
    return mImpl->getExecutionContextAllocationStrategy();
  }

 protected:
  apiv::VRuntimeConfig* mImpl = nullptr;
};

/// A network that was built. Contexts of one engine may run at once.
class ICudaEngine : public INoCopy {
 public:
  ~ICudaEngine() noexcept override = default;
  TRT_DEPRECATED int32_t getNbBindings() const noexcept { return mImpl->getNbBindings(); }
  TRT_DEPRECATED int32_t getBindingIndex(char const* name) const noexcept { return mImpl->getBindingIndex(name); }
  TRT_DEPRECATED char const* getBindingName(int32_t bindingIndex) const noexcept {
    return mImpl->getBindingName(bindingIndex);
  }
  TRT_DEPRECATED bool bindingIsInput(int32_t bindingIndex) const noexcept {
    return mImpl->bindingIsInput(bindingIndex);
  }
  TRT_DEPRECATED Dims getBindingDimensions(int32_t bindingIndex) const noexcept {
    return mImpl->getBindingDimensions(bindingIndex);
  }
  TRT_DEPRECATED DataType getBindingDataType(int32_t bindingIndex) const noexcept {
    return mImpl->getBindingDataType(bindingIndex);
  }
  TRT_DEPRECATED int32_t getMaxBatchSize() const noexcept { return mImpl->getMaxBatchSize(); }
  int32_t getNbLayers() const noexcept { return mImpl->getNbLayers(); }
  IHostMemory* serialize() const noexcept { return mImpl->serialize(); }
  IExecutionContext* createExecutionContext() noexcept { return mImpl->createExecutionContext(); }
  TRT_DEPRECATED TensorLocation getLocation(int32_t bindingIndex) const noexcept {
    return mImpl->getLocation(bindingIndex);
  }
  IExecutionContext* createExecutionContextWithoutDeviceMemory() noexcept {
    return mImpl->createExecutionContextWithoutDeviceMemory();
  }
  size_t getDeviceMemorySize() const noexcept { return mImpl->getDeviceMemorySize(); }
  bool isRefittable() const noexcept { return mImpl->isRefittable(); }
  TRT_DEPRECATED int32_t getBindingBytesPerComponent(int32_t bindingIndex) const noexcept {
    return mImpl->getBindingBytesPerComponent(bindingIndex);
  }
  TRT_DEPRECATED int32_t getBindingComponentsPerElement(int32_t bindingIndex) const noexcept {
    return mImpl->getBindingComponentsPerElement(bindingIndex);
  }
  TRT_DEPRECATED TensorFormat getBindingFormat(int32_t bindingIndex) const noexcept {
    return mImpl->getBindingFormat(bindingIndex);
  }
  TRT_DEPRECATED char const* getBindingFormatDesc(int32_t bindingIndex) const noexcept {
    return mImpl->getBindingFormatDesc(bindingIndex);
  }
  TRT_DEPRECATED int32_t getBindingVectorizedDim(int32_t bindingIndex) const noexcept {
    return mImpl->getBindingVectorizedDim(bindingIndex);
  }
  char const* getName() const noexcept { return mImpl->getName(); }
  int32_t getNbOptimizationProfiles() const noexcept { return mImpl->getNbOptimizationProfiles(); }
  TRT_DEPRECATED Dims getProfileDimensions(int32_t bindingIndex, int32_t profileIndex,
                                           OptProfileSelector select) const noexcept {
    return mImpl->getProfileDimensions(bindingIndex, profileIndex, select);
  }
  TRT_DEPRECATED int32_t const* getProfileShapeValues(int32_t profileIndex, int32_t inputIndex,
                                                      OptProfileSelector select) const noexcept {
    return mImpl->getProfileShapeValues(profileIndex, inputIndex, select);
  }
  TRT_DEPRECATED bool isShapeBinding(int32_t bindingIndex) const noexcept {
    return mImpl->isShapeBinding(bindingIndex);
  }
  TRT_DEPRECATED bool isExecutionBinding(int32_t bindingIndex) const noexcept {
    return mImpl->isExecutionBinding(bindingIndex);
  }
  EngineCapability getEngineCapability() const noexcept { return mImpl->getEngineCapability(); }
  void setErrorRecorder(IErrorRecorder* recorder) noexcept { mImpl->setErrorRecorder(recorder); }
  IErrorRecorder* getErrorRecorder() const noexcept { return mImpl->getErrorRecorder(); }
  bool hasImplicitBatchDimension() const noexcept { return mImpl->hasImplicitBatchDimension(); }
  TacticSources getTacticSources() const noexcept { return mImpl->getTacticSources(); }
  ProfilingVerbosity getProfilingVerbosity() const noexcept { return mImpl->getProfilingVerbosity(); }
  IEngineInspector* createEngineInspector() const noexcept { return mImpl->createEngineInspector(); }
  Dims getTensorShape(char const* tensorName) const noexcept { return mImpl->getTensorShape(tensorName); }
  DataType getTensorDataType(char const* tensorName) const noexcept { return mImpl->getTensorDataType(tensorName); }
  TensorLocation getTensorLocation(char const* tensorName) const noexcept {
    return mImpl->getTensorLocation(tensorName);
  }
  bool isShapeInferenceIO(char const* tensorName) const noexcept { return mImpl->isShapeInferenceIO(tensorName); }
  TensorIOMode getTensorIOMode(char const* tensorName) const noexcept { return mImpl->getTensorIOMode(tensorName); }
  int32_t getTensorBytesPerComponent(char const* tensorName) const noexcept {
    return mImpl->getTensorBytesPerComponent(tensorName);
  }
  int32_t getTensorComponentsPerElement(char const* tensorName) const noexcept {
    return mImpl->getTensorComponentsPerElement(tensorName);
  }
  TensorFormat getTensorFormat(char const* tensorName) const noexcept { return mImpl->getTensorFormat(tensorName); }
  char const* getTensorFormatDesc(char const* tensorName) const noexcept {
    return mImpl->getTensorFormatDesc(tensorName);
  }
  int32_t getTensorVectorizedDim(char const* tensorName) const noexcept {
    return mImpl->getTensorVectorizedDim(tensorName);
  }
  Dims getProfileShape(char const* tensorName, int32_t profileIndex, OptProfileSelector select) const noexcept {
    return mImpl->getProfileShape(tensorName, profileIndex, select);
  }
  int32_t getNbIOTensors() const noexcept { return mImpl->getNbIOTensors(); }
  char const* getIOTensorName(int32_t index) const noexcept { return mImpl->getIOTensorName(index); }
  HardwareCompatibilityLevel getHardwareCompatibilityLevel() const noexcept {
    return mImpl->getHardwareCompatibilityLevel();
  }
  int32_t getNbAuxStreams() const noexcept { return mImpl->getNbAuxStreams(); }
  int32_t getTensorBytesPerComponent(char const* tensorName, int32_t profileIndex) const noexcept {
    return mImpl->getTensorBytesPerComponentV2(tensorName, profileIndex);
  }
  int32_t getTensorComponentsPerElement(char const* tensorName, int32_t profileIndex) const noexcept {
    return mImpl->getTensorComponentsPerElementV2(tensorName, profileIndex);
  }
  TensorFormat getTensorFormat(char const* tensorName, int32_t profileIndex) const noexcept {
    return mImpl->getTensorFormatV2(tensorName, profileIndex);
  }
  char const* getTensorFormatDesc(char const* tensorName, int32_t profileIndex) const noexcept {
    return mImpl->getTensorFormatDescV2(tensorName, profileIndex);
  }
  int32_t getTensorVectorizedDim(char const* tensorName, int32_t profileIndex) const noexcept {
    return mImpl->getTensorVectorizedDimV2(tensorName, profileIndex);
  }
  IExecutionContext* createExecutionContext(ExecutionContextAllocationStrategy strategy) noexcept {
    return mImpl->createExecutionContextV2(strategy);
  }
  IExecutionContext* createExecutionContext(IRuntimeConfig* runtimeConfig) noexcept {
    return mImpl->createExecutionContextV3(runtimeConfig);
  }
  IRuntimeConfig* createRuntimeConfig() noexcept { return mImpl->createRuntimeConfig(); }
  ISerializationConfig* createSerializationConfig() noexcept { return mImpl->createSerializationConfig(); }
  IHostMemory* serializeWithConfig(ISerializationConfig& config) const noexcept {
    return mImpl->serializeWithConfig(config);
  }
  int64_t getDeviceMemorySizeV2() const noexcept { return mImpl->getDeviceMemorySizeV2(); }
  size_t getDeviceMemorySizeForProfile(int32_t profileIndex) const noexcept {
    return mImpl->getDeviceMemorySizeForProfile(profileIndex);
  }
  int64_t getDeviceMemorySizeForProfileV2(int32_t profileIndex) const noexcept {
    return mImpl->getDeviceMemorySizeForProfileV2(profileIndex);
  }
  int32_t const* getProfileTensorValues(char const* tensorName, int32_t profileIndex,
                                        OptProfileSelector select) const noexcept {
    return mImpl->getProfileTensorValues(tensorName, profileIndex, select);
  }
  int64_t const* getProfileTensorValuesV2(char const* tensorName, int32_t profileIndex,
                                          OptProfileSelector select) const noexcept {
    return mImpl->getProfileTensorValuesV2(tensorName, profileIndex, select);
  }
  bool isDebugTensor(char const* name) const noexcept { return mImpl->isDebugTensor(name); }
  bool setWeightStreamingBudgetV2(int64_t gpuMemoryBudget) noexcept {
    return mImpl->setWeightStreamingBudgetV2(gpuMemoryBudget);
  }
  int64_t getWeightStreamingBudgetV2() const noexcept { return mImpl->getWeightStreamingBudgetV2(); }
  int64_t getStreamableWeightsSize() const noexcept { return mImpl->getStreamableWeightsSize(); }
  int64_t getWeightStreamingAutomaticBudget() const noexcept { return mImpl->getWeightStreamingAutomaticBudget(); }
  int64_t getWeightStreamingScratchMemorySize() const noexcept { return mImpl->getWeightStreamingScratchMemorySize(); }
  int64_t getEngineStat(EngineStat stat) const noexcept { return mImpl->getEngineStat(stat); }
  TRT_DEPRECATED void destroy() noexcept { delete this; }

 protected:
  apiv::VCudaEngine* mImpl = nullptr;
};

/// Memory by the client for outputs whose size only a run can tell.
class IOutputAllocator {
 public:
  virtual int32_t getInterfaceVersion() const { return 1; }
  /// `currentMemory` may be returned when it is large enough; nullptr ends the run with an error.
  virtual void* reallocateOutput(char const* tensorName, void* currentMemory, uint64_t size, uint64_t alignment) {
    return static_cast<void>(tensorName), static_cast<void>(currentMemory), static_cast<void>(size),
           static_cast<void>(alignment), nullptr;
  }
  virtual void notifyShape(char const* tensorName, Dims const& dims) = 0;
  virtual ~IOutputAllocator() = default;
  virtual void* reallocateOutputAsync(char const* tensorName, void* currentMemory, uint64_t size, uint64_t alignment,
                                      cudaStream_t stream) {
    static_cast<void>(stream);
    return reallocateOutput(tensorName, currentMemory, size, alignment);
  }
};

/// Hears the values of tensors marked for debugging; false ends the run.
class IDebugListener : public IVersionedInterface {
 public:
  virtual bool processDebugTensor(void const* addr, TensorLocation location, DataType type, Dims const& shape,
                                  char const* name, cudaStream_t stream) = 0;
  InterfaceInfo getInterfaceInfo() const override { return InterfaceInfo{"IDebugListener", 1, 0}; }
};

/// One user of an engine: shapes, addresses, memory. Not for several threads at once.
class IExecutionContext : public INoCopy {
 public:
  ~IExecutionContext() noexcept override = default;
  TRT_DEPRECATED bool execute(int32_t batchSize, void* const* bindings) noexcept {
    return mImpl->execute(batchSize, bindings);
  }
  TRT_DEPRECATED bool enqueue(int32_t batchSize, void* const* bindings, cudaStream_t stream,
                              cudaEvent_t* inputConsumed) noexcept {
    return mImpl->enqueue(batchSize, bindings, stream, inputConsumed);
  }
  void setDebugSync(bool sync) noexcept { mImpl->setDebugSync(sync); }
  bool getDebugSync() const noexcept { return mImpl->getDebugSync(); }
  void setProfiler(IProfiler* profiler) noexcept { mImpl->setProfiler(profiler); }
  IProfiler* getProfiler() const noexcept { return mImpl->getProfiler(); }
  ICudaEngine const& getEngine() const noexcept { return mImpl->getEngine(); }
  void setName(char const* name) noexcept { mImpl->setName(name); }
  char const* getName() const noexcept { return mImpl->getName(); }
  void setDeviceMemory(void* memory) noexcept { mImpl->setDeviceMemory(memory); }
  TRT_DEPRECATED Dims getStrides(int32_t bindingIndex) const noexcept { return mImpl->getStrides(bindingIndex); }
  TRT_DEPRECATED bool setOptimizationProfile(int32_t profileIndex) noexcept {
    return mImpl->setOptimizationProfile(profileIndex);
  }
  int32_t getOptimizationProfile() const noexcept { return mImpl->getOptimizationProfile(); }
  TRT_DEPRECATED bool setBindingDimensions(int32_t bindingIndex, Dims dimensions) noexcept {
    return mImpl->setBindingDimensions(bindingIndex, dimensions);
  }
  TRT_DEPRECATED Dims getBindingDimensions(int32_t bindingIndex) const noexcept {
    return mImpl->getBindingDimensions(bindingIndex);
  }
  TRT_DEPRECATED bool setInputShapeBinding(int32_t bindingIndex, int32_t const* data) noexcept {
    return mImpl->setInputShapeBinding(bindingIndex, data);
  }
  TRT_DEPRECATED bool getShapeBinding(int32_t bindingIndex, int32_t* data) const noexcept {
    return mImpl->getShapeBinding(bindingIndex, data);
  }
  bool allInputDimensionsSpecified() const noexcept { return mImpl->allInputDimensionsSpecified(); }
  bool allInputShapesSpecified() const noexcept { return mImpl->allInputShapesSpecified(); }
  void setErrorRecorder(IErrorRecorder* recorder) noexcept { mImpl->setErrorRecorder(recorder); }
  IErrorRecorder* getErrorRecorder() const noexcept { return mImpl->getErrorRecorder(); }
  bool executeV2(void* const* bindings) noexcept { return mImpl->executeV2(bindings); }
  TRT_DEPRECATED bool enqueueV2(void* const* bindings, cudaStream_t stream, cudaEvent_t* inputConsumed) noexcept {
    return mImpl->enqueueV2(bindings, stream, inputConsumed);
  }
  bool setOptimizationProfileAsync(int32_t profileIndex, cudaStream_t stream) noexcept {
    return mImpl->setOptimizationProfileAsync(profileIndex, stream);
  }
  void setEnqueueEmitsProfile(bool enqueueEmitsProfile) noexcept { mImpl->setEnqueueEmitsProfile(enqueueEmitsProfile); }
  bool getEnqueueEmitsProfile() const noexcept { return mImpl->getEnqueueEmitsProfile(); }
  bool reportToProfiler() const noexcept { return mImpl->reportToProfiler(); }
  bool setInputShape(char const* tensorName, Dims const& dims) noexcept {
    return mImpl->setInputShape(tensorName, dims);
  }
  Dims getTensorShape(char const* tensorName) const noexcept { return mImpl->getTensorShape(tensorName); }
  Dims getTensorStrides(char const* tensorName) const noexcept { return mImpl->getTensorStrides(tensorName); }
  bool setTensorAddress(char const* tensorName, void* data) noexcept {
    return mImpl->setTensorAddress(tensorName, data);
  }
  void const* getTensorAddress(char const* tensorName) const noexcept { return mImpl->getTensorAddress(tensorName); }
  bool setInputTensorAddress(char const* tensorName, void const* data) noexcept {
    return mImpl->setInputTensorAddress(tensorName, data);
  }
  int32_t inferShapes(int32_t nbMaxNames, char const** tensorNames) noexcept {
    return mImpl->inferShapes(nbMaxNames, tensorNames);
  }
  bool setInputConsumedEvent(cudaEvent_t event) noexcept { return mImpl->setInputConsumedEvent(event); }
  cudaEvent_t getInputConsumedEvent() const noexcept { return mImpl->getInputConsumedEvent(); }
  void* getOutputTensorAddress(char const* tensorName) const noexcept {
    return mImpl->getOutputTensorAddress(tensorName);
  }
  bool setOutputAllocator(char const* tensorName, IOutputAllocator* outputAllocator) noexcept {
    return mImpl->setOutputAllocator(tensorName, outputAllocator);
  }
  IOutputAllocator* getOutputAllocator(char const* tensorName) noexcept {
    return mImpl->getOutputAllocator(tensorName);
  }
  int64_t getMaxOutputSize(char const* tensorName) const noexcept { return mImpl->getMaxOutputSize(tensorName); }
  bool setTemporaryStorageAllocator(IGpuAllocator* allocator) noexcept {
    return mImpl->setTemporaryStorageAllocator(allocator);
  }
  IGpuAllocator* getTemporaryStorageAllocator() const noexcept { return mImpl->getTemporaryStorageAllocator(); }
  bool enqueueV3(cudaStream_t stream) noexcept { return mImpl->enqueueV3(stream); }
  void setPersistentCacheLimit(size_t size) noexcept { mImpl->setPersistentCacheLimit(size); }
  size_t getPersistentCacheLimit() const noexcept { return mImpl->getPersistentCacheLimit(); }
  bool setNvtxVerbosity(ProfilingVerbosity verbosity) noexcept { return mImpl->setNvtxVerbosity(verbosity); }
  ProfilingVerbosity getNvtxVerbosity() const noexcept { return mImpl->getNvtxVerbosity(); }
  void setAuxStreams(cudaStream_t* auxStreams, int32_t nbStreams) noexcept {
    mImpl->setAuxStreams(auxStreams, nbStreams);
  }
  void setDeviceMemoryV2(void* memory, int64_t size) noexcept { mImpl->setDeviceMemoryV2(memory, size); }
  size_t updateDeviceMemorySizeForShapes() noexcept { return mImpl->updateDeviceMemorySizeForShapes(); }
  bool setOutputTensorAddress(char const* tensorName, void* data) noexcept {
    return mImpl->setOutputTensorAddress(tensorName, data);
  }
  bool setDebugListener(IDebugListener* listener) noexcept { return mImpl->setDebugListener(listener); }
  IDebugListener* getDebugListener() noexcept { return mImpl->getDebugListener(); }
  bool setTensorDebugState(char const* name, bool flag) noexcept { return mImpl->setTensorDebugState(name, flag); }
  bool getDebugState(char const* name) const noexcept { return mImpl->getDebugState(name); }
  bool setAllTensorsDebugState(bool flag) noexcept { return mImpl->setAllTensorsDebugState(flag); }
  bool setUnfusedTensorsDebugState(bool flag) noexcept { return mImpl->setUnfusedTensorsDebugState(flag); }
  bool getUnfusedTensorsDebugState() const noexcept { return mImpl->getUnfusedTensorsDebugState(); }
  IRuntimeConfig* getRuntimeConfig() const noexcept { return mImpl->getRuntimeConfig(); }
  TRT_DEPRECATED void destroy() noexcept { delete this; }

 protected:
  apiv::VExecutionContext* mImpl = nullptr;
};

enum class LayerInformationFormat : int32_t { kONELINE = 0, kJSON = 1 };

/// Tells about an engine's layers. Texts live until the next call.
class IEngineInspector : public INoCopy {
 public:
  ~IEngineInspector() noexcept override = default;
  bool setExecutionContext(IExecutionContext const* context) noexcept { return mImpl->setExecutionContext(context); }
  IExecutionContext const* getExecutionContext() const noexcept { return mImpl->getExecutionContext(); }
  char const* getLayerInformation(int32_t layerIndex, LayerInformationFormat format) const noexcept {
    return mImpl->getLayerInformation(layerIndex, format);
  }
  char const* getEngineInformation(LayerInformationFormat format) const noexcept {
    return mImpl->getEngineInformation(format);
  }
  void setErrorRecorder(IErrorRecorder* recorder) noexcept { mImpl->setErrorRecorder(recorder); }
  IErrorRecorder* getErrorRecorder() const noexcept { return mImpl->getErrorRecorder(); }

 protected:
  apiv::VEngineInspector* mImpl = nullptr;
};

namespace impl {
template <>
struct EnumMaxImpl<EngineCapability> {
  static constexpr int32_t kVALUE = 3;
};
template <>
struct EnumMaxImpl<DimensionOperation> {
  static constexpr int32_t kVALUE = 9;
};
template <>
struct EnumMaxImpl<TensorLocation> {
  static constexpr int32_t kVALUE = 2;
};
template <>
struct EnumMaxImpl<WeightsRole> {
  static constexpr int32_t kVALUE = 6;
};
template <>
struct EnumMaxImpl<DeviceType> {
  static constexpr int32_t kVALUE = 2;
};
template <>
struct EnumMaxImpl<TempfileControlFlag> {
  static constexpr int32_t kVALUE = 2;
};
template <>
struct EnumMaxImpl<OptProfileSelector> {
  static constexpr int32_t kVALUE = 3;
};
template <>
struct EnumMaxImpl<TacticSource> {
  static constexpr int32_t kVALUE = 5;
};
template <>
struct EnumMaxImpl<ProfilingVerbosity> {
  static constexpr int32_t kVALUE = 3;
};
template <>
struct EnumMaxImpl<HardwareCompatibilityLevel> {
  static constexpr int32_t kVALUE = 3;
};
template <>
struct EnumMaxImpl<ExecutionContextAllocationStrategy> {
  static constexpr int32_t kVALUE = 3;
};
template <>
struct EnumMaxImpl<SerializationFlag> {
  static constexpr int32_t kVALUE = 3;
};
template <>
struct EnumMaxImpl<EngineStat> {
  static constexpr int32_t kVALUE = 2;
};
template <>
struct EnumMaxImpl<LayerInformationFormat> {
  static constexpr int32_t kVALUE = 2;
};
}  // namespace impl

}  // namespace nvinfer1

extern "C" TENSORRTAPI void* createInferRuntime_INTERNAL(void* logger, int32_t version) noexcept;
extern "C" TENSORRTAPI void* createInferRefitter_INTERNAL(void* engine, void* logger, int32_t version) noexcept;
/// The registry of the process.
extern "C" TENSORRTAPI nvinfer1::IPluginRegistry* getPluginRegistry() noexcept;
/// The logger of the builder, runtime or refitter made last.
extern "C" TENSORRTAPI nvinfer1::ILogger* getLogger() noexcept;

namespace nvinfer1 {
namespace {

inline IRuntime* createInferRuntime(ILogger& logger) noexcept {
  return static_cast<IRuntime*>(createInferRuntime_INTERNAL(&logger, NV_TENSORRT_VERSION));
}

inline IRefitter* createInferRefitter(ICudaEngine& engine, ILogger& logger) noexcept {
  return static_cast<IRefitter*>(createInferRefitter_INTERNAL(&engine, &logger, NV_TENSORRT_VERSION));
}

}  // namespace

/// Registers a creator when it is constructed.
template <typename T>
class PluginRegistrar {
 public:
  PluginRegistrar() { getPluginRegistry()->registerCreator(instance, ""); }

 private:
  T instance{};
};

/// Lets a plugin library find the logger of the engine that calls it.
class ILoggerFinder {
 public:
  virtual ILogger* findLogger() = 0;

 protected:
  virtual ~ILoggerFinder() = default;
};

}  // namespace nvinfer1

#define REGISTER_TENSORRT_PLUGIN(name) \
  static nvinfer1::PluginRegistrar<name> pluginRegistrar##name {}

#pragma GCC diagnostic pop
