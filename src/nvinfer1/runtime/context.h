#pragma once
#include "nvinfer1/runtime/engine.h"
#include "nvinfer1/runtime/shapes.h"
#include "nvinfer1/runtime/specialized.h"
#include "runtime/execution.h"

namespace tenon::adapter {

/// One user of an engine. Shapes, addresses and everything else set on it hold until set again; a profile switch forgets
/// shapes. It keeps what it needs of the engine alive, but `getEngine` must not be called after the engine was deleted.
class Context final : public nvinfer1::IExecutionContext, public nvinfer1::apiv::VExecutionContext {
 public:
  Context(Engine& engine, const ContextSetup& setup);
  ~Context() override;
  static const Context& of(const nvinfer1::IExecutionContext& context) { return static_cast<const Context&>(context); }
  const EngineState& state() const { return *state_; }
  const Shapes& shapes() const { return shapes_; }
  /// What a run on the current profile took last; the engine's own before the first one.
  std::shared_ptr<const core::Built> kernels() const;
  void wait_for_kernels() const { state_->wait_for_specializer(shapes_.profile()); }

  bool execute(int32_t batchSize, void* const* bindings) noexcept override;
  bool enqueue(int32_t batchSize, void* const* bindings, cudaStream_t stream, cudaEvent_t* inputConsumed) noexcept override;
  void setDebugSync(bool sync) noexcept override { debug_sync_ = sync; }
  bool getDebugSync() const noexcept override { return debug_sync_; }
  void setProfiler(nvinfer1::IProfiler* profiler) noexcept override { profiler_ = profiler; }
  nvinfer1::IProfiler* getProfiler() const noexcept override { return profiler_; }
  nvinfer1::ICudaEngine const& getEngine() const noexcept override { return engine_; }
  void setName(char const* name) noexcept override;
  char const* getName() const noexcept override { return name_.c_str(); }
  void setDeviceMemory(void* memory) noexcept override;
  nvinfer1::Dims getStrides(int32_t index) const noexcept override;
  bool setOptimizationProfile(int32_t profile) noexcept override;
  int32_t getOptimizationProfile() const noexcept override { return shapes_.profile(); }
  bool setBindingDimensions(int32_t index, nvinfer1::Dims dims) noexcept override;
  nvinfer1::Dims getBindingDimensions(int32_t index) const noexcept override;
  bool setInputShapeBinding(int32_t index, int32_t const* data) noexcept override;
  bool getShapeBinding(int32_t index, int32_t* data) const noexcept override;
  bool allInputDimensionsSpecified() const noexcept override;
  bool allInputShapesSpecified() const noexcept override;
  void setErrorRecorder(nvinfer1::IErrorRecorder* recorder) noexcept override { report_.set_recorder(recorder); }
  nvinfer1::IErrorRecorder* getErrorRecorder() const noexcept override { return report_.recorder(); }
  bool executeV2(void* const* bindings) noexcept override;
  bool enqueueV2(void* const* bindings, cudaStream_t stream, cudaEvent_t* inputConsumed) noexcept override;
  bool setOptimizationProfileAsync(int32_t profile, cudaStream_t stream) noexcept override;
  void setEnqueueEmitsProfile(bool emits) noexcept override { emits_profile_ = emits; }
  bool getEnqueueEmitsProfile() const noexcept override { return emits_profile_; }
  bool reportToProfiler() const noexcept override;
  bool setInputShape(char const* name, nvinfer1::Dims const& dims) noexcept override;
  nvinfer1::Dims getTensorShape(char const* name) const noexcept override;
  nvinfer1::Dims getTensorStrides(char const* name) const noexcept override;
  bool setTensorAddress(char const* name, void* data) noexcept override;
  void const* getTensorAddress(char const* name) const noexcept override;
  bool setInputTensorAddress(char const* name, void const* data) noexcept override;
  int32_t inferShapes(int32_t nbMaxNames, char const** names) noexcept override;
  bool setInputConsumedEvent(cudaEvent_t event) noexcept override;
  cudaEvent_t getInputConsumedEvent() const noexcept override { return input_consumed_; }
  void* getOutputTensorAddress(char const* name) const noexcept override;
  bool setOutputAllocator(char const* name, nvinfer1::IOutputAllocator* allocator) noexcept override;
  nvinfer1::IOutputAllocator* getOutputAllocator(char const* name) noexcept override;
  int64_t getMaxOutputSize(char const* name) const noexcept override;
  bool setTemporaryStorageAllocator(nvinfer1::IGpuAllocator* allocator) noexcept override;
  nvinfer1::IGpuAllocator* getTemporaryStorageAllocator() const noexcept override { return temporary_; }
  bool enqueueV3(cudaStream_t stream) noexcept override;
  void setPersistentCacheLimit(size_t size) noexcept override;
  size_t getPersistentCacheLimit() const noexcept override { return persistent_cache_; }
  bool setNvtxVerbosity(nvinfer1::ProfilingVerbosity verbosity) noexcept override;
  nvinfer1::ProfilingVerbosity getNvtxVerbosity() const noexcept override { return nvtx_; }
  nvinfer1::IExecutionContext* getPImpl() noexcept override { return this; }
  void setAuxStreams(cudaStream_t* streams, int32_t count) noexcept override;
  void setDeviceMemoryV2(void* memory, int64_t size) noexcept override;
  size_t updateDeviceMemorySizeForShapes() noexcept override;
  bool setOutputTensorAddress(char const* name, void* data) noexcept override;
  bool setDebugListener(nvinfer1::IDebugListener* listener) noexcept override;
  nvinfer1::IDebugListener* getDebugListener() noexcept override { return listener_; }
  bool setTensorDebugState(char const* name, bool flag) noexcept override;
  bool getDebugState(char const* name) const noexcept override;
  bool setAllTensorsDebugState(bool flag) noexcept override;
  bool setUnfusedTensorsDebugState(bool flag) noexcept override;
  bool getUnfusedTensorsDebugState() const noexcept override { return debug_unfused_; }
  nvinfer1::IRuntimeConfig* getRuntimeConfig() const noexcept override;

