#pragma once
#include "ops/resize.h"

namespace tenon::core {

/// One axis of a resize with concrete numbers.
struct ResizeAxis {
  int64_t axis = 0, in = 0, out = 0;
  double scale = 1;  // as given, or out / in
  double roi_begin = 0, roi_end = 1;
  /// Nothing changes along it.
  bool identity() const { return in == out && scale == 1 && roi_begin == 0 && roi_end == 1; }
};

/// Output o is the sum of weight[o][t] * input[index[o][t]]; or the extrapolation value where `outside[o]`.
struct ResizeTaps {
  int64_t count = 1;  // taps of each output
  std::vector<int64_t> index;
  std::vector<double> weight;
  std::vector<char> outside;
};
ResizeTaps make_taps(const Resize&, const ResizeAxis&);

}  // namespace tenon::core
