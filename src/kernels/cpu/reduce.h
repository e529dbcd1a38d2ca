#pragma once
#include <cstddef>
#include <vector>

#include "base/threads.h"
#include "kernels/cpu/row_kernels.h"

namespace tenon::core::cpu {

/// y = finish(fold over the reduced loops of x).
struct ReduceSpec {
  struct Loop {
    int64_t count;
    bool reduced;
  };
  std::vector<Loop> loops;  // of x, dense, outermost first; y is dense over those that are kept
  Fold fold = Fold::sum;
  enum class Finish { none, mean, square_root, logarithm } finish = Finish::none;
  /// y = log(sum(exp(x))) in place of fold and finish, computed from x less its largest element.
  bool log_sum_exp = false;
};

class Reduction {
 public:
  explicit Reduction(const ReduceSpec&);
  void run(const float* x, float* y, Threads&) const;
  bool folds_rows() const { return rows_; }

 private:
  struct Axis {
    int64_t count, stride;
  };
  void one_row(const float* x, float* y) const;
  void one_block(const float* x, float* y, int64_t width) const;
  float fold_row(Fold, const float* x) const;
  void fold_block(Fold, const float* x, float* y, int64_t width) const;
  float log_sum_exp_of_row(const float* x) const;
  void log_sum_exp_of_block(const float* x, float* y, int64_t width) const;
  template <class F>
  void for_each_row(size_t axis, const float* x, F& body) const;
  const float* kept_base(const float* x, int64_t index) const;
  void finish(float* y, int64_t count) const;

  ReduceSpec spec_;
  std::vector<Axis> kept_, reduced_;  // without the innermost loop
  bool rows_ = true;                  // the innermost loop is reduced
  int64_t inner_ = 1, results_ = 1, folded_ = 1;
};

}  // namespace tenon::core::cpu
