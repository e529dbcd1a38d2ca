#pragma once
#include <string>

namespace tenon::core::cuda {

/// "13.0": of the CUDA runtime inside this library.
std::string runtime_version();
/// "cudnn 9.14.0 cublaslt 13.1.0 nvrtc 13.0": what was found; a missing library is left out.
std::string library_versions();

}  // namespace tenon::core::cuda
