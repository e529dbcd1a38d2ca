#pragma once
#include <string>
#include <vector>

#include "tenon/engine.h"

namespace tenon {

/// The memory formats that BuildOptions::io_formats takes, those of the nvinfer1 API: chw (dense), chw2, chw4, chw16, chw32,
/// hwc, hwc8, hwc16, dhwc, dhwc8, cdhw32. A tensor [N,C,H,W] is given and taken as [N,C/4,H,W,4] for chw4 and as
/// [N,H,W,C] for hwc8, with channels rounded up; d: with three spatial dims. What lies between is ignored in inputs and 0 in
/// outputs.
TENON_API std::vector<std::string> memory_formats();

/// The dims of an engine's input or output as they are passed, for those of the dense tensor; -1 stays -1.
TENON_API std::vector<int64_t> stored_dims(const TensorInfo&, const std::vector<int64_t>& dense);
TENON_API std::vector<int64_t> dense_dims(const TensorInfo&, const std::vector<int64_t>& stored);
/// The dense tensor as the engine takes it, and what the engine gives as a dense tensor.
TENON_API Tensor pack(const TensorInfo&, const Tensor& dense);
TENON_API Tensor unpack(const TensorInfo&, const Tensor& stored);

}  // namespace tenon
