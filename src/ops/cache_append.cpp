#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "ops/attention.h"
#include "ops/infer_util.h"
#include "ops/work_values.h"

namespace tenon::core {
namespace {

Tensor append_rows(const Tensor* past, const Tensor& fresh, const std::vector<int64_t>& used, int64_t capacity) {
  const int64_t batch = fresh.dim(0), groups = fresh.dim(1), rows = fresh.dim(2), width = fresh.dim(3);
  const int64_t old_rows = past ? past->dim(2) : 0;
  Tensor out(fresh.dtype(), {batch, groups, capacity, width});
  const int64_t row_bytes = width * size_of(fresh.dtype());
  for (int64_t i = 0; i < batch * groups; ++i) {
    const int64_t begin = used[i / groups];
    if (begin < 0 || begin > capacity - rows)
      fail(ErrorCode::runtime_index, "a cache of {} rows can't take {} new ones after row {}", capacity, rows, begin);
    std::byte* to = out.mutable_bytes().data() + i * capacity * row_bytes;
    if (past) std::memcpy(to, past->bytes().data() + i * old_rows * row_bytes, old_rows * row_bytes);
    std::memcpy(to + begin * row_bytes, fresh.bytes().data() + i * rows * row_bytes, rows * row_bytes);
  }
  return out;
}

}  // namespace

std::vector<Fact> CacheAppend::infer(InferContext& cx) const {
  expect_rank(cx, 1, "the new rows of a cache", 4, 4);
  expect_dtype(cx, 2, "the used rows of a cache", {DType::i64});
  expect_dtype(cx, 3, "the total rows of a cache", {DType::i64});
  expect_rank(cx, 2, "the used rows of a cache", 1, 1);
  const Fact &past = cx.input(0), &fresh = cx.input(1);
  const bool ranked = fresh.type.ranked && (!past.present() || past.type.ranked);
  if (past.present()) {
    expect_rank(cx, 0, "a cache", 4, 4);
    if (past.dtype() != fresh.dtype())
      fail(ErrorCode::invalid_model, "a cache of {} can't take rows of {}", to_string(past.dtype()),
           to_string(fresh.dtype()));
  }
  if (!ranked) return {unranked(fresh.dtype())};
  if (past.present())
    for (int axis : {0, 1, 3})
      cx.require_equal(past.shape()[axis], fresh.shape()[axis],
                       fmt::format("axis {} of a cache and its new rows", axis));
  const auto total = cx.input(3).elements();
  Shape shape = fresh.shape();
  const Dim rows = total ? (*total)[0] : cx.unknown("cache_rows");
  shape[2] = past.present() && total ? max(past.shape()[2], rows) : rows;
  return {Fact::tensor(fresh.dtype(), shape)};
}

std::vector<HostValue> CacheAppend::evaluate(const EvalContext& cx) const {
  const Tensor& fresh = cx.tensor(1);
  const Tensor* past = cx.has(0) ? &cx.tensor(0) : nullptr;
  if (past) expect_dims(*past, {fresh.dim(0), fresh.dim(1), past->dim(2), fresh.dim(3)}, "a cache");
  expect_dims(cx.tensor(2), {fresh.dim(0)}, "the used rows of a cache");
  const int64_t total = to_int64s(cx.tensor(3)).at(0);
  return {append_rows(past, fresh, to_int64s(cx.tensor(2)), std::max(total, past ? past->dim(2) : 0))};
}

}  // namespace tenon::core
