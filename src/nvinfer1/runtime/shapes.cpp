#include "nvinfer1/runtime/shapes.h"

#include <cstring>

#include "base/error.h"
#include "ir/evaluate.h"
#include "nvinfer1/reporter.h"
#include "nvinfer1/runtime/tensor_format.h"

namespace tenon::adapter {

using Code = nvinfer1::ErrorCode;

namespace {

bool open(const std::vector<int64_t>& dims) { return std::find(dims.begin(), dims.end(), -1) != dims.end(); }

bool bound(const core::Dim& dim, const core::Bindings& bindings) {
  std::set<std::string> symbols;
  dim.collect_symbols(symbols);
  return std::all_of(symbols.begin(), symbols.end(), [&](const auto& s) { return bindings.count(s) > 0; });
}

int64_t known_or_open(const core::Dim& dim, const core::Bindings& bindings) { return bound(dim, bindings) ? dim.evaluate(bindings) : -1; }

/// A tensor of these dims for the binding of symbols; its elements are never read.
core::Tensor shape_only(DType dtype, const std::vector<int64_t>& dims) {
  const int64_t bytes = core::checked_mul(core::checked_product(dims), size_of(dtype));
  return core::Tensor::view(dtype, dims, {static_cast<const std::byte*>(nullptr), static_cast<size_t>(bytes)}, nullptr);
}

core::Tensor tensor_of_values(DType dtype, const std::vector<int64_t>& dims, const std::vector<int64_t>& values) { return core::from_int64s(dtype, dims, values); }

}  // namespace

Shapes::Shapes(std::shared_ptr<const EngineState> state) : state_(std::move(state)) { set_profile(0); }

void Shapes::set_profile(int profile) {
  state_->check_profile(profile);
  profile_ = profile;
  plan_ = state_->plan();
  dims_.assign(state_->count(), {});
  values_.assign(state_->count(), std::nullopt);
  for (int i = 0; i < state_->count(); ++i) {
    const PlanTensor& t = state_->info().tensors[i];
    if (t.is_input) dims_[i].assign(t.dims.begin(), t.dims.end());
  }
  changed();
}

void Shapes::changed() {
  with_values_ = nullptr;
  bindings_.reset();
}

const core::Graph& Shapes::graph() const {
  const core::Graph& plain = plan_->engines[profile_].program->graph();
  const bool any = std::any_of(values_.begin(), values_.end(), [](const auto& v) { return v.has_value(); });
  if (!any) return plain;
  if (with_values_) return *with_values_;
  auto graph = std::make_shared<core::Graph>(plain);
  for (int i = 0; i < state_->count(); ++i) {
    if (!values_[i]) continue;
    const core::Value input = graph->inputs()[state_->graph_index(i)];
    const core::Value constant = graph->add_constant(tensor_of_values(graph->type(input).dtype, dims_[i], *values_[i]));
    graph->apply({{{input, constant}}});
  }
  graph->reinfer();
  with_values_ = graph;
  return *with_values_;
}

const core::Type& Shapes::type(int tensor) const {
  const core::Graph& g = graph();
  const int place = state_->graph_index(tensor);
  return g.type(state_->info().tensors[tensor].is_input ? g.inputs()[place] : g.outputs()[place]);
}

void Shapes::set(int tensor, const std::vector<int32_t>& dims) {
  const PlanTensor& t = state_->info().tensors[tensor];
  if (!t.is_input) refuse(Code::kINVALID_ARGUMENT, "'{}' is an output; shapes are set for inputs", t.name);
  if (state_->info().implicit_batch) refuse(Code::kINVALID_STATE, "'{}': the network has an implicit batch, so its shapes are fixed", t.name);
  if (dims.size() != t.dims.size()) refuse(Code::kINVALID_ARGUMENT, "input '{}' is {}: {} dims are needed, {} has {}", t.name, text(t.dims), t.dims.size(), text(dims), dims.size());
  const PlanProfile::Shapes* range = profile_dims(state_->info(), profile_, t.name);
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] < 0) refuse(Code::kINVALID_ARGUMENT, "input '{}': dim {} of {} is negative", t.name, i, text(dims));
    if (t.dims[i] >= 0 && dims[i] != t.dims[i])
      refuse(Code::kINVALID_ARGUMENT, "input '{}' is {}: dim {} of {} can't be {}", t.name, text(t.dims), i, text(dims), dims[i]);
    if (range && i < range->min.size() && (dims[i] < range->min[i] || dims[i] > range->max[i]))
      refuse(Code::kINVALID_ARGUMENT, "input '{}': dim {} is {}; optimization profile {} takes {} to {}", t.name, i, dims[i], profile_, range->min[i], range->max[i]);
  }
  const std::vector<int64_t> wide(dims.begin(), dims.end());
  if (dims_[tensor] == wide) return;
  dims_[tensor] = wide;
  values_[tensor].reset();
  changed();
}

