#pragma once
#include <string>
#include <vector>

#include "tenon/export.h"
#include "tenon/tensor.h"

namespace tenon {

/// How far apart two results are. Relative error is the largest |a - b| over the largest |b| (the reference's range).
struct Comparison {
  double max_abs = 0, max_rel = 0, cosine = 1, sqnr_db = 0;
  bool pass = true;
  std::string why;  // of a failure: "shape [1,3] against [1,4]", "element 17: 0.5 against 0.7"
};

struct Tolerance {
  double rtol = -1, atol = -1;  // below 0: the table's value for the type
};

/// Tolerance of results computed in a type, as a fraction of the reference's range: f32 1e-3, f16 and bf16 more; integers 0.
TENON_API double default_tolerance(DType computed_in);
/// `b` is the reference. NaN equals NaN, infinities equal themselves.
TENON_API Comparison compare(const Value& a, const Value& b, const Tolerance& = {});

}  // namespace tenon
