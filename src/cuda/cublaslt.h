#pragma once
#include <cublasLt.h>

#include <string>

#include "base/error.h"

namespace tenon::core::cuda {

/// cuBLASLt, opened at run time. Its handles may be used by several threads at once.
class CublasLt {
 public:
  /// Null, with a sentence, when the library is missing or too old.
  static const CublasLt* get(std::string& why);
  /// The handle of the device that is current.
  cublasLtHandle_t handle() const;
  /// "cuBLASLt 13.1.0", from the library that was found.
  const std::string& version() const { return version_; }
  /// Fails with a sentence that names the library, what was asked and the bit that turns it off.
  template <class... Parts>
  void check(cublasStatus_t status, fmt::format_string<Parts...> what, Parts&&... parts) const {
    if (status != CUBLAS_STATUS_SUCCESS) fail_call(status, fmt::format(what, std::forward<Parts>(parts)...));
  }
  /// "CUBLAS_STATUS_NOT_SUPPORTED".
  std::string name_of(cublasStatus_t) const;

  decltype(&cublasLtCreate) create = nullptr;
  decltype(&cublasLtGetProperty) get_property = nullptr;
  decltype(&cublasLtGetStatusName) status_name = nullptr;
  decltype(&cublasLtMatmul) matmul = nullptr;
  decltype(&cublasLtMatmulDescCreate) create_operation = nullptr;
  decltype(&cublasLtMatmulDescDestroy) destroy_operation = nullptr;
  decltype(&cublasLtMatmulDescSetAttribute) set_operation = nullptr;
  decltype(&cublasLtMatrixLayoutCreate) create_layout = nullptr;
  decltype(&cublasLtMatrixLayoutDestroy) destroy_layout = nullptr;
  decltype(&cublasLtMatrixLayoutSetAttribute) set_layout = nullptr;
  decltype(&cublasLtMatmulPreferenceCreate) create_preference = nullptr;
  decltype(&cublasLtMatmulPreferenceDestroy) destroy_preference = nullptr;
  decltype(&cublasLtMatmulPreferenceSetAttribute) set_preference = nullptr;
  decltype(&cublasLtMatmulAlgoGetHeuristic) heuristic = nullptr;
  decltype(&cublasLtMatmulAlgoConfigGetAttribute) algo_attribute = nullptr;
  decltype(&cublasLtMatmulAlgoCapGetAttribute) algo_capability = nullptr;
  decltype(&cublasLtMatmulAlgoInit) init_algo = nullptr;
  decltype(&cublasLtMatmulAlgoConfigSetAttribute) set_algo_attribute = nullptr;
  decltype(&cublasLtMatmulAlgoCheck) check_algo = nullptr;

 private:
  CublasLt();
  [[noreturn]] void fail_call(cublasStatus_t, const std::string& what) const;
  std::string why_, version_;
};

}  // namespace tenon::core::cuda
