#pragma once
#include <string>

#include "ir/tensor.h"

namespace tenon::core {

/// How far results may be apart: |a - b| <= atol + rtol * (the reference's largest finite magnitude).
struct Tolerance {
  double rtol = 0, atol = 0;
};
/// The one table of tolerances: for results computed in a type. Integers, bool and strings must be equal.
Tolerance default_tolerance(DType computed_in);

struct Comparison {
  double max_abs = 0;  // over elements where both are finite
  double max_rel = 0;  // max_abs over the reference's range
  double cosine = 1;
  double sqnr_db = 0;  // infinite when equal
  bool pass = true;
  std::string why;  // of a failure
};

/// `expected` is the reference. NaN equals NaN, infinities equal themselves; types and dims must be equal.
Comparison compare_tensors(const Tensor& actual, const Tensor& expected, Tolerance);
/// Sequences element by element: the worst of each figure.
Comparison compare_values(const HostValue& actual, const HostValue& expected, Tolerance);

}  // namespace tenon::core
