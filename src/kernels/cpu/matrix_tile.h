#pragma once
#include <cstdint>
#include <limits>

namespace tenon::core::cpu {

/// Columns of a panel: what one register tile covers.
int64_t matrix_panel();
/// c[rows, columns] = factor * a[rows, depth] * b + bias, into [low, high], where b is packed in panels of `matrix_panel()` columns,
/// [depth][panel] each and `panel_stride` apart; rows of a and c are `a_row` and `c_row` apart. Element k of a row of a
/// is at k, or at places[k] where those are given. The bias, one number per column, may be null.
struct PanelProduct {
  const float* a;
  int64_t a_row;
  const int64_t* places;
  const float* b;
  int64_t panel_stride;
  float* c;
  int64_t c_row, rows, depth, columns;
  float factor = 1;
  const float* bias = nullptr;
  float low = -std::numeric_limits<float>::infinity(), high = std::numeric_limits<float>::infinity();
};
void multiply_packed(const PanelProduct&);
void multiply_packed(const float* a, int64_t a_row, const float* b, float* c, int64_t c_row, int64_t rows,
                     int64_t depth, int64_t columns, int64_t panel_stride, float factor);

/// Floats of a packed b of these dims, and b packed from w [columns, depth].
int64_t panel_floats(int64_t columns, int64_t depth);
void pack_panels(int64_t columns, int64_t depth, const float* w, float* to);

}  // namespace tenon::core::cpu
