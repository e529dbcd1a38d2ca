#include "nvinfer1/runtime/engine.h"

#include <algorithm>

#include "nvinfer1/runtime/context.h"
#include "nvinfer1/runtime/host_memory.h"
#include "nvinfer1/runtime/inspector.h"
#include "runtime/execution.h"

namespace tenon::adapter {

using namespace nvinfer1;
using Code = nvinfer1::ErrorCode;
using Strategy = ExecutionContextAllocationStrategy;

ICudaEngine* make_engine(std::shared_ptr<const Plan> plan, const Reporter& maker, IGpuAllocator* allocator) {
  return new Engine(std::make_shared<EngineState>(std::move(plan), allocator), maker);
}

int64_t context_bytes(const Plan& plan, int profile) {
  const core::Program& program = *plan.engines.at(profile).program;
  const core::Graph& g = program.graph();
  core::Bindings largest;
  for (const auto& [symbol, range] : plan.engines[profile].data.profile.ranges) largest[symbol] = range.high;
  core::Execution execution(plan.engines[profile].program);
  for (size_t i = 0; i < g.inputs().size(); ++i) {
    const core::Type& type = g.type(g.inputs()[i]);
    core::Dims dims;
    for (const core::Dim& d : type.shape) dims.push_back(d.evaluate(largest));
    execution.set_input(static_cast<int>(i), core::Tensor(type.dtype, dims));
  }
  execution.bind();
  return execution.planned_arena_bytes();
}

int32_t Engine::getMaxBatchSize() const noexcept { return state_->info().implicit_batch ? state_->info().max_batch : 1; }

int32_t Engine::getNbLayers() const noexcept { return static_cast<int32_t>(state_->plan()->engines[0].program->plan().steps.size()); }

IHostMemory* Engine::serialize() const noexcept {
  return guarded(report_, "ICudaEngine::serialize", static_cast<IHostMemory*>(nullptr), [&] { return make_host_memory(adapter::serialize(*state_->plan())); });
}

ISerializationConfig* Engine::createSerializationConfig() noexcept {
  return guarded(report_, "ICudaEngine::createSerializationConfig", static_cast<ISerializationConfig*>(nullptr), [&] { return make_serialization_config(report_); });
}

IHostMemory* Engine::serializeWithConfig(ISerializationConfig& config) const noexcept {
  return guarded(report_, "ICudaEngine::serializeWithConfig", static_cast<IHostMemory*>(nullptr), [&] {
    if (config.getFlag(SerializationFlag::kEXCLUDE_WEIGHTS))
      refuse(Code::kUNSUPPORTED_STATE, "kEXCLUDE_WEIGHTS: plans without weights are not supported; serialize with the weights");
    return make_host_memory(adapter::serialize(*state_->plan()));
  });
}

IRuntimeConfig* Engine::createRuntimeConfig() noexcept {
  return guarded(report_, "ICudaEngine::createRuntimeConfig", static_cast<IRuntimeConfig*>(nullptr), [&] { return make_runtime_config(report_); });
}

IExecutionContext* Engine::make_context(const ContextSetup& setup) { return new Context(*this, setup); }

IExecutionContext* Engine::createExecutionContext() noexcept { return createExecutionContextV2(Strategy::kSTATIC); }
IExecutionContext* Engine::createExecutionContextWithoutDeviceMemory() noexcept { return createExecutionContextV2(Strategy::kUSER_MANAGED); }

IExecutionContext* Engine::createExecutionContextV2(Strategy strategy) noexcept {
  return guarded(report_, "ICudaEngine::createExecutionContext", static_cast<IExecutionContext*>(nullptr), [&] { return make_context({strategy}); });
}

IExecutionContext* Engine::createExecutionContextV3(IRuntimeConfig* config) noexcept {
  return guarded(report_, "ICudaEngine::createExecutionContext", static_cast<IExecutionContext*>(nullptr),
                 [&] { return make_context(context_setup(*need(config, "runtimeConfig"))); });
}

int64_t Engine::getDeviceMemorySizeForProfileV2(int32_t profile) const noexcept {
  return guarded(report_, "ICudaEngine::getDeviceMemorySizeForProfile", int64_t{0}, [&] {
    state_->check_profile(profile);
    std::lock_guard lock(mutex_);
    const auto known = memory_.find(profile);
    return known != memory_.end() ? known->second : memory_[profile] = context_bytes(*state_->plan(), profile);
  });
}

size_t Engine::getDeviceMemorySizeForProfile(int32_t profile) const noexcept { return static_cast<size_t>(getDeviceMemorySizeForProfileV2(profile)); }

int64_t Engine::getDeviceMemorySizeV2() const noexcept {
  int64_t most = 0;
  for (int profile = 0; profile < state_->profiles(); ++profile) most = std::max(most, getDeviceMemorySizeForProfileV2(profile));
  return most;
}

size_t Engine::getDeviceMemorySize() const noexcept { return static_cast<size_t>(getDeviceMemorySizeV2()); }

bool Engine::isRefittable() const noexcept { return state_->info().refittable; }
char const* Engine::getName() const noexcept { return state_->info().name.c_str(); }
int32_t Engine::getNbOptimizationProfiles() const noexcept { return state_->profiles(); }
EngineCapability Engine::getEngineCapability() const noexcept { return static_cast<EngineCapability>(state_->info().capability); }
void Engine::setErrorRecorder(IErrorRecorder* recorder) noexcept { report_.set_recorder(recorder); }
IErrorRecorder* Engine::getErrorRecorder() const noexcept { return report_.recorder(); }
bool Engine::hasImplicitBatchDimension() const noexcept { return state_->info().implicit_batch; }
TacticSources Engine::getTacticSources() const noexcept { return state_->info().tactic_sources; }
ProfilingVerbosity Engine::getProfilingVerbosity() const noexcept { return static_cast<ProfilingVerbosity>(state_->info().verbosity); }
HardwareCompatibilityLevel Engine::getHardwareCompatibilityLevel() const noexcept { return static_cast<HardwareCompatibilityLevel>(state_->info().hardware_compatibility); }
int32_t Engine::getNbAuxStreams() const noexcept { return state_->info().aux_streams; }

IEngineInspector* Engine::createEngineInspector() const noexcept {
  return guarded(report_, "ICudaEngine::createEngineInspector", static_cast<IEngineInspector*>(nullptr), [&] { return make_inspector(state_, report_); });
}

bool Engine::isDebugTensor(char const* name) const noexcept {
  return guarded(report_, "ICudaEngine::isDebugTensor", false, [&] {
    const auto& names = state_->info().debug_tensors;
    return std::find(names.begin(), names.end(), need(name, "name")) != names.end();
  });
}

bool Engine::setWeightStreamingBudgetV2(int64_t budget) noexcept {
  return guarded(report_, "ICudaEngine::setWeightStreamingBudgetV2", false, [&]() -> bool {
    refuse(Code::kUNSUPPORTED_STATE, "a budget of {} bytes: weights are not streamed here, they are all loaded; build without kWEIGHT_STREAMING", budget);
  });
}
int64_t Engine::getWeightStreamingBudgetV2() const noexcept { return 0; }
int64_t Engine::getStreamableWeightsSize() const noexcept { return 0; }
int64_t Engine::getWeightStreamingAutomaticBudget() const noexcept { return 0; }
int64_t Engine::getWeightStreamingScratchMemorySize() const noexcept { return 0; }

int64_t Engine::getEngineStat(EngineStat stat) const noexcept {
  return guarded(report_, "ICudaEngine::getEngineStat", int64_t{-1}, [&] {
    if (stat == EngineStat::kSTRIPPED_WEIGHTS_SIZE) return int64_t{0};
    if (stat != EngineStat::kTOTAL_WEIGHTS_SIZE) refuse(Code::kINVALID_ARGUMENT, "there is no statistic {}", static_cast<int>(stat));
    const core::Graph& g = state_->plan()->engines[0].program->graph();
    int64_t bytes = 0;
    for (core::NodeId id : g.order())
      if (const auto* c = g.node(id).as<core::ConstantOp>()) bytes += c->value->byte_size();
    return bytes;
  });
}

}  // namespace tenon::adapter
