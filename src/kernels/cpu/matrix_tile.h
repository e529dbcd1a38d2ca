#pragma once
#include <cstdint>

namespace tenon::core::cpu {

/// Columns of a panel: what one register tile covers.
int64_t matrix_panel();
/// c[rows, columns] = factor * a[rows, depth] * b, where b is packed in panels of `matrix_panel()` columns,
/// [depth][panel] each and `panel_stride` apart; rows of a and c are `a_row` and `c_row` apart.
void multiply_packed(const float* a, int64_t a_row, const float* b, float* c, int64_t c_row, int64_t rows,
                     int64_t depth, int64_t columns, int64_t panel_stride, float factor);

}  // namespace tenon::core::cpu
