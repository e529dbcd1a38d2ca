#pragma once
#include <cstddef>

#include "kernels/cpu/depthwise.h"

namespace tenon::core::cpu {

/// A 1x1 convolution of `inputs` channels, a depthwise one of its results, and a 1x1 one to `outputs` channels, in
/// channels-last order. 0 inputs: x goes into the depthwise one; 0 outputs: what that gives is the result.
struct BottleneckShape {
  int64_t images = 0, inputs = 0, outputs = 0;
  DepthwiseShape depthwise;
};

struct BottleneckInputs {
  const float *x, *expand, *weights, *project;  // panels, [rows][columns][channels], panels
  DepthwiseFinish first, second, third;         // a residual in the third alone
};

/// Each thread takes a range of output rows; it keeps those rows before the depthwise convolution that the next output
/// still reads, and one row behind it.
class BottleneckKernel {
 public:
  BottleneckKernel(const BottleneckShape&, int lanes);
  int64_t workspace_bytes() const;
  void run(const BottleneckInputs&, float* y, std::byte* workspace, Threads&) const;

 private:
  class Lane;
  BottleneckShape s_;
  int64_t lanes_, kept_;           // rows that are kept
  int64_t in_row_, middle_row_;    // floats of a row before and behind the depthwise convolution
  int64_t lane_floats() const { return (s_.inputs ? kept_ * in_row_ : 0) + (s_.outputs ? middle_row_ : 0); }
};

}  // namespace tenon::core::cpu
