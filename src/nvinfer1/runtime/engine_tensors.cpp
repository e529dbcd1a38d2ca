#include "nvinfer1/runtime/engine.h"
#include "nvinfer1/runtime/tensor_format.h"

// What an engine tells about its inputs and outputs, by name and by the older binding index.
namespace tenon::adapter {

using namespace nvinfer1;
using Code = nvinfer1::ErrorCode;

namespace {

core::FormatTraits traits_of(const PlanTensor& t) { return core::traits(core_format(format_of(t))); }

int32_t vectorized_dim(const PlanTensor& t) {
  const core::FormatTraits f = traits_of(t);
  return f.components == 1 ? -1 : static_cast<int32_t>(t.dims.size()) - f.axis_from_end;
}

const char* format_text(const PlanTensor& t) { return describe_format(format_of(t), static_cast<DataType>(t.type)); }

}  // namespace

int32_t Engine::getNbIOTensors() const noexcept { return state_->count(); }

char const* Engine::getIOTensorName(int32_t index) const noexcept {
  return guarded(report_, "ICudaEngine::getIOTensorName", static_cast<char const*>(nullptr), [&] {
    if (index < 0 || index >= state_->count()) refuse(Code::kINVALID_ARGUMENT, "index {}: the engine has tensors 0 to {}", index, state_->count() - 1);
    return state_->info().tensors[index].name.c_str();
  });
}

Dims Engine::getTensorShape(char const* name) const noexcept {
  return guarded(report_, "ICudaEngine::getTensorShape", kNoShape, [&] { return to_api_dims(state_->tensor(name).dims); });
}

DataType Engine::getTensorDataType(char const* name) const noexcept {
  return guarded(report_, "ICudaEngine::getTensorDataType", DataType::kFLOAT, [&] { return static_cast<DataType>(state_->tensor(name).type); });
}

TensorLocation Engine::getTensorLocation(char const* name) const noexcept {
  return guarded(report_, "ICudaEngine::getTensorLocation", TensorLocation::kDEVICE,
                 [&] { return state_->tensor(name).on_host ? TensorLocation::kHOST : TensorLocation::kDEVICE; });
}

bool Engine::isShapeInferenceIO(char const* name) const noexcept {
  return guarded(report_, "ICudaEngine::isShapeInferenceIO", false, [&] { return state_->tensor(name).shape_io; });
}

TensorIOMode Engine::getTensorIOMode(char const* name) const noexcept {
  return guarded(report_, "ICudaEngine::getTensorIOMode", TensorIOMode::kNONE,
                 [&] { return state_->tensor(name).is_input ? TensorIOMode::kINPUT : TensorIOMode::kOUTPUT; });
}

int32_t Engine::getTensorBytesPerComponentV2(char const* name, int32_t profile) const noexcept {
  return guarded(report_, "ICudaEngine::getTensorBytesPerComponent", -1, [&] {
    state_->check_profile(profile);
    return component_bytes(static_cast<DataType>(state_->tensor(name).type));
  });
}

int32_t Engine::getTensorComponentsPerElementV2(char const* name, int32_t profile) const noexcept {
  return guarded(report_, "ICudaEngine::getTensorComponentsPerElement", -1, [&] {
    state_->check_profile(profile);
    return traits_of(state_->tensor(name)).components;
  });
}

TensorFormat Engine::getTensorFormatV2(char const* name, int32_t profile) const noexcept {
  return guarded(report_, "ICudaEngine::getTensorFormat", TensorFormat::kLINEAR, [&] {
    state_->check_profile(profile);
    return format_of(state_->tensor(name));
  });
}

char const* Engine::getTensorFormatDescV2(char const* name, int32_t profile) const noexcept {
  return guarded(report_, "ICudaEngine::getTensorFormatDesc", "", [&] {
    state_->check_profile(profile);
    return format_text(state_->tensor(name));
  });
}

int32_t Engine::getTensorVectorizedDimV2(char const* name, int32_t profile) const noexcept {
  return guarded(report_, "ICudaEngine::getTensorVectorizedDim", -1, [&] {
    state_->check_profile(profile);
    return vectorized_dim(state_->tensor(name));
  });
}

int32_t Engine::getTensorBytesPerComponent(char const* name) const noexcept { return getTensorBytesPerComponentV2(name, 0); }
int32_t Engine::getTensorComponentsPerElement(char const* name) const noexcept { return getTensorComponentsPerElementV2(name, 0); }
TensorFormat Engine::getTensorFormat(char const* name) const noexcept { return getTensorFormatV2(name, 0); }
char const* Engine::getTensorFormatDesc(char const* name) const noexcept { return getTensorFormatDescV2(name, 0); }
int32_t Engine::getTensorVectorizedDim(char const* name) const noexcept { return getTensorVectorizedDimV2(name, 0); }

Dims Engine::getProfileShape(char const* name, int32_t profile, OptProfileSelector select) const noexcept {
  return guarded(report_, "ICudaEngine::getProfileShape", kNoShape, [&] {
    const PlanTensor& t = state_->tensor(name);
    state_->check_profile(profile);
    if (!t.is_input) refuse(Code::kINVALID_ARGUMENT, "'{}' is an output; profiles have shapes of inputs", t.name);
    const PlanProfile::Shapes* shapes = profile_dims(state_->info(), profile, t.name);
    return to_api_dims(shapes ? pick(*shapes, select) : t.dims);
  });
}

int32_t const* Engine::getProfileTensorValues(char const* name, int32_t profile, OptProfileSelector select) const noexcept {
  return guarded(report_, "ICudaEngine::getProfileTensorValues", static_cast<int32_t const*>(nullptr), [&]() -> int32_t const* {
    const PlanTensor& t = state_->tensor(name);
    state_->check_profile(profile);
    const PlanProfile::Shapes* values = profile_values(state_->info(), profile, t.name);
    return values ? pick(*values, select).data() : nullptr;
  });
}

int64_t const* Engine::getProfileTensorValuesV2(char const* name, int32_t profile, OptProfileSelector select) const noexcept {
  return guarded(report_, "ICudaEngine::getProfileTensorValuesV2", static_cast<int64_t const*>(nullptr), [&]() -> int64_t const* {
    const PlanTensor& t = state_->tensor(name);
    state_->check_profile(profile);
    const PlanProfile::Shapes* values = profile_values(state_->info(), profile, t.name);
    if (!values) return nullptr;
    const std::vector<int32_t>& narrow = pick(*values, select);
    std::lock_guard lock(mutex_);
    return wide_values_.try_emplace(&narrow, narrow.begin(), narrow.end()).first->second.data();
  });
}

// Bindings: the tensors once per profile. Those of profile k > 0 are named "<tensor> [profile k]".

int32_t Engine::getNbBindings() const noexcept { return state_->count() * state_->profiles(); }

const PlanTensor& Engine::binding(int32_t index) const {
  if (index < 0 || index >= getNbBindings()) refuse(Code::kINVALID_ARGUMENT, "binding {}: the engine has bindings 0 to {}", index, getNbBindings() - 1);
  return state_->info().tensors[index % state_->count()];
}

int32_t Engine::getBindingIndex(char const* name) const noexcept {
  return guarded(report_, "ICudaEngine::getBindingIndex", -1, [&] {
    const std::string wanted = need(name, "name");
    for (int32_t i = 0; i < getNbBindings(); ++i)
      if (wanted == getBindingName(i)) return i;
    return -1;
  });
}

char const* Engine::getBindingName(int32_t index) const noexcept {
  return guarded(report_, "ICudaEngine::getBindingName", static_cast<char const*>(nullptr), [&] {
    const PlanTensor& t = binding(index);
    if (profile_of(index) == 0) return t.name.c_str();
    std::lock_guard lock(mutex_);
    return binding_names_.try_emplace(index, fmt::format("{} [profile {}]", t.name, profile_of(index))).first->second.c_str();
  });
}

bool Engine::bindingIsInput(int32_t index) const noexcept {
  return guarded(report_, "ICudaEngine::bindingIsInput", false, [&] { return binding(index).is_input; });
}

Dims Engine::getBindingDimensions(int32_t index) const noexcept {
  return guarded(report_, "ICudaEngine::getBindingDimensions", kNoShape, [&] { return to_api_dims(binding(index).dims); });
}

DataType Engine::getBindingDataType(int32_t index) const noexcept {
  return guarded(report_, "ICudaEngine::getBindingDataType", DataType::kFLOAT, [&] { return static_cast<DataType>(binding(index).type); });
}

TensorLocation Engine::getLocation(int32_t index) const noexcept {
  return guarded(report_, "ICudaEngine::getLocation", TensorLocation::kDEVICE, [&] { return binding(index).on_host ? TensorLocation::kHOST : TensorLocation::kDEVICE; });
}

int32_t Engine::getBindingBytesPerComponent(int32_t index) const noexcept {
  return guarded(report_, "ICudaEngine::getBindingBytesPerComponent", -1, [&] { return component_bytes(static_cast<DataType>(binding(index).type)); });
}

int32_t Engine::getBindingComponentsPerElement(int32_t index) const noexcept {
  return guarded(report_, "ICudaEngine::getBindingComponentsPerElement", -1, [&] { return traits_of(binding(index)).components; });
}

TensorFormat Engine::getBindingFormat(int32_t index) const noexcept {
  return guarded(report_, "ICudaEngine::getBindingFormat", TensorFormat::kLINEAR, [&] { return format_of(binding(index)); });
}

char const* Engine::getBindingFormatDesc(int32_t index) const noexcept {
  return guarded(report_, "ICudaEngine::getBindingFormatDesc", "", [&] { return format_text(binding(index)); });
}

int32_t Engine::getBindingVectorizedDim(int32_t index) const noexcept {
  return guarded(report_, "ICudaEngine::getBindingVectorizedDim", -1, [&] { return vectorized_dim(binding(index)); });
}

Dims Engine::getProfileDimensions(int32_t index, int32_t profile, OptProfileSelector select) const noexcept {
  return guarded(report_, "ICudaEngine::getProfileDimensions", kNoShape, [&] { return getProfileShape(binding(index).name.c_str(), profile, select); });
}

int32_t const* Engine::getProfileShapeValues(int32_t profile, int32_t input, OptProfileSelector select) const noexcept {
  return guarded(report_, "ICudaEngine::getProfileShapeValues", static_cast<int32_t const*>(nullptr),
                 [&] { return getProfileTensorValues(binding(input).name.c_str(), profile, select); });
}

bool Engine::isShapeBinding(int32_t index) const noexcept {
  return guarded(report_, "ICudaEngine::isShapeBinding", false, [&] { return binding(index).shape_io; });
}

bool Engine::isExecutionBinding(int32_t index) const noexcept {
  return guarded(report_, "ICudaEngine::isExecutionBinding", false, [&] { return binding(index).execution; });
}

}  // namespace tenon::adapter
