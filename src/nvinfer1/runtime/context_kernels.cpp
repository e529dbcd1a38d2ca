#include "nvinfer1/runtime/context.h"
#include "nvinfer1/runtime/memory_source.h"
#include "tenon/nvinfer1.h"

// Which kernels a context runs.
namespace tenon::adapter {

using Kernels = std::shared_ptr<const core::Built>;

Kernels Context::own_kernels() const {
  const auto plan = state_->plan();
  return Kernels(plan, &plan->engines[shapes_.profile()]);
}

Kernels Context::kernels() const { return kernels_ && kernels_profile_ == shapes_.profile() ? kernels_ : own_kernels(); }

/// Kernels that never ran are not begun with while the caller records a graph: their first run takes memory.
Kernels Context::choose_kernels(const Request& request) {
  if (generation_ != state_->generation()) executions_.clear();
  generation_ = state_->generation();
  if (!setup_.specializes) return own_kernels();
  Kernels best = specialized_.find(*state_, shapes_, request.batch);
  const bool ran = executions_.count(best->program.get()) > 0;
  return !ran && stream_->captured_by_caller() ? own_kernels() : best;
}

core::Execution& Context::execution(const core::Built& kernels) {
  auto& execution = executions_[kernels.program.get()];
  if (!execution) {
    nvinfer1::IGpuAllocator* allocator = temporary_ ? temporary_ : state_->allocator();
    execution = std::make_unique<core::Execution>(kernels.program, allocator ? make_memory_source(*allocator, kernels.program) : nullptr);
  }
  return *execution;
}

}  // namespace tenon::adapter

void tenon::wait_for_kernels(nvinfer1::IExecutionContext const& context) noexcept { adapter::Context::of(context).wait_for_kernels(); }
