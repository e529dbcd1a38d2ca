#include <algorithm>

#include "base/error.h"
#include "ops/attention.h"
#include "ops/infer_util.h"
#include "ops/work_values.h"

namespace tenon::core {
namespace {

/// Concrete sizes, and the row of cos and sin for each token of each sample.
struct Angles {
  int64_t batch, heads, tokens, size, half;
  std::vector<int64_t> rows;
};

Angles resolve(const RotaryEmbedding& op, const EvalContext& cx) {
  const Tensor &x = cx.tensor(0), &cosines = cx.tensor(1);
  const bool packed = op.heads != 0;
  Angles a{x.dim(0), packed ? op.heads : x.dim(1), x.dim(packed ? 1 : 2), packed ? x.dim(2) / op.heads : x.dim(3), 0,
           {}};
  if (packed) expect_dims(x, {a.batch, a.tokens, a.heads * a.size}, "the input of RotaryEmbedding");
  const int64_t turned = op.rotary != 0 ? op.rotary : a.size;
  if (turned > a.size || turned % 2 != 0)
    fail(ErrorCode::shape_mismatch, "RotaryEmbedding can't rotate {} of {} elements of a head", turned, a.size);
  a.half = turned / 2;
  const int64_t limit = cosines.dim(0);
  for (int i : {1, 2})
    expect_dims(cx.tensor(i), cx.has(3) ? Dims{limit, a.half} : Dims{a.batch, a.tokens, a.half},
                "the cos and sin of RotaryEmbedding");
  const std::vector<int64_t> given = cx.has(3) ? to_int64s(cx.tensor(3)) : std::vector<int64_t>();
  const bool from_first = cx.has(3) && cx.tensor(3).rank() == 1;
  if (cx.has(3))
    expect_dims(cx.tensor(3), from_first ? Dims{1} : Dims{a.batch, a.tokens}, "the positions of RotaryEmbedding");
  for (int64_t i = 0; i < a.batch * a.tokens; ++i) {
    const int64_t row = !cx.has(3) ? i : from_first ? checked_add(given[0], i % a.tokens) : given[i];
    if (cx.has(3) && (row < 0 || row >= limit))
      fail(ErrorCode::runtime_index, "RotaryEmbedding: position {} is outside cos and sin of {} rows", row, limit);
    a.rows.push_back(row);
  }
  return a;
}

template <class T>
Tensor rotate(const RotaryEmbedding& op, const Angles& a, const EvalContext& cx) {
  const Reals<T> x(cx.tensor(0)), cos(cx.tensor(1)), sin(cx.tensor(2));
  RealResult<T> y(cx.tensor(0).dtype(), cx.tensor(0).dims());
  std::copy(x.data(), x.data() + x.size(), y.data());
  for (int64_t token = 0; token < a.batch * a.tokens; ++token) {
    const int64_t b = token / a.tokens, t = token % a.tokens, row = a.rows[token] * a.half;
    for (int64_t h = 0; h < a.heads; ++h) {
      const int64_t at = (op.heads != 0 ? token * a.heads + h : (b * a.heads + h) * a.tokens + t) * a.size;
      for (int64_t i = 0; i < a.half; ++i) {
        const int64_t first = at + (op.interleaved ? 2 * i : i),
                      second = at + (op.interleaved ? 2 * i + 1 : i + a.half);
        y.data()[first] = cos[row + i] * x[first] - sin[row + i] * x[second];
        y.data()[second] = sin[row + i] * x[first] + cos[row + i] * x[second];
      }
    }
  }
  return y.finish();
}

}  // namespace

Dim per_head_dim(const Dim& size, int64_t heads, std::string_view what) {
  if (size.is_const() && size.value() % heads != 0)
    fail(ErrorCode::shape_mismatch, "{}: {} elements can't be shared by {} heads", what, size.value(), heads);
  return floordiv(size, heads);
}

std::vector<Fact> RotaryEmbedding::infer(InferContext& cx) const {
  const int rank = heads != 0 ? 3 : 4;
  expect_rank(cx, 0, "the input of RotaryEmbedding", rank, rank);
  for (int i : {0, 1, 2})
    expect_dtype(cx, i, "an input of RotaryEmbedding", {DType::f32, DType::f64, DType::f16, DType::bf16});
  for (int i : {1, 2}) expect_rank(cx, i, "the cos and sin of RotaryEmbedding", cx.has(3) ? 2 : 3, cx.has(3) ? 2 : 3);
  if (cx.has(3)) {
    expect_dtype(cx, 3, "the positions of RotaryEmbedding", {DType::i64});
    expect_rank(cx, 3, "the positions of RotaryEmbedding", 1, 2);
  }
  if (heads < 0 || rotary < 0 || rotary % 2 != 0)
    fail(ErrorCode::invalid_model,
         "RotaryEmbedding: the rotated part must be even and the number of heads not negative, found {} and {}", rotary,
         heads);
  const Fact& x = cx.input(0);
  if (!x.type.ranked) return {unranked(x.dtype())};
  const Dim size = heads != 0 ? per_head_dim(x.shape()[2], heads, "the input of RotaryEmbedding") : x.shape()[3];
  if (size.is_const() && (rotary > size.value() || (rotary == 0 && size.value() % 2 != 0)))
    fail(ErrorCode::invalid_model, "RotaryEmbedding can't rotate {} of {} elements of a head", rotary, size.value());
  const Dim half = floordiv(rotary != 0 ? Dim(rotary) : size, Dim(2));
  for (int i : {1, 2})
    if (cx.input(i).type.ranked)
      cx.require_equal(cx.input(i).shape().back(), half,
                       "the last dim of cos and sin and half the rotated part of RotaryEmbedding");
  return {Fact(x.type)};
}

std::vector<HostValue> RotaryEmbedding::evaluate(const EvalContext& cx) const {
  const Angles angles = resolve(*this, cx);
  return {with_float_type(cx.tensor(0).dtype(), [&]<class T>(T) { return rotate<T>(*this, angles, cx); })};
}

}  // namespace tenon::core