void Shapes::set_values(int tensor, const int32_t* values) {
  const PlanTensor& t = state_->info().tensors[tensor];
  if (!t.is_input || !t.shape_io) refuse(Code::kINVALID_ARGUMENT, "'{}' is no input shape tensor", t.name);
  if (open(dims_[tensor])) refuse(Code::kINVALID_STATE, "'{}': set its dims first", t.name);
  const int64_t count = core::checked_product(dims_[tensor]);
  std::vector<int64_t> given(values, values + count);
  const PlanProfile::Shapes* range = profile_values(state_->info(), profile_, t.name);
  for (size_t i = 0; range && i < given.size() && i < range->min.size(); ++i)
    if (given[i] < range->min[i] || given[i] > range->max[i])
      refuse(Code::kINVALID_ARGUMENT, "shape tensor '{}': value {} is {}; optimization profile {} takes {} to {}", t.name, i, given[i], profile_, range->min[i], range->max[i]);
  if (values_[tensor] == given) return;
  values_[tensor] = std::move(given);
  changed();
}

void Shapes::read_values(const std::vector<void*>& addresses) {
  for (int i = 0; i < state_->count(); ++i) {
    const PlanTensor& t = state_->info().tensors[i];
    if (!t.is_input || !t.shape_io || !addresses[i] || open(dims_[i])) continue;
    const DType dtype = core_type(t.type);
    const int64_t bytes = core::checked_mul(core::checked_product(dims_[i]), size_of(dtype));
    const auto values = core::to_int64s(core::Tensor::view(dtype, dims_[i], {static_cast<const std::byte*>(addresses[i]), static_cast<size_t>(bytes)}, nullptr));
    set_values(i, std::vector<int32_t>(values.begin(), values.end()).data());
  }
}

core::IoFormat Shapes::format(int tensor) const { return io_format(plan_->engines[profile_].data, state_->info().tensors[tensor].name); }

bool Shapes::dims_known(int tensor) const { return !open(dims_[tensor]); }
bool Shapes::values_known(int tensor) const { return !state_->info().tensors[tensor].shape_io || values_[tensor].has_value(); }

std::vector<int> Shapes::missing() const {
  std::vector<int> result;
  for (int i = 0; i < state_->count(); ++i)
    if (state_->info().tensors[i].is_input && (!dims_known(i) || !values_known(i))) result.push_back(i);
  return result;
}

const core::Bindings& Shapes::bindings(int64_t batch) const {
  if (bindings_ && bound_batch_ == batch) return *bindings_;
  core::Bindings result;
  const core::Graph& g = graph();
  for (int i = 0; i < state_->count(); ++i) {
    const PlanTensor& t = state_->info().tensors[i];
    if (!t.is_input || !dims_known(i)) continue;
    core::bind_symbols(type(i), shape_only(core_type(t.type), graph_dims(i, batch)), g.ranges, result, "input '" + t.name + "'");
  }
  bindings_ = std::move(result);
  bound_batch_ = batch;
  return *bindings_;
}

std::vector<int64_t> Shapes::graph_dims(int tensor, int64_t batch) const {
  std::vector<int64_t> result;
  if (state_->info().tensors[tensor].is_input) {
    const bool shared = type(tensor).rank() > 0 && type(tensor).shape[0] == core::Dim(1);  // by all of the batch
    if (state_->info().implicit_batch) result.push_back(shared ? 1 : batch);
    result.insert(result.end(), dims_[tensor].begin(), dims_[tensor].end());
    return core::stored_dims(format(tensor).format, result);
  }
  const core::Type& t = type(tensor);
  for (const core::Dim& d : t.shape) result.push_back(known_or_open(d, bindings(batch)));
  if (!t.ranked) result.assign(state_->info().tensors[tensor].dims.size(), -1);
  return result;
}

std::vector<int64_t> Shapes::dims(int tensor, int64_t batch) const {
  std::vector<int64_t> result = core::dense_dims(format(tensor), graph_dims(tensor, batch));
  if (state_->info().implicit_batch && !result.empty()) result.erase(result.begin());
  return result;
}

std::optional<std::vector<int64_t>> Shapes::values(int tensor) const {
  if (values_[tensor]) return values_[tensor];
  const PlanTensor& t = state_->info().tensors[tensor];
  if (t.is_input) return std::nullopt;
  const auto elements = graph().fact(graph().outputs()[state_->graph_index(tensor)]).elements();
  if (!elements) return std::nullopt;
  std::vector<int64_t> result;
  for (const core::Dim& d : *elements) {
    if (!bound(d, bindings(1))) return std::nullopt;
    result.push_back(d.evaluate(bindings(1)));
  }
  return result;
}

int64_t Shapes::most_bytes(int tensor, int64_t batch) const {
  const core::Type& t = type(tensor);
  const PlanTensor& info = state_->info().tensors[tensor];
  if (!t.ranked) return INT64_MAX;
  core::Ranges ranges = graph().ranges;
  for (const auto& [symbol, value] : bindings(batch)) ranges[symbol] = {value, value};
  std::vector<int64_t> dims;
  for (const core::Dim& d : t.shape) {
    dims.push_back(d.bounds(ranges).high);
    if (dims.back() == core::Interval::kUnbounded) return INT64_MAX;
  }
  return core::checked_mul(core::checked_product(dims), size_of(core_type(info.type)));
}

}  // namespace tenon::adapter
