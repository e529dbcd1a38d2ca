#pragma once
#include "nvinfer1/reporter.h"
#include "NvInferRuntime.h"

namespace tenon::adapter {

nvinfer1::ISerializationConfig* make_serialization_config(const Reporter&);
nvinfer1::IRuntimeConfig* make_runtime_config(const Reporter&);

}  // namespace tenon::adapter
