#pragma once
#include <cstddef>
#include <vector>

#include "base/threads.h"
#include "kernels/cpu/depthwise.h"

namespace tenon::core::cpu {

/// A convolution of few channels: x row-major [images, channels, rows, columns], y channels-last [.., filters].
struct StemShape {
  int64_t images = 0, channels = 0, filters = 0;
  SlidingAxis rows, columns;
};

/// Each row of outputs is one product: the rows of x under the kernel are laid into a padded scratch, where the factor
/// of kernel place k of output o is at places[k] + o * stride.
class StemKernel {
 public:
  StemKernel(const StemShape&, int lanes);
  int64_t workspace_bytes() const;
  void run(const float* x, const float* packed, const DepthwiseFinish&, float* y, std::byte* workspace, Threads&) const;


 private:
  static int64_t depth(const StemShape&);  // products of one output
  void load_rows(const float* image, int64_t row, float* scratch) const;
  int64_t scratch_floats() const { return scratch_rows_ * width_; }

  StemShape s_;
  int64_t lanes_, width_, scratch_rows_;
  std::vector<int64_t> places_;
};

}  // namespace tenon::core::cpu
