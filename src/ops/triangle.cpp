#include "ops/elements.h"
#include "ops/infer_util.h"
#include "ops/shape.h"
#include "ops/shape_infer.h"
#include "ops/strided.h"

namespace tenon::core {
namespace {

void check_reversal_axes(int64_t batch, int64_t time) {
  if (batch < 0 || batch > 1 || time < 0 || time > 1 || batch == time)
    fail(ErrorCode::invalid_model, "the batch axis and the time axis must be 0 and 1; found {} and {}", batch, time);
}

}  // namespace

std::vector<Fact> EyeLike::infer(InferContext& cx) const {
  expect_rank(cx, 0, "the input", 2, 2);
  const Fact& x = cx.input(0);
  const DType type = dtype == DType::none ? x.dtype() : dtype;
  return {Fact::tensor(type, x.type.ranked ? x.shape() : unknown_shape(cx, "eye", 2))};
}

std::vector<HostValue> EyeLike::evaluate(const EvalContext& cx) const {
  const Tensor& x = cx.tensor(0);
  Tensor out(dtype == DType::none ? x.dtype() : dtype, x.dims());
  const Tensor one = scalar(out.dtype(), 1);
  const int64_t rows = x.dim(0), columns = x.dim(1);
  visit_movable(out.dtype(), [&]<class T>(T) {
    for (int64_t i = 0; i < rows; ++i)
      if (k < columns && k > -rows && i + k >= 0 && i + k < columns)
        mutable_elements_of<T>(out)[i * columns + i + k] = *elements_of<T>(one);
  });
  return {out};
}

std::vector<Fact> Trilu::infer(InferContext& cx) const {
  expect_rank(cx, 0, "the input", 2);
  if (cx.has(1)) {
    expect_dtype(cx, 1, "k", {DType::i64});
    expect_rank(cx, 1, "k", 0, 1);
  }
  return {Fact(cx.input(0).type)};
}

std::vector<HostValue> Trilu::evaluate(const EvalContext& cx) const {
  const Tensor& x = cx.tensor(0);
  const int64_t given = cx.has(1) ? number_of(cx, 1, "k") : 0;
  const int64_t rows = x.dim(x.rank() - 2), columns = x.dim(x.rank() - 1);
  const int64_t k = std::max(-rows, std::min(given, columns));
  Tensor out(x.dtype(), x.dims());
  if (out.size() == 0) return {out};
  visit_movable(x.dtype(), [&]<class T>(T) {
    cx.threads().parallel_ranges(x.size() / columns, 4096 / columns + 1, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        const int64_t diagonal = row % rows + k;
        const int64_t first = upper ? std::max<int64_t>(0, diagonal) : 0;
        const int64_t last = upper ? columns : std::min(columns, diagonal + 1);
        if (first < last)
          std::copy(elements_of<T>(x) + row * columns + first, elements_of<T>(x) + row * columns + last,
                    mutable_elements_of<T>(out) + row * columns + first);
      }
    });
  });
  return {out};
}

std::vector<Fact> ReverseSequence::infer(InferContext& cx) const {
  expect_rank(cx, 0, "the input", 2);
  expect_indices(cx, 1, "the lengths");
  check_reversal_axes(batch_axis, time_axis);
  const Fact& x = cx.input(0);
  const Fact& lengths = cx.input(1);
  if (x.type.ranked && lengths.type.ranked) {
    if (equal(x.shape()[batch_axis], lengths.shape()[0]) == Tri::no)
      fail(ErrorCode::shape_mismatch, "{} lengths are given for a batch of {}", lengths.shape()[0].str(),
           x.shape()[batch_axis].str());
    cx.require_equal(x.shape()[batch_axis], lengths.shape()[0], "the batch and the number of lengths");
  }
  return {Fact(x.type)};
}

std::vector<HostValue> ReverseSequence::evaluate(const EvalContext& cx) const {
  const Tensor& x = cx.tensor(0);
  const auto lengths = numbers_of(cx, 1);
  const int64_t batch = x.dim(batch_axis), time = x.dim(time_axis);
  if (static_cast<int64_t>(lengths.size()) != batch)
    fail(ErrorCode::shape_mismatch, "{} lengths are given for a batch of {}", lengths.size(), batch);
  Tensor out(x.dtype(), x.dims());
  if (out.size() == 0) return {out};
  const Dims strides = strides_of(x.dims());
  const int64_t inner = strides[1];
  visit_movable(x.dtype(), [&]<class T>(T) {
    for (int64_t b = 0; b < batch; ++b) {
      if (lengths[b] < 0 || lengths[b] > time)
        fail(ErrorCode::runtime_value, "length {} of sequence {} is outside [0, {}]", lengths[b], b, time);
      for (int64_t t = 0; t < time; ++t) {
        const int64_t source = t < lengths[b] ? lengths[b] - 1 - t : t, base = b * strides[batch_axis];
        std::copy_n(elements_of<T>(x) + base + source * strides[time_axis], inner,
                    mutable_elements_of<T>(out) + base + t * strides[time_axis]);
      }
    }
  });
  return {out};
}

}  // namespace tenon::core
