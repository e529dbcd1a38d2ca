#pragma once
#include <cstdint>
#include <vector>

namespace tenon::core {

/// Columns of one panel and rows of one strip of the blocked product.
inline constexpr int64_t kTileColumns = 16, kTileRows = 4;

/// A matrix of m rows and k columns, a(i, j) = a[i * row + j * column], in strips of kTileRows rows: [m / 4][k][4].
template <class T>
std::vector<T> pack_strips(const T* a, int64_t m, int64_t k, int64_t row, int64_t column);

/// out[i * stride + j] = sum over l of a(i, l) * b(l, j), for m rows and `columns` columns. `strips` is a packed by
/// `pack_strips`; `panels` holds b as [columns / kTileColumns][k][kTileColumns], what is past `columns` being any
/// number. Partial sums of 256 terms are added up in double.
template <class T>
void multiply_panels(const T* strips, int64_t m, int64_t k, const T* panels, int64_t columns, T* out, int64_t stride);

}  // namespace tenon::core
