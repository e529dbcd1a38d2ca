#include <algorithm>

#include "nvinfer1/runtime/context.h"
#include "nvinfer1/runtime/layer_info.h"

// Profiler rows and debug tensors of a context.
namespace tenon::adapter {

using namespace nvinfer1;
using Code = nvinfer1::ErrorCode;

namespace {

DataType type_of(const core::Tensor& tensor) { return static_cast<DataType>(api_type(tensor.dtype())); }

const std::string& name_of(const core::Graph& g, core::Value value) {
  for (int i = 0; i < static_cast<int>(g.outputs().size()); ++i)
    if (g.outputs()[i] == value) return g.output_name(i);
  return g.name_of(value);
}

/// A step with bodies is followed by their steps, whose times (sums over its trips) are parts of its own.
void report_steps(IProfiler& profiler, const core::Program& program, const std::vector<core::StepTime>& times, const std::string& prefix) {
  for (const core::StepTime& time : times) {
    const core::Step& step = program.plan().steps[time.step];
    const std::string name = prefix + layer_name(program, step);
    profiler.reportLayerTime(name.c_str(), static_cast<float>(time.us / 1000.0));
    for (size_t i = 0; i < time.bodies.size(); ++i) report_steps(profiler, *program.bodies(step.node)[i], time.bodies[i], name + " > ");
  }
}

}  // namespace

bool Context::reportToProfiler() const noexcept {
  return guarded(report_, "IExecutionContext::reportToProfiler", false, [&] {
    if (!profiler_) refuse(Code::kINVALID_STATE, "no profiler is set; call setProfiler before running");
    if (times_.empty()) refuse(Code::kINVALID_STATE, "nothing ran since the profiler was set");
    report_times();
    return true;
  });
}

void Context::report_times() const {
  report_steps(*profiler_, *kernels_->program, times_, "");
}

bool Context::setDebugListener(IDebugListener* listener) noexcept {
  listener_ = listener;
  return true;
}

bool Context::setTensorDebugState(char const* name, bool flag) noexcept {
  return guarded(report_, "IExecutionContext::setTensorDebugState", false, [&] {
    const auto& known = state_->info().debug_tensors;
    if (std::find(known.begin(), known.end(), need(name, "name")) == known.end())
      refuse(Code::kINVALID_ARGUMENT, "'{}' is no debug tensor; mark it with INetworkDefinition::markDebug before the build", name);
    if (flag) debug_tensors_.insert(name);
    else debug_tensors_.erase(name);
    return true;
  });
}

bool Context::getDebugState(char const* name) const noexcept { return name && debug_tensors_.count(std::string_view(name)) > 0; }

bool Context::setAllTensorsDebugState(bool flag) noexcept {
  debug_tensors_.clear();
  if (flag) debug_tensors_.insert(state_->info().debug_tensors.begin(), state_->info().debug_tensors.end());
  return true;
}

bool Context::setUnfusedTensorsDebugState(bool flag) noexcept {
  debug_unfused_ = flag;
  return true;
}

void Context::observe(core::Value value, const core::HostValue& host, cudaStream_t stream) const {
  const core::Tensor* tensor = std::get_if<core::Tensor>(&host);
  const std::string& name = name_of(kernels_->program->graph(), value);
  if (!tensor || name.empty() || tensor->dtype() == DType::string) return;
  if (!debug_unfused_ && debug_tensors_.count(name) == 0) return;
  const Dims dims = to_api_dims(tensor->dims());
  if (!listener_->processDebugTensor(tensor->bytes().data(), TensorLocation::kHOST, type_of(*tensor), dims, name.c_str(), stream))
    refuse(Code::kFAILED_EXECUTION, "the debug listener refused tensor '{}'", name);
}

}  // namespace tenon::adapter
