#include <algorithm>

#include "base/error.h"
#include "build/workspace_limit.h"
#include "nvinfer1/builder/algorithms.h"
#include "nvinfer1/builder/builder.h"
#include "nvinfer1/builder/io_formats.h"
#include "nvinfer1/runtime/tensor_format.h"

namespace tenon::adapter {

using Code = nv::ErrorCode;
using Flag = nv::BuilderFlag;

namespace {

bool is_dynamic(const NetTensor& t) { return std::any_of(t.declared_dims().begin(), t.declared_dims().end(), [](int64_t d) { return d < 0; }); }
bool is_shape_values(const NetTensor& t) { return t.declared_dims().size() <= 1 && core::is_integer(core_type(t.getType())) && t.isShapeTensor(); }

/// The calls that make a profile for these inputs.
std::string calls_to_add(const std::vector<NetTensor*>& inputs) {
  std::string text = "\n  auto* profile = builder->createOptimizationProfile();";
  for (const NetTensor* t : inputs) {
    if (is_dynamic(*t)) {
      std::string dims;
      for (int64_t d : t->declared_dims()) dims += (dims.empty() ? "" : ", ") + (d < 0 ? std::string("/*") + "size*/" : std::to_string(d));
      for (const char* kind : {"kMIN", "kOPT", "kMAX"})
        text += fmt::format("\n  profile->setDimensions(\"{}\", OptProfileSelector::{}, Dims{{{}, {{{}}}}});", t->name(), kind, t->declared_dims().size(), dims);
    }
    if (is_shape_values(*t))
      for (const char* kind : {"kMIN", "kOPT", "kMAX"})
        text += fmt::format("\n  profile->setShapeValues(\"{}\", OptProfileSelector::{}, values, {});", t->name(), kind, t->declared_dims().empty() ? 1 : t->declared_dims()[0]);
  }
  return text + "\n  config->addOptimizationProfile(profile);";
}

void check_profile_names(const OptimizationProfile& profile, const std::vector<NetTensor*>& inputs) {
  for (const auto* shapes : {&profile.dims(), &profile.values()})
    for (const auto& entry : *shapes) {
      if (std::any_of(inputs.begin(), inputs.end(), [&](const NetTensor* t) { return t->name() == entry.first; })) continue;
      std::string names;
      for (const NetTensor* t : inputs) names += (names.empty() ? "" : ", ") + t->name();
      refuse(Code::kINVALID_CONFIG, "an optimization profile names '{}', which is no input; the inputs are: {}", entry.first, names);
    }
}

/// The range of one input in one profile; what it leaves out must be fixed.
ShapeRange range_of(const NetTensor& t, const OptimizationProfile* profile, size_t index) {
  const auto& declared = t.declared_dims();
  const auto it = profile ? profile->dims().find(t.name()) : std::map<std::string, OptimizationProfile::Shapes>::const_iterator{};
  if (!profile || it == profile->dims().end()) {
    if (is_dynamic(t)) refuse(Code::kINVALID_CONFIG, "optimization profile {} says nothing about the dynamic input '{}' {}", index, t.name(), core::dims_to_string(declared));
    return {declared, declared, declared};
  }
  const auto& s = it->second;
  ShapeRange range{s.by_kind[0], s.by_kind[1], s.by_kind[2]};
  if (range.opt.size() != declared.size())
    refuse(Code::kINVALID_CONFIG, "optimization profile {}: input '{}' has {} dims, the profile gives {}", index, t.name(), declared.size(), range.opt.size());
  for (size_t i = 0; i < declared.size(); ++i)
    for (const auto* dims : {&range.min, &range.opt, &range.max})
      if (declared[i] >= 0 && (*dims)[i] != declared[i])
        refuse(Code::kINVALID_CONFIG, "optimization profile {}: input '{}' has the fixed dim {} at axis {}, the profile gives {}", index, t.name(), declared[i], i, (*dims)[i]);
  return range;
}

void add_batch(ShapeRange& range, bool broadcast, int32_t max_batch) {
  range.min.insert(range.min.begin(), 1);
  range.opt.insert(range.opt.begin(), broadcast ? 1 : max_batch);
  range.max.insert(range.max.begin(), broadcast ? 1 : max_batch);
}

/// Steps of the build for the client's monitor, who may end it.
class Monitor {
 public:
  explicit Monitor(nv::IProgressMonitor* monitor) : monitor_(monitor) {}
  ~Monitor() { finish(); }
  void progress(const Progress& p) {
    if (!monitor_) return;
    if (p.phase != phase_) {
      finish();
      phase_ = p.phase;
      step_ = 0;
      monitor_->phaseStart(phase_.c_str(), nullptr, static_cast<int32_t>(std::max<int64_t>(p.total, 1)));
    }
    if (!monitor_->stepComplete(phase_.c_str(), step_++)) cancelled_ = true;
  }
  bool cancelled() const { return cancelled_; }

