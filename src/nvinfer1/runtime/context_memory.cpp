#include "nvinfer1/runtime/context.h"

// Memory that the client lends to a context.
namespace tenon::adapter {

using namespace nvinfer1;
using Code = nvinfer1::ErrorCode;

namespace {
constexpr uintptr_t kAlignment = 64;
}  // namespace

void Context::setDeviceMemory(void* memory) noexcept { setDeviceMemoryV2(memory, engine_.getDeviceMemorySizeV2()); }

void Context::setDeviceMemoryV2(void* memory, int64_t size) noexcept {
  guarded(report_, "IExecutionContext::setDeviceMemory", [&] {
    if (setup_.strategy != ExecutionContextAllocationStrategy::kUSER_MANAGED)
      refuse(Code::kINVALID_STATE, "the context has memory of its own; make it with createExecutionContextWithoutDeviceMemory");
    if (reinterpret_cast<uintptr_t>(memory) % kAlignment != 0) refuse(Code::kINVALID_ARGUMENT, "the memory must be aligned to {} bytes", kAlignment + 0);
    if (was_captured_ && memory != device_memory_)
      report_.warning("IExecutionContext::setDeviceMemory: a run of this context was captured into a graph, which goes on using the memory that was set then");
    device_memory_ = memory;
    device_memory_bytes_ = size;
  });
}

void Context::lend_memory(core::Execution& execution) {
  if (setup_.strategy != ExecutionContextAllocationStrategy::kUSER_MANAGED) return;
  if (!device_memory_ && engine_.getDeviceMemorySizeForProfileV2(shapes_.profile()) > 0)
    refuse(Code::kINVALID_STATE, "the context has no memory: call setDeviceMemory with {} bytes", engine_.getDeviceMemorySizeV2());
  was_captured_ = was_captured_ || stream_->captured_by_caller();
  execution.set_arena({static_cast<std::byte*>(device_memory_), device_memory_ ? static_cast<size_t>(device_memory_bytes_) : 0});
}

size_t Context::updateDeviceMemorySizeForShapes() noexcept {
  return guarded(report_, "IExecutionContext::updateDeviceMemorySizeForShapes", size_t{0}, [&] {
    if (!shapes_.missing().empty()) refuse(Code::kINVALID_STATE, "input '{}' has no shape yet", state_->info().tensors[shapes_.missing()[0]].name);
    core::Execution probe(state_->plan()->engines[shapes_.profile()].program);
    for (int i = 0; i < state_->count(); ++i)
      if (state_->info().tensors[i].is_input) probe.set_input(state_->graph_index(i), core::Tensor(core_type(state_->info().tensors[i].type), shapes_.graph_dims(i, 1)));
    probe.bind();
    return static_cast<size_t>(probe.planned_arena_bytes());
  });
}

}  // namespace tenon::adapter
