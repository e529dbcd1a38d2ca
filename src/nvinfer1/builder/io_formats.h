#pragma once
#include <vector>

#include "nvinfer1/network/tensor.h"
#include "nvinfer1/plan.h"

// Between ITensor::setAllowedFormats and the formats of the core.
namespace tenon::adapter {

/// Refuses masks that leave no format.
void check_formats(const NetTensor&);
/// What was said with setAllowedFormats, and is not all.
void add_formats(BuildOptions&, const std::vector<NetTensor*>& tensors);
/// Engines of later profiles have the formats of the first.
void keep_formats(BuildOptions&, const core::EngineData& first);
/// The formats that the build chose.
void note_formats(Plan&);

}  // namespace tenon::adapter
