#pragma once
#include "NvInferRuntime.h"
#include "tenon/export.h"

namespace nvinfer1 {
class IBuilderConfig;
}

/// What programs of the nvinfer1 API may ask of Tenon beyond TensorRT; libnvinfer.so.8 has it.
namespace tenon {

/// The device that networks are built for with this config: "cpu", "cuda", "cuda:1", or "auto", the best there is. It goes before
/// TENON_DEVICE, which counts where none was set (null or ""). A name that does not exist is an error of the build.
TENON_API void set_device(nvinfer1::IBuilderConfig& config, char const* device) noexcept;
TENON_API char const* get_device(nvinfer1::IBuilderConfig const& config) noexcept;

/// Contexts that are made with this config choose kernels again, in the background, for shapes which they run and which the engine
/// is not tuned for. They go on with the engine's kernels until the others are ready. Off unless set. The contexts of an engine
/// share what was chosen; each set of shapes takes memory of its own. Not together with kUSER_MANAGED.
TENON_API void specialize_shapes(nvinfer1::IRuntimeConfig& config, bool on) noexcept;
TENON_API bool specializes_shapes(nvinfer1::IRuntimeConfig const& config) noexcept;

/// Returns when no shapes that were run on the context's optimization profile wait for kernels; the next run takes them.
TENON_API void wait_for_kernels(nvinfer1::IExecutionContext const& context) noexcept;

}  // namespace tenon
