#include <dlfcn.h>

#include <cstring>

#include "base/error.h"
#include "nvinfer1/runtime/context.h"
#include "nvinfer1/runtime/tensor_format.h"

namespace tenon::adapter {

using namespace nvinfer1;
using Code = nvinfer1::ErrorCode;

namespace {

/// Records a caller's event on the CPU, where all work is done when a call returns: through the CUDA runtime that the
/// caller links, which may be the stand-in of `tenon host-run`.
void record(cudaEvent_t event, cudaStream_t stream) {
  if (!event) return;
  using Record = int (*)(cudaEvent_t, cudaStream_t);
  static const auto record_event = reinterpret_cast<Record>(dlsym(RTLD_DEFAULT, "cudaEventRecord"));
  if (!record_event) refuse(Code::kUNSUPPORTED_STATE, "an event was given, but this process has no CUDA runtime that could record it");
  if (const int status = record_event(event, stream)) refuse(Code::kFAILED_EXECUTION, "cudaEventRecord failed with error {}", status);
}

int64_t row_major_bytes(const std::vector<int64_t>& dims, int32_t type) { return core::checked_mul(core::checked_product(dims), size_of(core_type(type))); }

bool known(const std::vector<int64_t>& dims) { return std::find(dims.begin(), dims.end(), -1) == dims.end(); }

}  // namespace

bool Context::execute(int32_t batchSize, void* const* bindings) noexcept {
  return guarded(report_, "IExecutionContext::execute", false, [&] {
    run_bindings(bindings, batchSize, nullptr, nullptr);
    return true;
  });
}

bool Context::enqueue(int32_t batchSize, void* const* bindings, cudaStream_t stream, cudaEvent_t* inputConsumed) noexcept {
  return guarded(report_, "IExecutionContext::enqueue", false, [&] {
    run_bindings(bindings, batchSize, stream, inputConsumed);
    return true;
  });
}

bool Context::executeV2(void* const* bindings) noexcept {
  return guarded(report_, "IExecutionContext::executeV2", false, [&] {
    run_bindings(bindings, 0, nullptr, nullptr);
    return true;
  });
}

bool Context::enqueueV2(void* const* bindings, cudaStream_t stream, cudaEvent_t* inputConsumed) noexcept {
  return guarded(report_, "IExecutionContext::enqueueV2", false, [&] {
    run_bindings(bindings, 0, stream, inputConsumed);
    return true;
  });
}

bool Context::enqueueV3(cudaStream_t stream) noexcept {
  return guarded(report_, "IExecutionContext::enqueueV3", false, [&] {
    if (state_->info().implicit_batch) refuse(Code::kINVALID_STATE, "the network has an implicit batch; use execute or enqueue with a batch size");
    run({addresses_, 1, stream, input_consumed_});
    return true;
  });
}

/// `batch` 0: a call for networks with explicit batch.
void Context::run_bindings(void* const* bindings, int64_t batch, cudaStream_t stream, cudaEvent_t* consumed) {
  const PlanInfo& info = state_->info();
  if (info.implicit_batch && batch == 0) refuse(Code::kINVALID_STATE, "the network has an implicit batch; use execute or enqueue with a batch size");
  if (!info.implicit_batch && batch != 0 && batch != 1) refuse(Code::kINVALID_STATE, "the network has an explicit batch; use enqueueV2, enqueueV3 or executeV2");
  if (info.implicit_batch && (batch < 1 || batch > info.max_batch)) refuse(Code::kINVALID_ARGUMENT, "the batch is {}, the engine takes 1 to {}", batch, info.max_batch);
  need(bindings, "bindings");
  const size_t first = static_cast<size_t>(state_->count()) * static_cast<size_t>(shapes_.profile());
  Request request;
  request.addresses.assign(bindings + first, bindings + first + state_->count());
  for (int i = 0; i < state_->count(); ++i) check_address(i, request.addresses[i]);
  request.batch = std::max<int64_t>(batch, 1);
  request.stream = stream;
  request.consumed = consumed ? *consumed : nullptr;
  run(request);
}

core::Execution& Context::execution() {
  if (generation_ != state_->generation() || executions_.empty()) {
    generation_ = state_->generation();
    executions_.clear();
    executions_.resize(state_->profiles());
  }
  auto& execution = executions_[shapes_.profile()];
  if (!execution) execution = std::make_unique<core::Execution>(state_->plan()->engines[shapes_.profile()].program);
  return *execution;
}

void Context::run(const Request& request) {
  const PlanInfo& info = state_->info();
  shapes_.read_values(request.addresses);
  for (int i = 0; i < state_->count(); ++i) {
    const PlanTensor& t = info.tensors[i];
    if (t.is_input && !shapes_.dims_known(i)) refuse(Code::kINVALID_STATE, "input '{}' is {}: set its shape before running", t.name, text(t.dims));
    if (!request.addresses[i] && !allocators_[i] && shapes_.most_bytes(i, request.batch) != 0)
      refuse(Code::kINVALID_STATE, "{} '{}' has no address{}", t.is_input ? "input" : "output", t.name, t.is_input ? "" : " and no output allocator");
  }
  core::Execution& execution = this->execution();
  set_inputs(execution, request);
  set_outputs(execution, request);
  core::RunOptions options;
  times_.clear();
  if (profiler_) options.times = &times_;
  if (listener_ && (debug_unfused_ || !debug_tensors_.empty()))
    options.observe = [&](core::Value value, const core::HostValue& tensor) { observe(value, tensor, request.stream); };
  execution.run(options);
  give_outputs(execution, request);
  record(request.consumed, request.stream);
  if (profiler_ && emits_profile_) report_times();
}

std::byte* Context::staging(int tensor, int64_t bytes) {
  auto& buffer = staging_[tensor];
  if (static_cast<int64_t>(buffer.size()) < bytes) buffer.resize(static_cast<size_t>(bytes));
  return buffer.data();
}

void Context::set_inputs(core::Execution& execution, const Request& request) {
  for (int i = 0; i < state_->count(); ++i) {
    const PlanTensor& t = state_->info().tensors[i];
    if (!t.is_input) continue;
    const auto dims = shapes_.graph_dims(i, request.batch);
    const DType dtype = core_type(t.type);
    const int64_t bytes = row_major_bytes(dims, t.type);
    const void* data = request.addresses[i];
    const TensorFormat format = choose_format(t.formats);
    if (format != TensorFormat::kLINEAR && bytes > 0) {
      unpack(format, dims, size_of(dtype), data, staging(i, bytes));
      data = staging(i, bytes);
    }
    execution.set_input(state_->graph_index(i), core::Tensor::view(dtype, dims, {static_cast<const std::byte*>(data), static_cast<size_t>(bytes)}, nullptr));
  }
}

/// Outputs whose dims are known are written in place; the others are copied when they are.
void Context::set_outputs(core::Execution& execution, const Request& request) {
  targets_ = request.addresses;
  for (int i = 0; i < state_->count(); ++i) {
    const PlanTensor& t = state_->info().tensors[i];
    if (t.is_input) continue;
    const auto dims = shapes_.graph_dims(i, request.batch);
    const bool direct = known(dims) && choose_format(t.formats) == TensorFormat::kLINEAR;
    const int64_t bytes = direct ? row_major_bytes(dims, t.type) : 0;
    if (direct && allocators_[i]) {
      targets_[i] = allocators_[i]->reallocateOutputAsync(t.name.c_str(), request.addresses[i], static_cast<uint64_t>(bytes), 256, request.stream);
      if (!targets_[i] && bytes > 0) refuse(Code::kFAILED_ALLOCATION, "the output allocator of '{}' gave no memory for {} bytes", t.name, bytes);
    }
    execution.set_output_buffer(state_->graph_index(i), direct ? std::span(static_cast<std::byte*>(targets_[i]), static_cast<size_t>(bytes)) : std::span<std::byte>());
  }
}

void Context::give_outputs(core::Execution& execution, const Request& request) {
  for (int i = 0; i < state_->count(); ++i) {
    const PlanTensor& t = state_->info().tensors[i];
    if (t.is_input) continue;
    const bool in_place = known(shapes_.graph_dims(i, request.batch)) && choose_format(t.formats) == TensorFormat::kLINEAR;
    const core::HostValue value = execution.output(state_->graph_index(i)).value();
    const core::Tensor* tensor = std::get_if<core::Tensor>(&value);
    if (!tensor) refuse(Code::kFAILED_EXECUTION, "output '{}' is no tensor", t.name);
    std::vector<int64_t> dims = tensor->dims();
    if (!in_place) {
      const TensorFormat format = choose_format(t.formats);
      const int64_t bytes = format_bytes(format, dims, size_of(tensor->dtype()));
      if (allocators_[i]) {
        targets_[i] = allocators_[i]->reallocateOutputAsync(t.name.c_str(), request.addresses[i], static_cast<uint64_t>(bytes), 256, request.stream);
        if (!targets_[i] && bytes > 0) refuse(Code::kFAILED_ALLOCATION, "the output allocator of '{}' gave no memory for {} bytes", t.name, bytes);
      }
      if (bytes > 0) pack(format, dims, size_of(tensor->dtype()), tensor->bytes().data(), targets_[i]);
    }
    if (!allocators_[i]) continue;
    if (state_->info().implicit_batch) dims.erase(dims.begin());
    allocators_[i]->notifyShape(t.name.c_str(), to_api_dims(dims));
  }
}

}  // namespace tenon::adapter
