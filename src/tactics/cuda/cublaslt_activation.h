#pragma once
#include <cublasLt.h>

#include <optional>

#include "ops/conv.h"
#include "tenon/dtype.h"

namespace tenon::core::cuda {

/// The epilogue for an activation behind a product stored as `stored`; nothing when cuBLASLt has none.
/// Its GELU is the tanh form. It differs from the erf form by up to 5e-4, about what 16 bits round away from values
/// near 1, so it stands for that form where results are stored in 16 bits, unless results must be `exact`.
inline std::optional<cublasLtEpilogue_t> cublaslt_activation(const Activation& a, DType stored, bool exact) {
  if (!a.present()) return CUBLASLT_EPILOGUE_DEFAULT;
  if (a.kind == "relu") return CUBLASLT_EPILOGUE_RELU;
  if (a.kind == "gelu_tanh") return CUBLASLT_EPILOGUE_GELU;
  if (a.kind == "gelu_erf" && stored != DType::f32 && !exact) return CUBLASLT_EPILOGUE_GELU;
  return {};
}

}  // namespace tenon::core::cuda
