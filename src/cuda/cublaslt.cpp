#include "cuda/cublaslt.h"

#include <map>
#include <mutex>

#include "cuda/check.h"
#include "cuda/library.h"

namespace tenon::core::cuda {

CublasLt::CublasLt() {
  static const Library library{"libcublasLt.so.13", "libcublasLt.so.12"};
  if (!library) {
    why_ = "cuBLASLt 12 or 13 was not found (" + library.why() + "); install it or add its folder to LD_LIBRARY_PATH";
    return;
  }
  const auto load = [&](auto& function, const char* symbol) {
    function = library.get<std::remove_pointer_t<std::remove_reference_t<decltype(function)>>>(symbol);
    if (!function && why_.empty()) why_ = fmt::format("the cuBLASLt found has no function '{}'; version 12 or 13 is needed", symbol);
  };
  load(create, "cublasLtCreate");
  load(get_property, "cublasLtGetProperty");
  load(status_name, "cublasLtGetStatusName");
  load(matmul, "cublasLtMatmul");
  load(create_operation, "cublasLtMatmulDescCreate");
  load(destroy_operation, "cublasLtMatmulDescDestroy");
  load(set_operation, "cublasLtMatmulDescSetAttribute");
  load(create_layout, "cublasLtMatrixLayoutCreate");
  load(destroy_layout, "cublasLtMatrixLayoutDestroy");
  load(set_layout, "cublasLtMatrixLayoutSetAttribute");
  load(create_preference, "cublasLtMatmulPreferenceCreate");
  load(destroy_preference, "cublasLtMatmulPreferenceDestroy");
  load(set_preference, "cublasLtMatmulPreferenceSetAttribute");
  load(heuristic, "cublasLtMatmulAlgoGetHeuristic");
  load(algo_attribute, "cublasLtMatmulAlgoConfigGetAttribute");
  load(algo_capability, "cublasLtMatmulAlgoCapGetAttribute");
  if (!why_.empty()) return;
  int major = 0, minor = 0, patch = 0;
  get_property(MAJOR_VERSION, &major);
  get_property(MINOR_VERSION, &minor);
  get_property(PATCH_LEVEL, &patch);
  version_ = fmt::format("cuBLASLt {}.{}.{}", major, minor, patch);
}

const CublasLt* CublasLt::get(std::string& why) {
  static const CublasLt library;
  if (library.why_.empty()) return &library;
  why = library.why_;
  return nullptr;
}

std::string CublasLt::name_of(cublasStatus_t status) const { return status_name(status); }

void CublasLt::fail_call(cublasStatus_t status, const std::string& what) const {
  const ErrorCode code = status == CUBLAS_STATUS_ALLOC_FAILED ? ErrorCode::out_of_memory : ErrorCode::device_failed;
  fail(code, "{}, {}: {}; without the tactic source CUBLAS_LT (bit 2) it is not used", version_, what, name_of(status));
}

cublasLtHandle_t CublasLt::handle() const {
  // Handles live as long as the process: a driver that is shutting down must not be called.
  static std::mutex mutex;
  static auto& handles = *new std::map<int, cublasLtHandle_t>;
  int device = 0;
  cuda::check(cudaGetDevice(&device), "asking for the current device");
  const std::lock_guard lock(mutex);
  cublasLtHandle_t& handle = handles[device];
  if (!handle) check(create(&handle), "making a handle");
  return handle;
}

}  // namespace tenon::core::cuda
