#pragma once
#include <cmath>

#include "base/error.h"
#include "ops/infer_util.h"

namespace tenon::core {

struct Statistics {
  double mean = 0, inverse = 0;
};

/// Over `length` elements; without the mean for RMS.
template <class T>
Statistics statistics_of(const T* x, int64_t length, double epsilon, bool rms) {
  double mean = 0, square = 0;
  const auto n = static_cast<double>(length);
  if (!rms) {
    for (int64_t i = 0; i < length; ++i) mean += x[i];
    mean /= n;
  }
  for (int64_t i = 0; i < length; ++i) square += (x[i] - mean) * (x[i] - mean);
  return {mean, 1 / std::sqrt(square / n + epsilon)};
}

inline void expect_float(InferContext& cx, int input, std::string_view what) {
  expect_tensor(cx, input, what);
  if (!is_float(cx.input(input).dtype()))
    fail(ErrorCode::invalid_model, "{} must be of a float type; found {}", what, cx.input(input).type.str());
}

}  // namespace tenon::core
