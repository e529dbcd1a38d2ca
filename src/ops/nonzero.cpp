#include <algorithm>

#include "ops/elements.h"
#include "ops/index.h"
#include "ops/infer_util.h"
#include "ops/shape_infer.h"
#include "ops/strided.h"

namespace tenon::core {
namespace {

// One flag for each element.
std::vector<bool> nonzero_flags(const Tensor& x) {
  std::vector<bool> flags(x.size());
  if (x.dtype() == DType::string) {
    for (int64_t i = 0; i < x.size(); ++i) flags[i] = !x.data<std::string>()[i].empty();
    return flags;
  }
  visit_ordered(x.dtype() == DType::u64 ? x.retyped(DType::i64) : x, [&](auto values) {
    for (int64_t i = 0; i < x.size(); ++i) flags[i] = values[i] != 0;
  });
  return flags;
}

int64_t depth_of(const EvalContext& cx) {
  const int64_t depth = number_of(cx, 1, "the depth");
  if (depth < 0) fail(ErrorCode::runtime_value, "the depth is {}; it must not be negative", depth);
  return depth;
}

// The depth when it is a constant of any type, or a symbolic integer.
std::optional<Dim> known_depth(const Fact& depth) {
  if (auto d = element_of(depth)) return d;
  if (!depth.constant || checked_product(depth.constant->dims()) != 1) return std::nullopt;
  return Dim(to_int64s(depth.constant->value()).front());
}

int64_t one_hot_axis(int64_t axis, int64_t rank) {
  if (axis < -rank - 1 || axis > rank)
    fail(ErrorCode::invalid_model, "axis {} is outside [{}, {}]", axis, -rank - 1, rank);
  return axis < 0 ? axis + rank + 1 : axis;
}

}  // namespace

std::vector<Fact> OneHot::infer(InferContext& cx) const {
  for (int i = 0; i < 3; ++i) expect_tensor(cx, i, i == 0 ? "indices" : i == 1 ? "depth" : "values");
  expect_rank(cx, 1, "depth", 0, 1);
  expect_rank(cx, 2, "values", 1, 1);
  const Fact& indices = cx.input(0);
  const DType dtype = cx.input(2).dtype();
  if (!indices.type.ranked) return {unranked(dtype)};
  const auto depth = known_depth(cx.input(1));
  Shape dims = indices.shape();
  dims.insert(dims.begin() + one_hot_axis(axis, indices.rank()), depth ? *depth : cx.unknown("depth"));
  return {Fact::tensor(dtype, dims)};
}

std::vector<HostValue> OneHot::evaluate(const EvalContext& cx) const {
  const Tensor& values = cx.tensor(2);
  if (values.size() != 2)
    fail(ErrorCode::runtime_value, "values must be [off, on]; found shape {}", dims_to_string(values.dims()));
  const auto indices = numbers_of(cx, 0);
  const int64_t depth = depth_of(cx), at = one_hot_axis(axis, cx.tensor(0).rank());
  Dims dims = cx.tensor(0).dims();
  dims.insert(dims.begin() + at, depth);
  Tensor out(values.dtype(), dims);
  if (out.size() == 0) return {out};
  const int64_t inner = axis_span(dims, at).inner;
  visit_movable(values.dtype(), [&]<class T>(T) {
    T* to = mutable_elements_of<T>(out);
    std::fill_n(to, out.size(), elements_of<T>(values)[0]);
    for (size_t i = 0; i < indices.size(); ++i) {
      const int64_t on = indices[i] < 0 ? indices[i] + depth : indices[i];
      const int64_t o = static_cast<int64_t>(i) / inner, k = static_cast<int64_t>(i) % inner;
      if (on >= 0 && on < depth) to[(o * depth + on) * inner + k] = elements_of<T>(values)[1];
    }
  });
  return {out};
}

std::vector<Fact> NonZero::infer(InferContext& cx) const {
  expect_tensor(cx, 0, "the input");
  const Type& x = cx.input(0).type;
  if (!x.ranked) return {Fact::tensor(DType::i64, {cx.unknown("rank"), cx.unknown("nonzero")})};
  return {Fact::tensor(DType::i64, {x.rank(), cx.unknown("nonzero", product(x.shape))})};
}

std::vector<HostValue> NonZero::evaluate(const EvalContext& cx) const {
  const Tensor& x = cx.tensor(0);
  const std::vector<bool> flags = nonzero_flags(x);
  const int64_t count = std::count(flags.begin(), flags.end(), true);
  Tensor out(DType::i64, {x.rank(), count});
  const Dims strides = strides_of(x.dims());
  int64_t* to = out.mutable_data<int64_t>();
  int64_t column = 0;
  for (int64_t i = 0; i < x.size(); ++i) {
    if (!flags[i]) continue;
    for (int64_t a = 0; a < x.rank(); ++a) to[a * count + column] = i / strides[a] % x.dim(a);
    ++column;
  }
  return {out};
}

std::vector<Fact> Compress::infer(InferContext& cx) const {
  expect_rank(cx, 0, "the input", axis ? 1 : 0);
  expect_dtype(cx, 1, "the condition", {DType::boolean});
  expect_rank(cx, 1, "the condition", 1, 1);
  const Fact& x = cx.input(0);
  if (!axis) {
    const auto upper = x.type.ranked ? std::optional<Dim>(product(x.shape())) : std::nullopt;
    return {Fact::tensor(x.dtype(), {cx.unknown("compress", upper)})};
  }
  if (!x.type.ranked) return {unranked(x.dtype())};
  Shape dims = x.shape();
  Dim& d = dims[resolve_axis(*axis, x.rank())];
  d = cx.unknown("compress", d);
  return {Fact::tensor(x.dtype(), dims)};
}

std::vector<HostValue> Compress::evaluate(const EvalContext& cx) const {
  const Tensor x = axis ? cx.tensor(0) : cx.tensor(0).reshaped({cx.tensor(0).size()});
  const int64_t at = axis ? resolve_axis(*axis, x.rank()) : 0;
  const auto condition = numbers_of(cx, 1);
  std::vector<int64_t> kept;
  for (int64_t i = 0; i < static_cast<int64_t>(condition.size()); ++i)
    if (condition[i] != 0) kept.push_back(checked_index(i, at, x.dim(at)));
  return {taken(x, at, kept, cx.threads())};
}

}  // namespace tenon::core
