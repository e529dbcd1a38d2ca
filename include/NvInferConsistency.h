#pragma once
#include "NvInferRuntimeCommon.h"

namespace nvinfer1 {
namespace apiv {

class VConsistencyChecker {
 public:
  virtual ~VConsistencyChecker() noexcept = default;
  virtual bool validate() const noexcept = 0;
};

}  // namespace apiv

namespace consistency {

/// Checks a plan of the safety runtime.
class IConsistencyChecker {
 public:
  bool validate() const noexcept { return mImpl->validate(); }
  virtual ~IConsistencyChecker() = default;

 protected:
  apiv::VConsistencyChecker* mImpl = nullptr;
  IConsistencyChecker() = default;
  IConsistencyChecker(IConsistencyChecker const&) = delete;
  IConsistencyChecker& operator=(IConsistencyChecker const&) = delete;
  IConsistencyChecker(IConsistencyChecker&&) = delete;
  IConsistencyChecker& operator=(IConsistencyChecker&&) = delete;
};

/// A creator that can check the bytes of its plugins.
class IPluginChecker : public IPluginCreator {
 public:
  virtual bool validate(char const* name, void const* serialData, size_t serialLength, PluginTensorDesc const* in,
                        size_t nbInputs, PluginTensorDesc const* out, size_t nbOutputs,
                        int64_t workspaceSize) const = 0;
  IPluginChecker() = default;
  ~IPluginChecker() override = default;

 protected:
  IPluginChecker(IPluginChecker const&) = default;
  IPluginChecker(IPluginChecker&&) = default;
  IPluginChecker& operator=(IPluginChecker const&) & = default;
  IPluginChecker& operator=(IPluginChecker&&) & = default;
};

}  // namespace consistency
}  // namespace nvinfer1

extern "C" TENSORRTAPI void* createConsistencyChecker_INTERNAL(void* logger, void const* blob, size_t size,
                                                               int32_t version);

namespace nvinfer1 {
namespace consistency {
namespace {

inline IConsistencyChecker* createConsistencyChecker(ILogger& logger, void const* blob, size_t size) {
  return static_cast<IConsistencyChecker*>(createConsistencyChecker_INTERNAL(&logger, blob, size, NV_TENSORRT_VERSION));
}

}  // namespace
}  // namespace consistency
}  // namespace nvinfer1
