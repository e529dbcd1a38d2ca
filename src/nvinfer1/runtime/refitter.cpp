#include <cmath>
#include <cstring>

#include "base/error.h"
#include "engine/expressions.h"
#include "nvinfer1/runtime/engine.h"
#include "nvinfer1/runtime/tensor_format.h"

namespace tenon::adapter {

using namespace nvinfer1;
using Code = nvinfer1::ErrorCode;

namespace {

constexpr auto kNoRanges = "dynamic ranges belong to INT8 calibration, which this engine does not use; quantize with Q/DQ layers";

/// A constant's name and type, as the API sees it, and the weights that wait for `refitCudaEngine`.
struct Slot {
  core::ConstRef constant;
  Weights given{DataType::kFLOAT, nullptr, 0};
  TensorLocation location = TensorLocation::kHOST;
  bool set = false;
};

class Refitter final : public IRefitter, public apiv::VRefitter {
 public:
  Refitter(std::shared_ptr<EngineState> state, ILogger* logger, const Reporter& engine) : state_(std::move(state)), report_(logger, engine.recorder()) {
    IRefitter::mImpl = this;
    if (!state_->info().refittable) refuse(Code::kINVALID_STATE, "the engine was built without BuilderFlag::kREFIT");
    for (const auto& [name, constant] : core::named_weights(state_->plan()->engines[0].data.graph)) slots_[name].constant = constant;
  }

  bool setWeights(char const* layer, WeightsRole role, Weights weights) noexcept override {
    return guarded(report_, "IRefitter::setWeights", false, [&] { return set(constant_of(layer, role), weights, TensorLocation::kHOST); });
  }
  bool setNamedWeights(char const* name, Weights weights) noexcept override { return setNamedWeightsWithLocation(name, weights, TensorLocation::kHOST); }
  bool setNamedWeightsWithLocation(char const* name, Weights weights, TensorLocation location) noexcept override {
    return guarded(report_, "IRefitter::setNamedWeights", false, [&] { return set(need(name, "name"), weights, location); });
  }
  bool unsetNamedWeights(char const* name) noexcept override {
    return guarded(report_, "IRefitter::unsetNamedWeights", false, [&] { return std::exchange(slot(need(name, "weightsName")).set, false); });
  }
  Weights getNamedWeights(char const* name) const noexcept override {
    return guarded(report_, "IRefitter::getNamedWeights", Weights{DataType::kFLOAT, nullptr, 0}, [&] {
      const Slot& s = slot(need(name, "weightsName"));
      return s.set ? s.given : Weights{DataType::kFLOAT, nullptr, 0};
    });
  }
  TensorLocation getWeightsLocation(char const* name) const noexcept override {
    return guarded(report_, "IRefitter::getWeightsLocation", TensorLocation::kHOST, [&] { return slot(need(name, "weightsName")).location; });
  }
  Weights getWeightsPrototype(char const* name) const noexcept override {
    return guarded(report_, "IRefitter::getWeightsPrototype", Weights{DataType::kFLOAT, nullptr, -1}, [&] {
      const core::ConstRef& c = slot(need(name, "weightsName")).constant;
      return Weights{static_cast<DataType>(api_type(c->dtype())), nullptr, core::checked_product(c->dims())};
    });
  }

  bool refitCudaEngine() noexcept override {
    return guarded(report_, "IRefitter::refitCudaEngine", false, [&] { return refit(nullptr); });
  }
  bool refitCudaEngineAsync(cudaStream_t stream) noexcept override {
    return guarded(report_, "IRefitter::refitCudaEngineAsync", false, [&] { return refit(stream); });
  }

  /// New weights never need others beside them: what is not given keeps its value.
  int32_t getMissing(int32_t, char const**, WeightsRole*) noexcept override { return 0; }
  int32_t getMissingWeights(int32_t, char const**) noexcept override { return 0; }
  int32_t getAll(int32_t size, char const** layers, WeightsRole* roles) noexcept override {
    return guarded(report_, "IRefitter::getAll", 0, [&] {
      int32_t count = 0;
      for (const auto& w : state_->info().refit) {
        if (slots_.count(w.constant) == 0) continue;
        if (count < size && layers) layers[count] = w.layer.c_str();
        if (count < size && roles) roles[count] = static_cast<WeightsRole>(w.role);
        ++count;
      }
      return count;
    });
  }
  int32_t getAllWeights(int32_t size, char const** names) noexcept override {
    int32_t count = 0;
    for (const auto& entry : slots_) {
      if (count < size && names) names[count] = entry.first.c_str();
      ++count;
    }
    return count;
  }

  bool setDynamicRange(char const*, float, float) noexcept override {
    report_.error("IRefitter::setDynamicRange", Code::kUNSUPPORTED_STATE, kNoRanges);
    return false;
  }
  float getDynamicRangeMin(char const*) const noexcept override {
    report_.error("IRefitter::getDynamicRangeMin", Code::kUNSUPPORTED_STATE, kNoRanges);
    return NAN;
  }
  float getDynamicRangeMax(char const*) const noexcept override {
    report_.error("IRefitter::getDynamicRangeMax", Code::kUNSUPPORTED_STATE, kNoRanges);
    return NAN;
  }
  int32_t getTensorsWithDynamicRange(int32_t, char const**) const noexcept override { return 0; }

