#pragma once
#include <cstdint>

namespace tenon::core::cpu {

/// to = max(0, x * scale + shift) for rows of `width` dense elements, which are `to_row` apart in `to`.
struct JoinedPart {
  const float *x, *scale, *shift;
  int64_t width, rows;
  float* to;
  int64_t to_row;
};
void join_rows(const JoinedPart&);

}  // namespace tenon::core::cpu
