#pragma once
#include "nvinfer1/reporter.h"
#include "NvInferRuntime.h"

namespace tenon::adapter {

struct ContextSetup {
  nvinfer1::ExecutionContextAllocationStrategy strategy = nvinfer1::ExecutionContextAllocationStrategy::kSTATIC;
  bool specializes = false;
};

nvinfer1::ISerializationConfig* make_serialization_config(const Reporter&);
nvinfer1::IRuntimeConfig* make_runtime_config(const Reporter&);
/// How a context is made and whether it specializes; fails for a pair that does not go together.
ContextSetup context_setup(const nvinfer1::IRuntimeConfig&);

}  // namespace tenon::adapter