  void setErrorRecorder(IErrorRecorder* recorder) noexcept override { report_.set_recorder(recorder); }
  IErrorRecorder* getErrorRecorder() const noexcept override { return report_.recorder(); }
  ILogger* getLogger() const noexcept override { return report_.logger(); }
  bool setMaxThreads(int32_t threads) noexcept override {
    return guarded(report_, "IRefitter::setMaxThreads", false, [&] {
      if (threads < 1) refuse(Code::kINVALID_ARGUMENT, "maxThreads is {}; it must be at least 1", threads);
      threads_ = threads;
      return true;
    });
  }
  int32_t getMaxThreads() const noexcept override { return threads_; }
  void setWeightsValidation(bool validate) noexcept override { validate_ = validate; }
  bool getWeightsValidation() const noexcept override { return validate_; }

 private:
  const std::string& constant_of(const char* layer, WeightsRole role) const {
    const std::string wanted = need(layer, "layerName");
    bool layer_known = false;
    for (const auto& w : state_->info().refit) {
      if (w.layer != wanted) continue;
      layer_known = true;
      if (w.role == static_cast<int32_t>(role) || role == WeightsRole::kANY) return w.constant;
    }
    if (!layer_known) refuse(Code::kINVALID_ARGUMENT, "no layer '{}' has weights that can be refitted; getAll lists them", wanted);
    refuse(Code::kINVALID_ARGUMENT, "layer '{}' has no weights of role {}", wanted, static_cast<int>(role));
  }
  const Slot& slot(const std::string& name) const {
    const auto found = slots_.find(name);
    if (found == slots_.end())
      refuse(Code::kINVALID_ARGUMENT, "the engine has no weights '{}': the name is wrong, or their values let the build fold them away; getAllWeights lists those it has", name);
    return found->second;
  }
  Slot& slot(const std::string& name) { return const_cast<Slot&>(std::as_const(*this).slot(name)); }

  bool set(const std::string& name, const Weights& weights, TensorLocation location) {
    Slot& s = slot(name);
    const int64_t count = core::checked_product(s.constant->dims());
    if (weights.count > 0 && !weights.values) refuse(Code::kINVALID_ARGUMENT, "weights '{}' have a non-zero count but null values", name);
    if (weights.count != count) refuse(Code::kINVALID_ARGUMENT, "weights '{}' have {} values, {} were given", name, count, weights.count);
    const DType given = core_type(static_cast<int32_t>(weights.type));
    if (given != s.constant->dtype() && !(core::is_float(given) && core::is_float(s.constant->dtype())))
      refuse(Code::kINVALID_ARGUMENT, "weights '{}' are {}, {} were given", name, to_string(s.constant->dtype()), to_string(given));
    s.given = weights;
    s.location = location;
    s.set = true;
    return true;
  }

  core::Tensor tensor(const std::string& name, const Slot& s, core::Stream& stream) const {
    core::Tensor t(core_type(static_cast<int32_t>(s.given.type)), s.constant->dims());
    stream.copy(t.mutable_bytes().data(), core::Place::host, s.given.values, s.location == TensorLocation::kHOST ? core::Place::host : core::Place::device, t.byte_size());
    stream.wait();
    if (t.dtype() != s.constant->dtype()) t = core::from_doubles(s.constant->dtype(), t.dims(), core::to_doubles(t));
    if (validate_ && core::is_float(t.dtype()))
      for (double v : core::to_doubles(t))
        if (!std::isfinite(v)) refuse(Code::kINVALID_ARGUMENT, "weights '{}' hold a value that is not finite; setWeightsValidation(false) takes it", name);
    return t;
  }

  bool refit(cudaStream_t on_stream) {
    const std::shared_ptr<const Plan> old = state_->plan();
    core::Device& device = old->engines[0].program->device();
    const auto stream = on_stream ? device.borrow_stream(on_stream) : device.make_stream();
    std::map<std::string, core::Tensor> weights;
    for (const auto& [name, s] : slots_)
      if (s.set) weights.emplace(name, tensor(name, s, *stream));
    auto plan = std::make_shared<Plan>();
    plan->info = old->info;
    LoadOptions options;
    options.device = device.info().kind;
    options.threads = device.info().threads;
    for (const core::Built& built : old->engines) {
      core::EngineData data = built.data;
      data.graph = core::with_weights(built.data.graph, weights);
      plan->engines.push_back(core::adopt(std::move(data), options));
    }
    for (const auto& [name, constant] : core::named_weights(plan->engines[0].data.graph)) slots_[name].constant = constant;
    state_->replace_plan(std::move(plan));
    for (auto& entry : slots_) entry.second.set = false;
    return true;
  }

  std::shared_ptr<EngineState> state_;
  Reporter report_;
  std::map<std::string, Slot> slots_;
  int32_t threads_ = 1;
  bool validate_ = true;
};

}  // namespace
}  // namespace tenon::adapter

extern "C" void* createInferRefitter_INTERNAL(void* engine, void* logger, int32_t version) noexcept {
  using namespace tenon::adapter;
  auto* log = static_cast<nvinfer1::ILogger*>(logger);
  return guarded(Reporter(log), "createInferRefitter", static_cast<void*>(nullptr), [&]() -> void* {
    need(log, "logger");
    Engine& e = Engine::of(*static_cast<nvinfer1::ICudaEngine*>(need(engine, "engine")));
    if (version / 1000 != NV_TENSORRT_MAJOR) refuse(nvinfer1::ErrorCode::kINVALID_ARGUMENT, "the program was compiled for API version {}, this library has {}", version, NV_TENSORRT_VERSION);
    remember_logger(log);
    return static_cast<nvinfer1::IRefitter*>(new Refitter(e.state(), log, e.reporter()));
  });
}
