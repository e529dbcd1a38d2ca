#include <algorithm>

#include "ops/elements.h"
#include "ops/index.h"
#include "ops/infer_util.h"
#include "ops/shape_infer.h"
#include "ops/strided.h"

namespace tenon::core {
namespace {

constexpr int64_t kGrain = 1 << 14;

std::optional<std::vector<Dim>> gathered_content(const InferContext& cx) {
  const auto x = cx.input(0).elements();
  const auto indices = cx.input(1).numbers();
  if (!x || !indices || cx.input(0).rank() != 1) return std::nullopt;
  const int64_t count = static_cast<int64_t>(x->size());
  std::vector<Dim> content;
  for (int64_t i : *indices) {
    if (i < -count || i >= count) return std::nullopt;
    content.push_back((*x)[i < 0 ? i + count : i]);
  }
  return content;
}

// Where a tuple of indices points: one index for each of the axes from `batch` on.
struct TupleReader {
  int64_t batch, width;
  Dims dims, strides;
  int64_t offset(const int64_t* tuple) const {
    int64_t at = 0;
    for (int64_t i = 0; i < width; ++i) at += checked_index(tuple[i], batch + i, dims[batch + i]) * strides[batch + i];
    return at;
  }
};

}  // namespace

std::vector<Fact> Gather::infer(InferContext& cx) const {
  expect_rank(cx, 0, "the data", 1);
  expect_dtype(cx, 1, "the indices", {DType::i64, DType::i32});
  const Fact& x = cx.input(0);
  const Fact& indices = cx.input(1);
  if (!x.type.ranked || !indices.type.ranked) return {unranked(x.dtype())};
  const int64_t at = resolve_axis(axis, x.rank());
  Shape dims = x.shape();
  dims.erase(dims.begin() + at);
  dims.insert(dims.begin() + at, indices.shape().begin(), indices.shape().end());
  return {with_content(Fact::tensor(x.dtype(), dims), gathered_content(cx))};
}

std::vector<HostValue> Gather::evaluate(const EvalContext& cx) const {
  const Tensor& x = cx.tensor(0);
  const int64_t at = resolve_axis(axis, x.rank());
  auto indices = numbers_of(cx, 1);
  for (int64_t& i : indices) i = checked_index(i, at, x.dim(at));
  Dims dims = x.dims();
  dims.erase(dims.begin() + at);
  dims.insert(dims.begin() + at, cx.tensor(1).dims().begin(), cx.tensor(1).dims().end());
  return {taken(x, at, indices, cx.threads()).reshaped(dims)};
}

std::vector<Fact> GatherElements::infer(InferContext& cx) const {
  expect_rank(cx, 0, "the data", 1);
  expect_dtype(cx, 1, "the indices", {DType::i64, DType::i32});
  const Fact& x = cx.input(0);
  const Type& indices = cx.input(1).type;
  if (!indices.ranked)
    return {x.type.ranked ? Fact::tensor(x.dtype(), unknown_shape(cx, "gather", x.rank())) : unranked(x.dtype())};
  if (x.type.ranked) {
    resolve_axis(axis, x.rank());
    if (x.rank() != indices.rank())
      fail(ErrorCode::shape_mismatch, "the data and the indices must have one rank; found {} and {}", x.type.str(),
           indices.str());
  }
  return {Fact::tensor(x.dtype(), indices.shape)};
}

std::vector<HostValue> GatherElements::evaluate(const EvalContext& cx) const {
  const Tensor& x = cx.tensor(0);
  const Dims& dims = cx.tensor(1).dims();
  const int64_t at = resolve_axis(axis, x.rank());
  for (int64_t i = 0; i < x.rank(); ++i)
    if (cx.tensor(1).rank() != x.rank() || (i != at && dims[i] > x.dim(i)))
      fail(ErrorCode::shape_mismatch, "indices of shape {} reach outside data of shape {} (axis {})",
           dims_to_string(dims), dims_to_string(x.dims()), at);
  const auto indices = numbers_of(cx, 1);
  const Dims strides = strides_of(x.dims()), steps = strides_of(dims);
  Tensor out(x.dtype(), dims);
  visit_movable(x.dtype(), [&]<class T>(T) {
    cx.threads().parallel_ranges(out.size(), kGrain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        int64_t from = checked_index(indices[i], at, x.dim(at)) * strides[at];
        for (int64_t a = 0; a < x.rank(); ++a)
          if (a != at) from += i / steps[a] % dims[a] * strides[a];
        mutable_elements_of<T>(out)[i] = elements_of<T>(x)[from];
      }
    });
  });
  return {out};
}

