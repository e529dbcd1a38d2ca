#include "nvinfer1/runtime/engine_state.h"

#include "api/engine_impl.h"
#include "base/error.h"
#include "engine/graph_codec.h"
#include "nvinfer1/reporter.h"
#include "nvinfer1/runtime/tensor_format.h"
#include "tenon/specialize.h"

namespace tenon::adapter {

using nvinfer1::Dims;
using Code = nvinfer1::ErrorCode;

namespace {

template <class T>
Dims convert(const std::vector<T>& dims) {
  if (dims.size() > static_cast<size_t>(Dims::MAX_DIMS)) return kNoShape;
  Dims result{static_cast<int32_t>(dims.size()), {}};
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] > INT32_MAX) return kNoShape;
    result.d[i] = static_cast<int32_t>(dims[i]);
  }
  return result;
}

/// The place of a tensor among the inputs or outputs of a graph; -1 when there is none.
int place_of(const core::Graph& g, const PlanTensor& t) {
  const int count = static_cast<int>(t.is_input ? g.inputs().size() : g.outputs().size());
  for (int i = 0; i < count; ++i)
    if ((t.is_input ? g.input_name(i) : g.output_name(i)) == t.name) return i;
  return -1;
}

void check_tensor(const core::Built& built, const PlanInfo& info, const PlanTensor& t, int place) {
  const core::Graph& g = built.program->graph();
  const core::IoFormat io = io_format(built.data, t.name);
  if (io.format != core_format(format_of(t))) core::corrupt(fmt::format("'{}' has another format in the plan than in its engine", t.name));
  const core::Type& type = g.type(t.is_input ? g.inputs()[place] : g.outputs()[place]);
  const size_t rank = t.dims.size() + (info.implicit_batch ? 1 : 0);
  if (!type.is_tensor() || type.dtype == DType::string)
    core::fail(ErrorCode::usage, "'{}' is {}: the nvinfer1 API has tensors of numbers only; use tenon::Engine", t.name, type.str());
  if (size_of(type.dtype) != size_of(core_type(t.type)))
    core::fail(ErrorCode::usage, "'{}' is {}: the nvinfer1 API has no such type; cast it in the model, or use tenon::Engine", t.name, type.str());
  if (type.ranked && core::dense_shape(io, type.shape).size() != rank) core::corrupt(fmt::format("'{}' is {} in the graph and {} in the plan", t.name, type.str(), text(t.dims)));
}

}  // namespace

Dims to_api_dims(const std::vector<int32_t>& dims) { return convert(dims); }
Dims to_api_dims(const std::vector<int64_t>& dims) { return convert(dims); }

std::vector<int32_t> from_api_dims(const Dims& dims, const char* what) {
  if (dims.nbDims < 0 || dims.nbDims > Dims::MAX_DIMS)
    refuse(Code::kINVALID_ARGUMENT, "{} has nbDims {}; 0 to {} can be", what, dims.nbDims, Dims::MAX_DIMS + 0);
  std::vector<int32_t> result(dims.d, dims.d + dims.nbDims);
  for (int32_t d : result)
    if (d < -1) refuse(Code::kINVALID_ARGUMENT, "{} is {}: a dim can't be {}", what, text(result), d);
  return result;
}

std::string text(const std::vector<int32_t>& dims) { return core::dims_to_string(core::Dims(dims.begin(), dims.end())); }

EngineState::EngineState(std::shared_ptr<const Plan> plan, nvinfer1::IGpuAllocator* allocator) : plan_(std::move(plan)), info_(plan_->info), allocator_(allocator) {
  for (int i = 0; i < count(); ++i) {
    const PlanTensor& t = info_.tensors[i];
    names_[t.name] = i;
    for (const core::Built& built : plan_->engines) {
      const int place = place_of(built.program->graph(), t);
      if (place < 0) core::corrupt(fmt::format("the graph has no tensor '{}'", t.name));
      check_tensor(built, info_, t, place);
      if (&built == &plan_->engines[0]) graph_index_.push_back(place);
      if (graph_index_[i] != place) core::corrupt(fmt::format("'{}' has different places in the engines of two profiles", t.name));
    }
  }
  const core::Graph& g = plan_->engines[0].program->graph();
  size_t listed = names_.size();
  for (const std::string& name : info_.debug_tensors) listed += names_.count(name) == 0;
  if (listed != g.inputs().size() + g.outputs().size()) core::corrupt("the plan does not list every input and output once");
}

std::shared_ptr<const Plan> EngineState::plan() const {
  std::lock_guard lock(mutex_);
  return plan_;
}

void EngineState::replace_plan(std::shared_ptr<const Plan> plan) {
  std::map<int, std::shared_ptr<Specializer>> old;  // their threads end without the lock
  std::lock_guard lock(mutex_);
  plan_ = std::move(plan);
  old.swap(specializers_);
  ++generation_;
}

std::shared_ptr<Specializer> EngineState::specializer(int profile, const LogSink& log) {
  std::lock_guard lock(mutex_);
  auto& specializer = specializers_[profile];
  if (specializer) return specializer;
  auto engine = std::make_shared<tenon::Engine::Impl>();
  engine->built = plan_->engines[profile];
  BuildOptions how;
  how.log = log;
  return specializer = std::make_shared<Specializer>(tenon::Engine(std::move(engine)), std::move(how));
}

void EngineState::wait_for_specializer(int profile) {
  std::shared_ptr<Specializer> specializer;
  {
    std::lock_guard lock(mutex_);
    const auto found = specializers_.find(profile);
    if (found == specializers_.end()) return;
    specializer = found->second;
  }
  specializer->wait();
}

int EngineState::find(const char* name) const {
  need(name, "tensorName");
  const auto found = names_.find(std::string_view(name));
  if (found != names_.end()) return found->second;
  std::string all;
  for (const PlanTensor& t : info_.tensors) all += (all.empty() ? "'" : ", '") + t.name + "'";
  refuse(Code::kINVALID_ARGUMENT, "the engine has no input or output '{}'; it has {}", name, all);
}

void EngineState::check_profile(int profile) const {
  if (profile < 0 || profile >= profiles()) refuse(Code::kINVALID_ARGUMENT, "profile {} does not exist; the engine has profiles 0 to {}", profile, profiles() - 1);
}

namespace {

const PlanProfile::Shapes* lookup(const std::map<std::string, PlanProfile::Shapes>& shapes, const std::string& tensor) {
  const auto found = shapes.find(tensor);
  return found == shapes.end() ? nullptr : &found->second;
}

}  // namespace

const PlanProfile::Shapes* profile_dims(const PlanInfo& info, int profile, const std::string& tensor) { return lookup(info.profiles[profile].dims, tensor); }
const PlanProfile::Shapes* profile_values(const PlanInfo& info, int profile, const std::string& tensor) { return lookup(info.profiles[profile].values, tensor); }

const std::vector<int32_t>& pick(const PlanProfile::Shapes& shapes, nvinfer1::OptProfileSelector select) {
  switch (select) {
    case nvinfer1::OptProfileSelector::kMIN: return shapes.min;
    case nvinfer1::OptProfileSelector::kOPT: return shapes.opt;
    case nvinfer1::OptProfileSelector::kMAX: return shapes.max;
  }
  refuse(Code::kINVALID_ARGUMENT, "the selector {} is none of kMIN, kOPT, kMAX", static_cast<int>(select));
}

}  // namespace tenon::adapter
