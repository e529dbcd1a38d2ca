#pragma once
#include "nvinfer1/reporter.h"
#include "nvinfer1/runtime/engine_state.h"

namespace tenon::adapter {

nvinfer1::IEngineInspector* make_inspector(std::shared_ptr<const EngineState> state, const Reporter& maker);

}  // namespace tenon::adapter
