#include "tactics/index_reader.h"

#include "ops/shape_infer.h"

namespace tenon::core {

IndexTuples::IndexTuples(int64_t batch_dims, const Dims& x, const Dims& tuples)
    : batch_dims_(batch_dims), width_(tuples.back()) {
  const Dims strides = strides_of({}, x);
  for (size_t i = 0; i + 1 < tuples.size(); ++i) rows *= tuples[i];
  int64_t batches = 1;
  for (size_t i = 0; i < x.size(); ++i) {
    const auto axis = static_cast<int64_t>(i);
    if (axis < batch_dims)
      batches *= x[i];
    else
      batch_stride_ *= x[i];
    if (axis >= batch_dims + width_) inner *= x[i];
    if (axis < batch_dims || axis >= batch_dims + width_) continue;
    dims_.push_back(x[i]);
    strides_.push_back(strides[i]);
  }
  per_batch_ = std::max<int64_t>(1, rows / std::max<int64_t>(1, batches));
}

int64_t IndexTuples::offset(const IndexReader& indices, int64_t row) const {
  int64_t at = row / per_batch_ * batch_stride_;
  for (int64_t i = 0; i < width_; ++i) {
    const auto a = static_cast<size_t>(i);
    at += checked_index(indices[row * width_ + i], batch_dims_ + i, dims_[a]) * strides_[a];
  }
  return at;
}

bool IndexLines::fits(int64_t axis, const Dims& x, const Dims& indices) {
  if (x.size() != indices.size()) return false;
  for (size_t i = 0; i < x.size(); ++i)
    if (static_cast<int64_t>(i) != axis && indices[i] > x[i]) return false;
  return true;
}

IndexLines::IndexLines(int64_t axis, const Dims& x, const Dims& indices)
    : axis_(axis), bound_(x[static_cast<size_t>(axis)]), dims_(indices), steps_(strides_of({}, x)) {
  stride_ = steps_[static_cast<size_t>(axis)];
  steps_[static_cast<size_t>(axis)] = 0;
  length = indices.back();
  for (size_t i = 0; i + 1 < indices.size(); ++i) count *= indices[i];
}

int64_t IndexLines::checked(int64_t index) const { return checked_index(index, axis_, bound_); }

}  // namespace tenon::core
