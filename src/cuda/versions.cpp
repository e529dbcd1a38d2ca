#include "cuda/versions.h"

#include <cuda_runtime_api.h>
#include <fmt/core.h>

#include "cuda/library.h"

namespace tenon::core::cuda {

std::string runtime_version() { return fmt::format("{}.{}", CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10); }

std::string library_versions() {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : " ") + part; };
  const Library cudnn{"libcudnn.so.9"}, cublaslt{"libcublasLt.so.13", "libcublasLt.so.12"}, nvrtc{"libnvrtc.so.13", "libnvrtc.so.12"};
  if (auto get = cudnn.get<size_t()>("cudnnGetVersion")) add(fmt::format("cudnn {}.{}.{}", get() / 10000, get() % 10000 / 100, get() % 100));
  if (auto get = cublaslt.get<size_t()>("cublasLtGetVersion")) add(fmt::format("cublaslt {}.{}.{}", get() / 10000, get() % 10000 / 100, get() % 100));
  int major = 0, minor = 0;
  if (auto get = nvrtc.get<int(int*, int*)>("nvrtcVersion"); get && get(&major, &minor) == 0) add(fmt::format("nvrtc {}.{}", major, minor));
  return text;
}

}  // namespace tenon::core::cuda