std::vector<Fact> GatherND::infer(InferContext& cx) const {
  expect_rank(cx, 0, "the data", 1);
  expect_dtype(cx, 1, "the indices", {DType::i64, DType::i32});
  expect_rank(cx, 1, "the indices", 1);
  const Fact& x = cx.input(0);
  const Type& indices = cx.input(1).type;
  if (!x.type.ranked || !indices.ranked) return {unranked(x.dtype())};
  if (batch_dims < 0 || batch_dims >= std::min(x.rank(), indices.rank()))
    fail(ErrorCode::invalid_model, "batch_dims {} must be in [0, {})", batch_dims, std::min(x.rank(), indices.rank()));
  for (int64_t i = 0; i < batch_dims; ++i) {
    if (equal(x.shape()[i], indices.shape[i]) == Tri::no)
      fail(ErrorCode::shape_mismatch, "the batch dims of data {} and indices {} differ", x.type.str(), indices.str());
    cx.require_equal(x.shape()[i], indices.shape[i], "the batch dims of data and indices");
  }
  if (!indices.shape.back().is_const()) return {unranked(x.dtype())};
  const int64_t width = indices.shape.back().value();
  if (width < 1 || batch_dims + width > x.rank())
    fail(ErrorCode::shape_mismatch, "index tuples of length {} do not fit data of rank {} with {} batch dims", width,
         x.rank(), batch_dims);
  Shape dims(indices.shape.begin(), indices.shape.end() - 1);
  dims.insert(dims.end(), x.shape().begin() + batch_dims + width, x.shape().end());
  return {Fact::tensor(x.dtype(), dims)};
}

std::vector<HostValue> GatherND::evaluate(const EvalContext& cx) const {
  const Tensor& x = cx.tensor(0);
  const Dims& tuples = cx.tensor(1).dims();
  if (tuples.empty() || batch_dims < 0 || batch_dims + tuples.back() > x.rank() || batch_dims >= cx.tensor(1).rank() ||
      !std::equal(tuples.begin(), tuples.begin() + batch_dims, x.dims().begin()))
    fail(ErrorCode::shape_mismatch, "indices of shape {} do not fit data of shape {} with {} batch dims",
         dims_to_string(tuples), dims_to_string(x.dims()), batch_dims);
  const TupleReader reader{batch_dims, tuples.back(), x.dims(), strides_of(x.dims())};
  Dims dims(tuples.begin(), tuples.end() - 1);
  dims.insert(dims.end(), x.dims().begin() + batch_dims + reader.width, x.dims().end());
  Tensor out(x.dtype(), dims);
  if (out.size() == 0) return {out};
  const auto indices = numbers_of(cx, 1);
  const int64_t rows = checked_product(std::span(tuples).first(tuples.size() - 1)), inner = out.size() / rows;
  const int64_t batches = checked_product(std::span(tuples).first(batch_dims));
  const int64_t per_batch = rows / batches, batch_stride = x.size() / batches;
  visit_movable(x.dtype(), [&]<class T>(T) {
    cx.threads().parallel_ranges(rows, kGrain / inner + 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t from = i / per_batch * batch_stride + reader.offset(indices.data() + i * reader.width);
        std::copy_n(elements_of<T>(x) + from, inner, mutable_elements_of<T>(out) + i * inner);
      }
    });
  });
  return {out};
}

}  // namespace tenon::core
