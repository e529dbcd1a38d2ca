#include "nvinfer1/runtime/context.h"

#include <fmt/format.h>

#include "nvinfer1/runtime/cuda_calls.h"
#include "nvinfer1/runtime/tensor_format.h"
#include "tenon/nvinfer1.h"

// What is set on a context, and its shapes; context_run.cpp runs it.
namespace tenon::adapter {

using namespace nvinfer1;
using Code = nvinfer1::ErrorCode;

Context::Context(Engine& engine, const ContextSetup& setup)
    : engine_(engine), state_(engine.state()), report_(engine.reporter()), setup_(setup), shapes_(state_),
      addresses_(state_->count()), allocators_(state_->count()), specialized_(report_.sink()), nvtx_(engine.getProfilingVerbosity()) {
  IExecutionContext::mImpl = this;
}
Context::~Context() = default;

void Context::setName(char const* name) noexcept {
  guarded(report_, "IExecutionContext::setName", [&] { name_ = need(name, "name"); });
}

bool Context::setOptimizationProfile(int32_t profile) noexcept { return setOptimizationProfileAsync(profile, nullptr); }

bool Context::setOptimizationProfileAsync(int32_t profile, cudaStream_t) noexcept {
  return guarded(report_, "IExecutionContext::setOptimizationProfileAsync", false, [&] {
    shapes_.set_profile(profile);
    return true;
  });
}

int Context::binding(int32_t index) const {
  const int count = state_->count();
  if (index < 0 || index >= count * state_->profiles()) refuse(Code::kINVALID_ARGUMENT, "binding {}: the engine has bindings 0 to {}", index, count * state_->profiles() - 1);
  if (index / count != shapes_.profile())
    refuse(Code::kINVALID_ARGUMENT, "binding {} belongs to optimization profile {}, the context is on profile {}", index, index / count, shapes_.profile());
  return index % count;
}

bool Context::setBindingDimensions(int32_t index, Dims dims) noexcept {
  return guarded(report_, "IExecutionContext::setBindingDimensions", false, [&] {
    shapes_.set(binding(index), from_api_dims(dims, "'dimensions'"));
    return true;
  });
}

bool Context::setInputShape(char const* name, Dims const& dims) noexcept {
  return guarded(report_, "IExecutionContext::setInputShape", false, [&] {
    shapes_.set(state_->find(name), from_api_dims(dims, "'dims'"));
    return true;
  });
}

Dims Context::getBindingDimensions(int32_t index) const noexcept {
  return guarded(report_, "IExecutionContext::getBindingDimensions", kNoShape, [&] { return to_api_dims(shapes_.dims(binding(index))); });
}

Dims Context::getTensorShape(char const* name) const noexcept {
  return guarded(report_, "IExecutionContext::getTensorShape", kNoShape, [&] { return to_api_dims(shapes_.dims(state_->find(name))); });
}

namespace {

Dims strides(const EngineState& state, const Shapes& shapes, int tensor) {
  const auto dims = shapes.dims(tensor);
  for (size_t i = 0; i < dims.size(); ++i)
    if (dims[i] < 0) refuse(Code::kINVALID_STATE, "'{}': dim {} is not known yet; set the shapes of all inputs first", state.info().tensors[tensor].name, i);
  return to_api_dims(core::stored_strides(core_format(format_of(state.info().tensors[tensor])), dims));
}

}  // namespace

Dims Context::getStrides(int32_t index) const noexcept {
  return guarded(report_, "IExecutionContext::getStrides", kNoShape, [&] { return strides(*state_, shapes_, binding(index)); });
}

Dims Context::getTensorStrides(char const* name) const noexcept {
  return guarded(report_, "IExecutionContext::getTensorStrides", kNoShape, [&] { return strides(*state_, shapes_, state_->find(name)); });
}

bool Context::setInputShapeBinding(int32_t index, int32_t const* data) noexcept {
  return guarded(report_, "IExecutionContext::setInputShapeBinding", false, [&] {
    shapes_.set_values(binding(index), need(data, "data"));
    return true;
  });
}

bool Context::getShapeBinding(int32_t index, int32_t* data) const noexcept {
  return guarded(report_, "IExecutionContext::getShapeBinding", false, [&] {
    const int tensor = binding(index);
    const PlanTensor& t = state_->info().tensors[tensor];
    if (!t.shape_io) refuse(Code::kINVALID_ARGUMENT, "'{}' is no shape tensor", t.name);
    const auto values = shapes_.values(tensor);
    if (!values) refuse(Code::kINVALID_STATE, "the values of '{}' are not known yet; set the shapes of all inputs and the values of all shape tensors", t.name);
    for (size_t i = 0; i < values->size(); ++i) need(data, "data")[i] = static_cast<int32_t>((*values)[i]);
    return true;
  });
}

bool Context::allInputDimensionsSpecified() const noexcept {
  for (int i = 0; i < state_->count(); ++i)
    if (state_->info().tensors[i].is_input && !shapes_.dims_known(i)) return false;
  return true;
}

bool Context::allInputShapesSpecified() const noexcept {
  for (int i = 0; i < state_->count(); ++i)
    if (state_->info().tensors[i].is_input && !shapes_.values_known(i)) return false;
  return true;
}

int32_t Context::inferShapes(int32_t nbMaxNames, char const** names) noexcept {
  return guarded(report_, "IExecutionContext::inferShapes", -1, [&] {
    shapes_.read_values(addresses_);
    const std::vector<int> missing = shapes_.missing();
    for (int32_t i = 0; i < nbMaxNames && i < static_cast<int32_t>(missing.size()); ++i) need(names, "tensorNames")[i] = state_->info().tensors[missing[i]].name.c_str();
    if (missing.empty())
      for (int i = 0; i < state_->count(); ++i) shapes_.dims(i);
    return static_cast<int32_t>(missing.size());
  });
}

void Context::check_address(int tensor, const void* data) const {
  const PlanTensor& t = state_->info().tensors[tensor];
  const int32_t element = component_bytes(static_cast<DataType>(t.type));
  if (reinterpret_cast<uintptr_t>(data) % static_cast<uintptr_t>(element) != 0)
    refuse(Code::kINVALID_ARGUMENT, "the address {} of '{}' is not aligned to its elements of {} bytes", fmt::ptr(data), t.name, element);
  if (data && !t.on_host && !device().is_host() && !readable_by_gpu(data))
    refuse(Code::kINVALID_ARGUMENT, "the address {} of '{}' is host memory that the GPU can't reach; use cudaMalloc", fmt::ptr(data), t.name);
}

bool Context::setTensorAddress(char const* name, void* data) noexcept {
  return guarded(report_, "IExecutionContext::setTensorAddress", false, [&] {
    const int tensor = state_->find(name);
    check_address(tensor, data);
    addresses_[tensor] = data;
    return true;
  });
}

bool Context::setInputTensorAddress(char const* name, void const* data) noexcept {
  return guarded(report_, "IExecutionContext::setInputTensorAddress", false, [&] {
    const int tensor = state_->find(name);
    if (!state_->info().tensors[tensor].is_input) refuse(Code::kINVALID_ARGUMENT, "'{}' is an output; use setTensorAddress", name);
    check_address(tensor, data);
    addresses_[tensor] = const_cast<void*>(data);  // inputs are only read
    return true;
  });
}

bool Context::setOutputTensorAddress(char const* name, void* data) noexcept {
  return guarded(report_, "IExecutionContext::setOutputTensorAddress", false, [&] {
    const int tensor = state_->find(name);
    if (state_->info().tensors[tensor].is_input) refuse(Code::kINVALID_ARGUMENT, "'{}' is an input; use setInputTensorAddress", name);
    check_address(tensor, data);
    addresses_[tensor] = data;
    return true;
  });
}

void const* Context::getTensorAddress(char const* name) const noexcept {
  return guarded(report_, "IExecutionContext::getTensorAddress", static_cast<void const*>(nullptr), [&] { return static_cast<void const*>(addresses_[state_->find(name)]); });
}

void* Context::getOutputTensorAddress(char const* name) const noexcept {
  return guarded(report_, "IExecutionContext::getOutputTensorAddress", static_cast<void*>(nullptr), [&] {
    const int tensor = state_->find(name);
    if (state_->info().tensors[tensor].is_input) refuse(Code::kINVALID_ARGUMENT, "'{}' is an input", name);
    return addresses_[tensor];
  });
}

bool Context::setOutputAllocator(char const* name, IOutputAllocator* allocator) noexcept {
  return guarded(report_, "IExecutionContext::setOutputAllocator", false, [&] {
    const int tensor = state_->find(name);
    if (state_->info().tensors[tensor].is_input) refuse(Code::kINVALID_ARGUMENT, "'{}' is an input; allocators are for outputs", name);
    allocators_[tensor] = allocator;
    return true;
  });
}

IOutputAllocator* Context::getOutputAllocator(char const* name) noexcept {
  return guarded(report_, "IExecutionContext::getOutputAllocator", static_cast<IOutputAllocator*>(nullptr), [&] { return allocators_[state_->find(name)]; });
}

int64_t Context::getMaxOutputSize(char const* name) const noexcept {
  return guarded(report_, "IExecutionContext::getMaxOutputSize", int64_t{-1}, [&] {
    const int tensor = state_->find(name);
    if (state_->info().tensors[tensor].is_input) refuse(Code::kINVALID_ARGUMENT, "'{}' is an input", name);
    return shapes_.most_bytes(tensor, state_->info().implicit_batch ? state_->info().max_batch : 1);
  });
}

bool Context::setInputConsumedEvent(cudaEvent_t event) noexcept {
  input_consumed_ = event;
  return true;
}

bool Context::setTemporaryStorageAllocator(IGpuAllocator* allocator) noexcept {
  if (temporary_ != allocator) executions_.clear();
  temporary_ = allocator;
  return true;
}

bool Context::setNvtxVerbosity(ProfilingVerbosity verbosity) noexcept {
  return guarded(report_, "IExecutionContext::setNvtxVerbosity", false, [&] {
    const auto detail = [](ProfilingVerbosity v) { return v == ProfilingVerbosity::kDETAILED ? 2 : v == ProfilingVerbosity::kLAYER_NAMES_ONLY ? 1 : 0; };
    if (detail(verbosity) > detail(engine_.getProfilingVerbosity()))
      refuse(Code::kINVALID_ARGUMENT, "the engine was built with less detail: NVTX verbosity can only be lowered from {}", static_cast<int>(engine_.getProfilingVerbosity()));
    nvtx_ = verbosity;
    return true;
  });
}

void Context::setAuxStreams(cudaStream_t* streams, int32_t count) noexcept {
  guarded(report_, "IExecutionContext::setAuxStreams", [&] {
    if (count < 0) refuse(Code::kINVALID_ARGUMENT, "nbStreams is {}", count);
    if (count > 0) need(streams, "auxStreams");
    if (count > engine_.getNbAuxStreams())
      report_.log(ILogger::Severity::kVERBOSE, fmt::format("{} auxiliary streams were given, the engine uses {}", count, engine_.getNbAuxStreams()));
  });
}

void Context::setPersistentCacheLimit(size_t size) noexcept {
  persistent_cache_ = size;
  if (size > 0) report_.log(ILogger::Severity::kVERBOSE, "setPersistentCacheLimit: the persistent part of the L2 cache is left as the driver has it");
}

IRuntimeConfig* Context::getRuntimeConfig() const noexcept {
  return guarded(report_, "IExecutionContext::getRuntimeConfig", static_cast<IRuntimeConfig*>(nullptr), [&] {
    IRuntimeConfig* config = make_runtime_config(report_);
    config->setExecutionContextAllocationStrategy(setup_.strategy);
    specialize_shapes(*config, setup_.specializes);
    return config;
  });
}

}  // namespace tenon::adapter
