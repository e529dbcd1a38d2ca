#include "cuda/cublaslt.h"

#include <map>
#include <mutex>

#include "cuda/check.h"
#include "cuda/library.h"

namespace tenon::core::cuda {

CublasLt::CublasLt() {
  static const Library library{"libcublasLt.so.13", "libcublasLt.so.12"};
  const Functions functions(library, "cuBLASLt", "12 or 13", why_);
  functions.load(create, "cublasLtCreate");
  functions.load(get_property, "cublasLtGetProperty");
  functions.load(status_name, "cublasLtGetStatusName");
  functions.load(matmul, "cublasLtMatmul");
  functions.load(create_operation, "cublasLtMatmulDescCreate");
  functions.load(destroy_operation, "cublasLtMatmulDescDestroy");
  functions.load(set_operation, "cublasLtMatmulDescSetAttribute");
  functions.load(create_layout, "cublasLtMatrixLayoutCreate");
  functions.load(destroy_layout, "cublasLtMatrixLayoutDestroy");
  functions.load(set_layout, "cublasLtMatrixLayoutSetAttribute");
  functions.load(create_preference, "cublasLtMatmulPreferenceCreate");
  functions.load(destroy_preference, "cublasLtMatmulPreferenceDestroy");
  functions.load(set_preference, "cublasLtMatmulPreferenceSetAttribute");
  functions.load(heuristic, "cublasLtMatmulAlgoGetHeuristic");
  functions.load(algo_attribute, "cublasLtMatmulAlgoConfigGetAttribute");
  functions.load(algo_capability, "cublasLtMatmulAlgoCapGetAttribute");
  functions.load(init_algo, "cublasLtMatmulAlgoInit");
  functions.load(set_algo_attribute, "cublasLtMatmulAlgoConfigSetAttribute");
  functions.load(check_algo, "cublasLtMatmulAlgoCheck");
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
  const int device = cuda::current_device();
  const std::lock_guard lock(mutex);
  cublasLtHandle_t& handle = handles[device];
  if (!handle) check(create(&handle), "making a handle");
  return handle;
}

}  // namespace tenon::core::cuda
