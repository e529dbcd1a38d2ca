#include "kernels/cpu/reduce.h"

#include <algorithm>
#include <cmath>

namespace tenon::core::cpu {
namespace {

constexpr int64_t kGrain = 8192;  // elements of one piece, at least
constexpr int64_t kBlock = 256;   // columns folded at a time

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

void Reduction::one_row(const float* x, float* y) const {
  const RowKernels& kernels = row_kernels();
  float result = start_of(spec_.fold);
  auto body = [&](const float* row) { result = kernels.fold(spec_.fold, row, inner_, result); };
  for_each_row(0, x, body);
  *y = result;
  finish(y, 1);
}

void Reduction::one_block(const float* x, float* y, int64_t width) const {
  const RowKernels& kernels = row_kernels();
  std::fill_n(y, width, start_of(spec_.fold));
  auto body = [&](const float* row) { kernels.fold_rows(spec_.fold, row, width, y); };
  for_each_row(0, x, body);
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
    std::fill_n(y, results_, start_of(spec_.fold));
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
