#pragma once
#include "cuda/compile.h"
#include "tactics/tactic.h"

namespace tenon::core::cuda {

/// How the kernels of rows.cu hold a row: `threads` of them, `vectors` of `width` elements in each; or nothing held, and
/// the row read several times (`long_rows`).
struct RowShape {
  bool held = false;
  int threads = 256, vectors = 1, width = 1;

  std::vector<std::string> options() const;
  /// The launch for so many rows.
  Launch launch(int64_t rows) const;
};

/// The offer once for each sensible number of threads to a row of `length` (in its config), best guess first. A length not
/// known in advance gets the kernel for any.
std::vector<Offer> in_row_threads(const Offer&, const Dim& length, int64_t widest_element);
/// What the offer's config means for a row; nothing, with a sentence, where it does not fit.
std::optional<RowShape> row_shape(const Offer&, int64_t length, int64_t widest_element, std::string& why);

}  // namespace tenon::core::cuda
