#pragma once
#include "base/error.h"
#include "ops/reals.h"

namespace tenon::core {

/// Linear algebra computes in float (all float types up to 32 bits), double, or wrapping uint64_t (integers). Calls `f`
/// with a value of that type.
template <class F>
decltype(auto) with_work_type(DType dtype, F&& f) {
  if (dtype == DType::f64) return f(double{});
  if (is_float(dtype)) return f(float{});
  return f(uint64_t{});
}
/// The same for ops of floats only.
template <class F>
decltype(auto) with_float_type(DType dtype, F&& f) {
  return dtype == DType::f64 ? f(double{}) : f(float{});
}

/// For `evaluate`: fails unless the tensor has these dims.
inline void expect_dims(const Tensor& tensor, const Dims& dims, std::string_view what) {
  if (tensor.dims() != dims)
    fail(ErrorCode::shape_mismatch, "{}: expected shape {}, found {}", what, dims_to_string(dims),
         dims_to_string(tensor.dims()));
}

}  // namespace tenon::core