 private:
  void finish() {
    if (monitor_ && !phase_.empty()) monitor_->phaseFinish(phase_.c_str());
    phase_.clear();
  }
  nv::IProgressMonitor* monitor_;
  std::string phase_;
  int32_t step_ = 0;
  bool cancelled_ = false;
};

BuildOptions build_options(const BuildRequest& r) {
  BuildOptions o;
  const BuilderConfig& c = r.config;
  o.device = build_device(c);
  o.opt_level = c.getBuilderOptimizationLevel();
  o.verify = c.has(Flag::kDEBUG);
  o.strict_nan = c.has(Flag::kSTRICT_NANS);
  o.allow_odd_weights = true;
  o.deterministic = c.has(Flag::kDISTRIBUTIVE_INDEPENDENCE);
  o.threads = r.threads;
  o.tf32 = c.has(Flag::kTF32);
  o.tactic_sources = c.getTacticSources();
  if (c.has(Flag::kBF16)) o.precisions.push_back(DType::bf16);
  if (c.has(Flag::kFP16) && !r.network.strongly_typed()) o.precisions.push_back(DType::f16);
  o.direct_io = c.has(Flag::kDIRECT_IO);
  add_formats(o, r.network.inputs());
  add_formats(o, r.network.outputs());
  o.log = r.reporter.sink();
  o.log_level = Severity::verbose;
  return o;
}

PlanTensor plan_tensor(const NetTensor& t, bool is_input) {
  PlanTensor p;
  p.name = t.name();
  p.is_input = is_input;
  p.type = static_cast<int32_t>(t.getType());
  const nv::Dims dims = t.getDimensions();
  for (int i = 0; i < dims.nbDims; ++i) {
    p.dims.push_back(dims.d[i]);
    const char* name = is_input ? t.getDimensionName(i) : nullptr;
    p.dim_names.push_back(name ? name : "");
  }
  if (dims.nbDims < 0) {  // only a run tells its rank: shown as one open dim
    p.dims = {-1};
    p.dim_names = {""};
  }
  p.shape_io = is_input ? is_shape_values(t) : t.is_shape_output;
  p.on_host = p.shape_io || t.getLocation() == nv::TensorLocation::kHOST;
  p.execution = !p.shape_io || t.is_output;
  return p;
}

PlanInfo plan_info(const BuildRequest& r, const std::vector<Lowering::RefitWeights>& refit) {
  PlanInfo info;
  const BuilderConfig& c = r.config;
  info.name = r.network.name();
  info.implicit_batch = r.network.implicit_batch();
  info.max_batch = r.max_batch;
  info.refittable = c.has(Flag::kREFIT) || c.has(Flag::kREFIT_IDENTICAL) || c.has(Flag::kREFIT_INDIVIDUAL);
  info.strongly_typed = r.network.strongly_typed();
  info.verbosity = static_cast<int32_t>(c.getProfilingVerbosity());
  info.capability = static_cast<int32_t>(c.getEngineCapability());
  info.hardware_compatibility = static_cast<int32_t>(c.getHardwareCompatibilityLevel());
  info.version_compatible = c.has(Flag::kVERSION_COMPATIBLE);
  info.tactic_sources = c.getTacticSources();
  info.aux_streams = std::max(0, c.getMaxAuxStreams());
  for (const NetTensor* t : r.network.inputs()) info.tensors.push_back(plan_tensor(*t, true));
  for (const NetTensor* t : r.network.outputs()) info.tensors.push_back(plan_tensor(*t, false));
  for (const OptimizationProfile* p : c.profiles()) info.profiles.push_back(p->plan());
  if (info.profiles.empty()) info.profiles.emplace_back();
  if (info.refittable)
    for (const auto& w : refit) info.refit.push_back({w.layer->name(), static_cast<int32_t>(w.role), w.constant});
  info.plugin_libraries = c.plugin_libraries();
  for (const auto& layer : r.network.layers())
    for (const auto& output : layer->outputs())
      if (output->is_debug) info.debug_tensors.push_back(output->name());
  return info;
}

/// The size of an axis that all profiles fix to one value; -1 otherwise.
int32_t fixed_size(const Plan& plan, const PlanTensor& t, size_t axis) {
  std::optional<core::Dim> common;
  for (const core::Built& built : plan.engines) {
    const core::Graph& g = built.program->graph();
    const auto& values = t.is_input ? g.inputs() : g.outputs();
    for (size_t i = 0; i < values.size(); ++i) {
      if ((t.is_input ? g.input_name(static_cast<int>(i)) : g.output_name(static_cast<int>(i))) != t.name) continue;
      const core::Type& type = g.type(values[i]);
      if (!type.is_tensor() || !type.ranked) return -1;
      const core::Shape shape = core::dense_shape(io_format(built.data, t.name), type.shape);
      if (axis >= shape.size() || !shape[axis].is_const()) return -1;
      if (common && !(*common == shape[axis])) return -1;
      common = shape[axis];
    }
  }
  return common && common->value() <= INT32_MAX ? static_cast<int32_t>(common->value()) : -1;
}

/// Dims that profiles leave no choice are shown, and set, as in an engine of static shape.
void close_dims(Plan& plan) {
  const size_t lead = plan.info.implicit_batch ? 1 : 0;
  for (PlanTensor& t : plan.info.tensors)
    for (size_t axis = 0; axis < t.dims.size(); ++axis)
      if (t.dims[axis] < 0) t.dims[axis] = fixed_size(plan, t, axis + lead);
}

Lowering::Refit refit_mode(const BuilderConfig& config) {
  if (config.has(Flag::kREFIT) || config.has(Flag::kREFIT_IDENTICAL)) return Lowering::Refit::all;
  return config.has(Flag::kREFIT_INDIVIDUAL) ? Lowering::Refit::marked : Lowering::Refit::none;
}

}  // namespace

std::vector<std::map<std::string, ShapeRange>> profile_shapes(const BuildRequest& r) {
  const auto& inputs = r.network.inputs();
  const auto& profiles = r.config.profiles();
  const bool dynamic = std::any_of(inputs.begin(), inputs.end(), [](const NetTensor* t) { return is_dynamic(*t) || is_shape_values(*t); });
  if (dynamic && profiles.empty())
    refuse(Code::kINVALID_CONFIG, "Network has dynamic or shape inputs, but no optimization profile has been defined. Add before the build:{}", calls_to_add(inputs));
  std::vector<std::map<std::string, ShapeRange>> result;
  for (size_t i = 0; i < std::max<size_t>(profiles.size(), 1); ++i) {
    const OptimizationProfile* profile = i < profiles.size() ? profiles[i] : nullptr;
    if (profile) {
      profile->check();
      check_profile_names(*profile, inputs);
    }
    std::map<std::string, ShapeRange> shapes;
    for (const NetTensor* t : inputs) {
      if (profile && is_shape_values(*t) && !profile->values().count(t->name()))
        refuse(Code::kINVALID_CONFIG, "optimization profile {} gives no values of the shape tensor '{}': call setShapeValues", i, t->name());
      ShapeRange range = range_of(*t, profile, i);
      if (r.network.implicit_batch()) add_batch(range, t->getBroadcastAcrossBatch(), r.max_batch);
      shapes[t->name()] = std::move(range);
    }
    result.push_back(std::move(shapes));
  }
  return result;
}

void check_request(const BuildRequest& r) {
  const BuilderConfig& c = r.config;
  r.network.check();
  if (c.getEngineCapability() != nv::EngineCapability::kSTANDARD)
    refuse(Code::kUNSUPPORTED_STATE, "engine capability {} does not exist here: build with EngineCapability::kSTANDARD", static_cast<int>(c.getEngineCapability()));
  const bool dla = c.getDefaultDeviceType() == nv::DeviceType::kDLA || c.dla_layer();
  if (dla && !c.has(Flag::kGPU_FALLBACK)) refuse(Code::kUNSUPPORTED_STATE, "there are no DLA cores: use DeviceType::kGPU, or set BuilderFlag::kGPU_FALLBACK");
  if (dla) r.reporter.warning("there are no DLA cores: all layers run on the device of the build (kGPU_FALLBACK)");
  answer_settings(c, r.reporter);
  for (const auto* list : {&r.network.inputs(), &r.network.outputs()})
    for (const NetTensor* t : *list) check_formats(*t);
}

namespace {

/// BuildHooks::chosen: the selector is asked first and once per engine, then what was chosen is held to the workspace.
bool limit_choices(const BuilderConfig& config, core::Built& built, const core::TimingCache& times, bool final, bool& selected) {
  nv::IAlgorithmSelector* selector = config.getAlgorithmSelector();
  if (final) return selector && select_algorithms(*selector, built, times, true, false);
  if (selector && !selected) {
    selected = true;
    if (select_algorithms(*selector, built, times, false, config.has(Flag::kREJECT_EMPTY_ALGORITHMS))) return true;
  }
  const auto limit = config.workspace_limit();
  return limit && core::limit_workspace(built, static_cast<int64_t>(std::min<std::size_t>(*limit, INT64_MAX)));
}

}  // namespace

Plan build_plan(const BuildRequest& r) {
  check_request(r);
  const auto shapes = profile_shapes(r);
  if (r.config.has(Flag::kINT8) && r.config.getInt8Calibrator()) calibrate(r);
  Plan plan;
  Monitor monitor(r.config.getProgressMonitor());
  BuildOptions options = build_options(r);
  options.progress = [&](const Progress& p) { monitor.progress(p); };
  options.cancelled = [&] { return monitor.cancelled(); };
  core::TimingCache unused;
  core::BuildHooks hooks;
  core::TimingCache* cache = r.config.timing_records();
  hooks.cache = cache ? cache : &unused;
  bool selected = false;
  hooks.chosen = [&](core::Built& built, const core::TimingCache& times, bool final) { return limit_choices(r.config, built, times, final, selected); };
  std::vector<Lowering::RefitWeights> refit;
  for (const auto& profile : shapes) {
    options.shapes = profile;
    selected = false;
    const auto make = [&](const std::map<std::string, core::Shape>& fixed, const core::Log&) {
      const bool precision = r.config.has(Flag::kOBEY_PRECISION_CONSTRAINTS) || r.config.has(Flag::kPREFER_PRECISION_CONSTRAINTS);
      return r.network.make_graph({fixed, precision, refit_mode(r.config), &refit});
    };
    plan.engines.push_back(core::build(core::GraphSource(make), options, hooks));
    if (plan.engines.size() == 1) keep_formats(options, plan.engines[0].data);
    const auto& report = plan.engines.back().report;
    if (r.config.has(Flag::kERROR_ON_TIMING_CACHE_MISS) && report.tactics_timed > 0)
      refuse(Code::kINVALID_CONFIG, "kERROR_ON_TIMING_CACHE_MISS: {} measurements were not in the timing cache", report.tactics_timed);
  }
  plan.info = plan_info(r, refit);
  note_formats(plan);
  close_dims(plan);
  return plan;
}

}  // namespace tenon::adapter
