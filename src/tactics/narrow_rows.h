#pragma once
#include "kernels/cpu/strip_functions.h"
#include "tactics/tactic.h"

namespace tenon::core {

/// Rows that are stored in bf16 and computed on as f32, each in scratch of the thread that takes it.
class NarrowRows {
 public:
  NarrowRows(int64_t rows, int64_t length, int lanes);
  int64_t workspace_bytes() const;
  /// y's row = what `compute` makes of x's row in its place. y may be x.
  void run(const Args&, Threads&, FunctionRef<void(int64_t row, float* values)> compute) const;

 private:
  int64_t rows_, length_, lanes_;
  cpu::StripFunction widen_, narrow_;
};

/// The same offers with the first input and output stored in bf16, where the user and the CPU allow it.
void add_narrow_offers(std::vector<Offer>&, const Problem&);

}  // namespace tenon::core
