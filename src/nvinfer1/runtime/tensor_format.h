#pragma once
#include "NvInferRuntime.h"
#include "nvinfer1/plan.h"

namespace tenon::adapter {

inline core::MemoryFormat core_format(nvinfer1::TensorFormat format) { return static_cast<core::MemoryFormat>(format); }
inline nvinfer1::TensorFormat api_format(core::MemoryFormat format) { return static_cast<nvinfer1::TensorFormat>(format); }
/// The format that the build chose for a tensor.
nvinfer1::TensorFormat format_of(const PlanTensor&);
/// That of an input or output of one of a plan's engines.
core::IoFormat io_format(const core::EngineData&, const std::string& tensor);

int32_t component_bytes(nvinfer1::DataType);
const char* type_name(nvinfer1::DataType);
/// TensorRT's words: "Row major linear FP32 format (kLINEAR)". Lives as long as the process.
const char* describe_format(nvinfer1::TensorFormat, nvinfer1::DataType);

}  // namespace tenon::adapter
