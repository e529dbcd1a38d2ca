#pragma once
#include <nlohmann/json.hpp>

#include "nvinfer1/plan.h"

namespace tenon::adapter {

/// One step of a plan with the field names of TensorRT's inspector. `bindings` are the symbols known: the dims of others
/// are -1. A name alone when `detailed` is false.
nlohmann::ordered_json layer_information(const core::Built&, int step, const core::Bindings& bindings, bool detailed);
/// The name that inspector, profiler and NVTX show.
std::string layer_name(const core::Program&, const core::Step&);

}  // namespace tenon::adapter
