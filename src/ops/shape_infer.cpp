#include "ops/shape_infer.h"

#include "ops/content.h"
#include "ops/infer_util.h"

namespace tenon::core {

std::optional<int64_t> length_of(const Fact& fact) {
  if (auto elements = fact.elements()) return static_cast<int64_t>(elements->size());
  if (!fact.type.is_tensor() || !fact.type.ranked) return std::nullopt;
  if (fact.rank() == 0) return 1;
  if (fact.rank() > 1 || !fact.shape()[0].is_const()) return std::nullopt;
  return fact.shape()[0].value();
}

std::optional<Shape> dims_from(InferContext& cx, int input, std::string_view hint) {
  if (auto elements = cx.input(input).elements()) return elements;
  const auto length = length_of(cx.input(input));
  // No tensor has as many axes: such a vector is left to fail when it is computed.
  if (!length || *length > kMaxContent) return std::nullopt;
  return unknown_shape(cx, hint, *length);
}

std::optional<Dim> element_of(const Fact& fact) {
  const auto elements = fact.elements();
  if (!elements || elements->size() != 1) return std::nullopt;
  return elements->front();
}

Fact with_content(Fact fact, std::optional<std::vector<Dim>> content) {
  if (!content || !carries_content(fact.dtype()) || !fact.type.ranked || fact.rank() > 1) return fact;
  if (static_cast<int64_t>(content->size()) > kMaxContent) return fact;
  const Dim count = product(fact.shape());
  if (count.is_const() && count.value() == static_cast<int64_t>(content->size())) fact.content = std::move(content);
  return fact;
}

void expect_indices(InferContext& cx, int i, std::string_view what, bool or_scalar) {
  expect_dtype(cx, i, what, {DType::i64, DType::i32});
  expect_rank(cx, i, what, or_scalar ? 0 : 1, 1);
}

std::vector<int64_t> numbers_of(const EvalContext& cx, int input) { return to_int64s(cx.tensor(input)); }

int64_t number_of(const EvalContext& cx, int input, std::string_view what) {
  const Tensor& t = cx.tensor(input);
  if (t.size() != 1)
    fail(ErrorCode::runtime_value, "{} must have one element; found shape {}", what, dims_to_string(t.dims()));
  return to_int64s(t).front();
}

int64_t checked_index(int64_t index, int64_t axis, int64_t bound) {
  if (index < -bound || index >= bound)
    fail(ErrorCode::runtime_index, "index {} is out of range for axis {} of size {}; it must be in [{}, {}]", index,
         axis, bound, -bound, bound - 1);
  return index < 0 ? index + bound : index;
}

AxisSpan axis_span(const Dims& dims, int64_t axis) {
  AxisSpan span;
  for (int64_t i = 0; i < static_cast<int64_t>(dims.size()); ++i) {
    int64_t& part = i < axis ? span.outer : i == axis ? span.count : span.inner;
    part = checked_mul(part, dims[i]);
  }
  return span;
}

}  // namespace tenon::core
