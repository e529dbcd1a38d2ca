#include <cstring>

#include "base/error.h"
#include "nvinfer1/runtime/context.h"
#include "nvinfer1/runtime/cuda_calls.h"

namespace tenon::adapter {

using namespace nvinfer1;
using Code = nvinfer1::ErrorCode;
using core::Place;

namespace {

int64_t row_major_bytes(const std::vector<int64_t>& dims, int32_t type) { return core::checked_mul(core::checked_product(dims), size_of(core_type(type))); }

bool known(const std::vector<int64_t>& dims) { return std::find(dims.begin(), dims.end(), -1) == dims.end(); }

Place place_of(const PlanTensor& t) { return t.on_host ? Place::host : Place::device; }

}  // namespace

bool Context::execute(int32_t batchSize, void* const* bindings) noexcept {
  return guarded(report_, "IExecutionContext::execute", false, [&] {
    run_bindings(bindings, batchSize, own_stream(), nullptr);
    stream_->wait();
    return true;
  });
}

bool Context::enqueue(int32_t batchSize, void* const* bindings, cudaStream_t stream, cudaEvent_t* inputConsumed) noexcept {
  return guarded(report_, "IExecutionContext::enqueue", false, [&] {
    run_bindings(bindings, batchSize, borrow(stream), inputConsumed);
    return true;
  });
}

bool Context::executeV2(void* const* bindings) noexcept {
  return guarded(report_, "IExecutionContext::executeV2", false, [&] {
    run_bindings(bindings, 0, own_stream(), nullptr);
    stream_->wait();
    return true;
  });
}

bool Context::enqueueV2(void* const* bindings, cudaStream_t stream, cudaEvent_t* inputConsumed) noexcept {
  return guarded(report_, "IExecutionContext::enqueueV2", false, [&] {
    run_bindings(bindings, 0, borrow(stream), inputConsumed);
    return true;
  });
}

bool Context::enqueueV3(cudaStream_t stream) noexcept {
  return guarded(report_, "IExecutionContext::enqueueV3", false, [&] {
    if (state_->info().implicit_batch) refuse(Code::kINVALID_STATE, "the network has an implicit batch; use execute or enqueue with a batch size");
    run({addresses_, 1, borrow(stream), input_consumed_});
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

core::Device& Context::device() const { return state_->plan()->engines[0].program->device(); }

cudaStream_t Context::own_stream() { return borrow(nullptr, true); }

/// Makes `stream_` the caller's stream, or one of our own.
cudaStream_t Context::borrow(cudaStream_t stream, bool own) {
  if (stream_ && stream_handle_ == stream && stream_is_own_ == own) return stream;
  stream_ = own ? device().make_stream() : device().borrow_stream(stream);
  stream_handle_ = stream;
  stream_is_own_ = own;
  return stream;
}

void Context::check_ready(const Request& request) const {
  for (int i = 0; i < state_->count(); ++i) {
    const PlanTensor& t = state_->info().tensors[i];
    if (t.is_input && !shapes_.dims_known(i)) refuse(Code::kINVALID_STATE, "input '{}' is {}: set its shape before running", t.name, text(t.dims));
    if (!request.addresses[i] && !allocators_[i] && shapes_.most_bytes(i, request.batch) != 0)
      refuse(Code::kINVALID_STATE, "{} '{}' has no address{}", t.is_input ? "input" : "output", t.name, t.is_input ? "" : " and no output allocator");
  }
}

void Context::run(const Request& request) {
  shapes_.read_values(request.addresses);
  check_ready(request);
  kernels_ = choose_kernels(request);
  kernels_profile_ = shapes_.profile();
  core::Execution& execution = this->execution(*kernels_);
  lend_memory(execution);
  set_inputs(execution, request);
  set_outputs(execution, request);
  execution.set_verbosity(nvtx_ == ProfilingVerbosity::kNONE ? Verbosity::none : nvtx_ == ProfilingVerbosity::kDETAILED ? Verbosity::detailed : Verbosity::names);
  core::RunOptions options;
  times_.clear();
  if (profiler_) options.times = &times_;
  if (listener_ && (debug_unfused_ || !debug_tensors_.empty()))
    options.observe = [&](core::Value value, const core::HostValue& tensor) { observe(value, tensor, request.stream); };
  execution.enqueue(*stream_, options);
  give_outputs(execution, request);
  record_event(request.consumed, request.stream, !device().is_host());
  if (debug_sync_) stream_->wait();
  if (profiler_ && emits_profile_) report_times();
}

void Context::set_inputs(core::Execution& execution, const Request& request) {
  for (int i = 0; i < state_->count(); ++i) {
    const PlanTensor& t = state_->info().tensors[i];
    if (!t.is_input) continue;
    auto dims = shapes_.graph_dims(i, request.batch);
    const auto bytes = static_cast<size_t>(row_major_bytes(dims, t.type));
    auto* data = static_cast<std::byte*>(request.addresses[i]);
    if (place_of(t) == Place::device && !device().is_host()) {
      execution.set_device_input(state_->graph_index(i), data, std::move(dims));
      continue;
    }
    execution.set_input(state_->graph_index(i), core::Tensor::view(core_type(t.type), std::move(dims), {data, bytes}, nullptr));
  }
}

/// Its dims are known before the run: written straight into the caller's memory.
bool Context::in_place(int tensor, int64_t batch) const { return known(shapes_.graph_dims(tensor, batch)); }

void Context::allocate_output(int tensor, int64_t bytes, const Request& request) {
  if (!allocators_[tensor]) return;
  const std::string& name = state_->info().tensors[tensor].name;
  targets_[tensor] = allocators_[tensor]->reallocateOutputAsync(name.c_str(), request.addresses[tensor], static_cast<uint64_t>(bytes), 256, request.stream);
  if (!targets_[tensor] && bytes > 0) refuse(Code::kFAILED_ALLOCATION, "the output allocator of '{}' gave no memory for {} bytes", name, bytes);
}

void Context::set_outputs(core::Execution& execution, const Request& request) {
  targets_ = request.addresses;
  for (int i = 0; i < state_->count(); ++i) {
    const PlanTensor& t = state_->info().tensors[i];
    if (t.is_input) continue;
    std::span<std::byte> buffer;
    if (in_place(i, request.batch)) {
      const int64_t bytes = row_major_bytes(shapes_.graph_dims(i, request.batch), t.type);
      allocate_output(i, bytes, request);
      buffer = {static_cast<std::byte*>(targets_[i]), static_cast<size_t>(bytes)};
    }
    execution.set_output_buffer(state_->graph_index(i), buffer, place_of(t));
  }
}

/// Copies an output whose dims only the run could tell.
void Context::copy_output(core::Execution& execution, int tensor, const Request& request, const std::vector<int64_t>& dims) {
  const PlanTensor& t = state_->info().tensors[tensor];
  const core::OutputRef result = execution.output(state_->graph_index(tensor));
  const auto* box = result.box ? std::get_if<core::Tensor>(result.box) : nullptr;
  const void* from = box ? box->bytes().data() : result.data;
  const Place from_place = box ? Place::host : Place::device;
  const int64_t bytes = row_major_bytes(dims, t.type);
  allocate_output(tensor, bytes, request);
  if (bytes == 0) return;
  stream_->copy(targets_[tensor], place_of(t), from, from_place, bytes);
  stream_->wait();
}

void Context::give_outputs(core::Execution& execution, const Request& request) {
  for (int i = 0; i < state_->count(); ++i) {
    const PlanTensor& t = state_->info().tensors[i];
    if (t.is_input) continue;
    const core::OutputRef result = execution.output(state_->graph_index(i));
    const auto* box = result.box ? std::get_if<core::Tensor>(result.box) : nullptr;
    if (!box && !result.dims) refuse(Code::kFAILED_EXECUTION, "output '{}' is no tensor", t.name);
    std::vector<int64_t> dims = box ? box->dims() : *result.dims;
    if (!in_place(i, request.batch)) copy_output(execution, i, request, dims);
    if (!allocators_[i]) continue;
    dims = core::dense_dims(shapes_.format(i), dims);
    if (state_->info().implicit_batch) dims.erase(dims.begin());
    allocators_[i]->notifyShape(t.name.c_str(), to_api_dims(dims));
  }
}

}  // namespace tenon::adapter