 private:
  /// What one run reads and writes: an address per tensor, and the batch of an implicit batch network.
  struct Request {
    std::vector<void*> addresses;
    int64_t batch = 1;
    cudaStream_t stream = nullptr;
    cudaEvent_t consumed = nullptr;
  };
  void run(const Request& request);
  void run_bindings(void* const* bindings, int64_t batch, cudaStream_t stream, cudaEvent_t* consumed);
  std::shared_ptr<const core::Built> own_kernels() const;
  std::shared_ptr<const core::Built> choose_kernels(const Request& request);
  core::Execution& execution(const core::Built& kernels);
  void set_inputs(core::Execution& execution, const Request& request);
  void set_outputs(core::Execution& execution, const Request& request);
  void give_outputs(core::Execution& execution, const Request& request);
  void copy_output(core::Execution& execution, int tensor, const Request& request, const std::vector<int64_t>& dims);
  void allocate_output(int tensor, int64_t bytes, const Request& request);
  bool in_place(int tensor, int64_t batch) const;
  void check_ready(const Request& request) const;
  void lend_memory(core::Execution& execution);
  core::Device& device() const;
  cudaStream_t own_stream();
  cudaStream_t borrow(cudaStream_t stream, bool own = false);
  void report_times() const;
  void observe(core::Value value, const core::HostValue& tensor, cudaStream_t stream) const;
  /// The tensor of a binding of the current profile; fails for others.
  int binding(int32_t index) const;
  void check_address(int tensor, const void* data) const;

  Engine& engine_;
  std::shared_ptr<EngineState> state_;
  Reporter report_;
  ContextSetup setup_;
  Shapes shapes_;
  std::string name_;
  std::vector<void*> addresses_;
  std::vector<nvinfer1::IOutputAllocator*> allocators_;
  std::vector<void*> targets_;   // of the current run: where each output goes
  Specialized specialized_;
  std::map<const core::Program*, std::unique_ptr<core::Execution>> executions_;
  std::shared_ptr<const core::Built> kernels_;                // of the last run
  int kernels_profile_ = -1;
  int64_t generation_ = 0;
  std::unique_ptr<core::Stream> stream_;                      // of the last run
  cudaStream_t stream_handle_ = nullptr;
  bool stream_is_own_ = false;
  std::vector<core::StepTime> times_;                         // of the last run with a profiler
  bool debug_sync_ = false, emits_profile_ = true, debug_unfused_ = false;
  nvinfer1::IProfiler* profiler_ = nullptr;
  nvinfer1::IDebugListener* listener_ = nullptr;
  std::set<std::string, std::less<>> debug_tensors_;
  nvinfer1::IGpuAllocator* temporary_ = nullptr;
  cudaEvent_t input_consumed_ = nullptr;
  size_t persistent_cache_ = 0;
  nvinfer1::ProfilingVerbosity nvtx_;
  void* device_memory_ = nullptr;
  int64_t device_memory_bytes_ = 0;
  bool was_captured_ = false;
};

}  // namespace tenon::adapter
