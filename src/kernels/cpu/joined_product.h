#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/threads.h"
#include "kernels/cpu/depthwise.h"

namespace tenon::core::cpu {

/// y[rows, filters] = activation(max(0, joined * scale + shift) * w' + bias), where a row of `joined` is a row of each
/// part in turn. All rows are dense.
struct JoinedShape {
  int64_t rows = 0, filters = 0;
  std::vector<int64_t> widths;  // of the parts' rows
  int64_t channels() const;     // of all parts
};

struct JoinedInputs {
  const float* const* parts;
  const float *scale, *shift;  // one number per channel
  const float* packed;         // weights
  DepthwiseFinish finish;      // without a residual
};

/// Blocks of rows are joined in scratch that stays in the second-level cache.
class JoinedProduct {
 public:
  static constexpr size_t kMostParts = 64;

  JoinedProduct(const JoinedShape&, int lanes);
  int64_t workspace_bytes() const;
  void run(const JoinedInputs&, float* y, std::byte* workspace, Threads&) const;

 private:
  void block(const JoinedInputs&, int64_t begin, int64_t count, float* scratch, float* y) const;

  JoinedShape s_;
  int64_t channels_, row_, block_, lanes_;  // floats of a row of scratch; rows of a block
};

}  // namespace tenon::core::cpu
