#pragma once
#include "ir/tensor.h"
#include "tenon/compare.h"

namespace tenon::core {

/// See tenon/compare.h; `b` is the reference.
Comparison compare_values(const HostValue& a, const HostValue& b, const Tolerance&, DType computed_in = DType::none);

}  // namespace tenon::core
