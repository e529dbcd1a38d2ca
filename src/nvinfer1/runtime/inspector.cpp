#include "nvinfer1/runtime/inspector.h"

#include "ir/evaluate.h"
#include "nvinfer1/runtime/context.h"
#include "nvinfer1/runtime/layer_info.h"

namespace tenon::adapter {

using namespace nvinfer1;
using nlohmann::ordered_json;
using Code = nvinfer1::ErrorCode;

namespace {

/// Bindings under the shapes of a context; none without one.
core::Bindings bindings_of(const core::Graph& g, const EngineState& state, const Context* context) {
  core::Bindings bindings;
  for (int i = 0; context && i < state.count(); ++i) {
    const PlanTensor& t = state.info().tensors[i];
    if (!t.is_input || !context->shapes().dims_known(i)) continue;
    const auto dims = context->shapes().graph_dims(i, state.info().max_batch);
    const core::Type& type = g.type(g.inputs()[state.graph_index(i)]);
    for (size_t a = 0; a < type.shape.size(); ++a)
      if (const auto symbol = type.shape[a].as_symbol()) bindings[*symbol] = dims[a];
  }
  return bindings;
}

class Inspector final : public IEngineInspector, public apiv::VEngineInspector {
 public:
  Inspector(std::shared_ptr<const EngineState> state, const Reporter& maker) : state_(std::move(state)), report_(maker) { IEngineInspector::mImpl = this; }

  bool setExecutionContext(IExecutionContext const* context) noexcept override {
    return guarded(report_, "IEngineInspector::setExecutionContext", false, [&] {
      if (context && &Context::of(*context).state() != state_.get()) refuse(Code::kINVALID_ARGUMENT, "the context is one of another engine");
      context_ = context;
      return true;
    });
  }
  IExecutionContext const* getExecutionContext() const noexcept override { return context_; }

  char const* getLayerInformation(int32_t index, LayerInformationFormat format) const noexcept override {
    return guarded(report_, "IEngineInspector::getLayerInformation", "", [&] {
      const auto kept = kernels();
      const core::Built& built = *kept;
      const int count = static_cast<int>(built.program->plan().steps.size());
      if (index < 0 || index >= count) refuse(Code::kINVALID_ARGUMENT, "layer {}: the engine has layers 0 to {}", index, count - 1);
      return keep(text_of(layer(built, index), format));
    });
  }

  char const* getEngineInformation(LayerInformationFormat format) const noexcept override {
    return guarded(report_, "IEngineInspector::getEngineInformation", "", [&] {
      const auto kept = kernels();
      const core::Built& built = *kept;
      ordered_json j;
      j["Layers"] = j["Bindings"] = ordered_json::array();
      std::string lines;
      for (int i = 0; i < static_cast<int>(built.program->plan().steps.size()); ++i) {
        const ordered_json one = layer(built, i);
        lines += text_of(one, LayerInformationFormat::kONELINE) + "\n";
        if (verbosity() != ProfilingVerbosity::kNONE) j["Layers"].push_back(one);
      }
      std::string bindings;
      for (int profile = 0; profile < state_->profiles(); ++profile)
        for (const PlanTensor& t : state_->info().tensors) {
          const std::string name = profile == 0 ? t.name : fmt::format("{} [profile {}]", t.name, profile);
          j["Bindings"].push_back(name);
          bindings += name + "\n";
        }
      return keep(format == LayerInformationFormat::kJSON ? j.dump(1) : "Layers:\n" + lines + "\nBindings:\n" + bindings);
    });
  }

  void setErrorRecorder(IErrorRecorder* recorder) noexcept override { report_.set_recorder(recorder); }
  IErrorRecorder* getErrorRecorder() const noexcept override { return report_.recorder(); }
  IEngineInspector* getPImpl() noexcept override { return this; }

 private:
  const Context* context() const { return context_ ? &Context::of(*context_) : nullptr; }
  std::shared_ptr<const core::Built> kernels() const {
    if (context()) return context()->kernels();
    const auto plan = state_->plan();
    return {plan, &plan->engines[0]};
  }
  ProfilingVerbosity verbosity() const { return static_cast<ProfilingVerbosity>(state_->info().verbosity); }

  ordered_json layer(const core::Built& built, int index) const {
    if (verbosity() == ProfilingVerbosity::kNONE) return fmt::format("Layer {}: the engine was built with ProfilingVerbosity::kNONE", index);
    return layer_information(built, index, bindings_of(built.program->graph(), *state_, context()), verbosity() == ProfilingVerbosity::kDETAILED);
  }
  static std::string text_of(const ordered_json& j, LayerInformationFormat format) {
    if (format == LayerInformationFormat::kJSON) return j.dump(1);
    if (j.is_string()) return j.get<std::string>();
    return fmt::format("{}[{}]: {} -> {}", j["Name"].get<std::string>(), j["LayerType"].get<std::string>(), j["Inputs"].dump(), j["Outputs"].dump());
  }
  const char* keep(std::string text) const {
    text_ = std::move(text);
    return text_.c_str();
  }

  std::shared_ptr<const EngineState> state_;
  Reporter report_;
  IExecutionContext const* context_ = nullptr;
  mutable std::string text_;
};

}  // namespace

IEngineInspector* make_inspector(std::shared_ptr<const EngineState> state, const Reporter& maker) { return new Inspector(std::move(state), maker); }

}  // namespace tenon::adapter
