#include "kernels/cpu/reduce.h"

#include <algorithm>
#include <cmath>

namespace tenon::core::cpu {
namespace {

constexpr int64_t kGrain = 8192;  // elements of one piece, at least
constexpr int64_t kBlock = 256;   // columns folded at a time

float finite_or_zero(float x) { return std::isfinite(x) ? x : 0; }

}  // namespace

Reduction::Reduction(const ReduceSpec& spec) : spec_(spec) {
  std::vector<ReduceSpec::Loop> loops;
  for (const ReduceSpec::Loop& l : spec.loops) {
    (l.reduced ? folded_ : results_) *= l.count;
    if (l.count == 1) continue;
    if (!loops.empty() && loops.back().reduced == l.reduced)
      loops.back().count *= l.count;
    else
      loops.push_back(l);
  }
  int64_t stride = 1;
  for (size_t i = loops.size(); i-- > 0; stride *= loops[i].count) {
    if (i + 1 == loops.size()) {
      rows_ = loops[i].reduced;
      inner_ = loops[i].count;
    } else {
      (loops[i].reduced ? reduced_ : kept_)
          .insert((loops[i].reduced ? reduced_ : kept_).begin(), {loops[i].count, stride});
    }
  }
}

const float* Reduction::kept_base(const float* x, int64_t index) const {
  for (size_t a = kept_.size(); a-- > 0; index /= kept_[a].count) x += index % kept_[a].count * kept_[a].stride;
  return x;
}

template <class F>
void Reduction::for_each_row(size_t axis, const float* x, F& body) const {
  if (axis == reduced_.size()) return body(x);
  for (int64_t i = 0; i < reduced_[axis].count; ++i) for_each_row(axis + 1, x + i * reduced_[axis].stride, body);
}

float Reduction::fold_row(Fold fold, const float* x) const {
  const RowKernels& kernels = row_kernels();
  float result = start_of(fold);
  auto body = [&](const float* row) { result = kernels.fold(fold, row, inner_, result); };
  for_each_row(0, x, body);
  return result;
}

void Reduction::fold_block(Fold fold, const float* x, float* y, int64_t width) const {
  const RowKernels& kernels = row_kernels();
  std::fill_n(y, width, start_of(fold));
  auto body = [&](const float* row) { kernels.fold_rows(fold, row, width, y); };
  for_each_row(0, x, body);
}

float Reduction::log_sum_exp_of_row(const float* x) const {
  const RowKernels& kernels = row_kernels();
  const float shift = finite_or_zero(fold_row(Fold::max, x));
  float sum = 0;
  auto body = [&](const float* row) { sum += kernels.exp_sum(row, inner_, shift); };
  for_each_row(0, x, body);
  return std::log(sum) + shift;
}

void Reduction::log_sum_exp_of_block(const float* x, float* y, int64_t width) const {
  const RowKernels& kernels = row_kernels();
  float shift[kBlock];
  fold_block(Fold::max, x, shift, width);
  std::transform(shift, shift + width, shift, finite_or_zero);
  std::fill_n(y, width, 0.0f);
  auto body = [&](const float* row) { kernels.exp_sum_rows(row, width, shift, y); };
  for_each_row(0, x, body);
  for (int64_t i = 0; i < width; ++i) y[i] = std::log(y[i]) + shift[i];
}

void Reduction::one_row(const float* x, float* y) const {
  if (spec_.log_sum_exp) {
    *y = log_sum_exp_of_row(x);
    return;
  }
  *y = fold_row(spec_.fold, x);
  finish(y, 1);
}

void Reduction::one_block(const float* x, float* y, int64_t width) const {
  if (spec_.log_sum_exp) return log_sum_exp_of_block(x, y, width);
  fold_block(spec_.fold, x, y, width);
  finish(y, width);
}

void Reduction::finish(float* y, int64_t count) const {
  using Finish = ReduceSpec::Finish;
  for (int64_t i = 0; i < count; ++i) {
    if (spec_.finish == Finish::mean) y[i] /= static_cast<float>(folded_);
    if (spec_.finish == Finish::square_root) y[i] = std::sqrt(y[i]);
    if (spec_.finish == Finish::logarithm) y[i] = std::log(y[i]);
  }
}

void Reduction::run(const float* x, float* y, Threads& threads) const {
  if (results_ == 0) return;
  if (folded_ == 0) {
    std::fill_n(y, results_, spec_.log_sum_exp ? start_of(Fold::max) : start_of(spec_.fold));
    return finish(y, results_);
  }
  if (rows_) {
    threads.parallel_ranges(results_, std::max<int64_t>(1, kGrain / folded_), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) one_row(kept_base(x, i), y + i);
    });
    return;
  }
  const int64_t width = std::min(inner_, kBlock), blocks = (inner_ + width - 1) / width;
  threads.parallel_ranges(
      results_ / inner_ * blocks, std::max<int64_t>(1, kGrain / (folded_ * width)), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const int64_t first = i % blocks * width;
          one_block(kept_base(x, i / blocks) + first, y + i / blocks * inner_ + first, std::min(width, inner_ - first));
        }
      });
}

}  // namespace tenon::core::cpu
