#pragma once
#include "nvinfer1/reporter.h"
#include "NvInferRuntime.h"

namespace tenon::adapter {

/// The registry of the process. It is never destroyed, so that creators in globals may leave in any order.
nvinfer1::IPluginRegistry& process_registry();

/// A registry whose look-ups go on in `parent`; owned by a runtime or builder.
class RegistryOwner {
 public:
  RegistryOwner(nvinfer1::IPluginRegistry* parent, const Reporter& maker);
  ~RegistryOwner();
  RegistryOwner(const RegistryOwner&) = delete;
  RegistryOwner& operator=(const RegistryOwner&) = delete;
  nvinfer1::IPluginRegistry& get() const;
  void set_parent(nvinfer1::IPluginRegistry* parent);

 private:
  class PluginRegistry* registry_;
};

}  // namespace tenon::adapter
