#include "NvInferConsistency.h"
#include "NvInferRuntime.h"
#include "NvInferSafeRuntime.h"
#include "nvinfer1/reporter.h"

// The safety runtime and its consistency checker, which this library does not have.
namespace tenon::adapter {
namespace {

constexpr auto kCode = nvinfer1::ErrorCode::kUNSUPPORTED_STATE;

/// Keeps what is registered, as the safety registry of a process does; no engine uses it.
class SafeRegistry final : public nvinfer1::safe::IPluginRegistry {
 public:
  bool registerCreator(nvinfer1::IPluginCreator& creator, nvinfer1::AsciiChar const* const name_space) noexcept override {
    return getPluginRegistry()->registerCreator(creator, name_space);
  }
  nvinfer1::IPluginCreator* const* getPluginCreatorList(int32_t* const count) const noexcept override { return getPluginRegistry()->getPluginCreatorList(count); }
  nvinfer1::IPluginCreator* getPluginCreator(nvinfer1::AsciiChar const* const name, nvinfer1::AsciiChar const* const version, nvinfer1::AsciiChar const* const name_space) noexcept override {
    return getPluginRegistry()->getPluginCreator(name, version, name_space);
  }
  void setErrorRecorder(nvinfer1::IErrorRecorder* const recorder) noexcept override { getPluginRegistry()->setErrorRecorder(recorder); }
  nvinfer1::IErrorRecorder* getErrorRecorder() const noexcept override { return getPluginRegistry()->getErrorRecorder(); }
  bool deregisterCreator(nvinfer1::IPluginCreator const& creator) noexcept override { return getPluginRegistry()->deregisterCreator(creator); }
};

nvinfer1::safe::IPluginRegistry* safe_registry() {
  static auto* registry = new SafeRegistry();
  return registry;
}

}  // namespace
}  // namespace tenon::adapter

namespace nvinfer1::safe {

IRuntime* createInferRuntime(ILogger& logger) noexcept {
  tenon::adapter::Reporter(&logger).error("safe::createInferRuntime", tenon::adapter::kCode, "there is no safety runtime; use nvinfer1::createInferRuntime with an engine of EngineCapability::kSTANDARD");
  return nullptr;
}

extern "C" IPluginRegistry* getSafePluginRegistry() noexcept { return tenon::adapter::safe_registry(); }

}  // namespace nvinfer1::safe

extern "C" void* createConsistencyChecker_INTERNAL(void* logger, void const*, size_t, int32_t) {
  tenon::adapter::Reporter(static_cast<nvinfer1::ILogger*>(logger)).error("createConsistencyChecker", tenon::adapter::kCode, "there are no safety plans to check; plans of EngineCapability::kSTANDARD are checked when they are loaded");
  return nullptr;
}
