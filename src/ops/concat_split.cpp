#include <algorithm>

#include "ops/infer_util.h"
#include "ops/shape.h"
#include "ops/shape_infer.h"
#include "ops/strided.h"

namespace tenon::core {
namespace {

// The inputs' common dim at an axis other than the concatenated one: a number if any input has one.
Dim common_dim(InferContext& cx, const Dim& a, const Dim& b, size_t axis) {
  if (equal(a, b) == Tri::no)
    fail(ErrorCode::shape_mismatch, "the inputs differ in axis {}: {} and {}", axis, a.str(), b.str());
  cx.require_equal(a, b, "the dims of the inputs outside the axis of concatenation");
  return a.is_const() ? a : b.is_const() ? b : a;
}

std::optional<std::vector<Dim>> joined_content(const InferContext& cx) {
  std::vector<Dim> all;
  for (int i = 0; i < cx.size(); ++i) {
    const auto part = cx.input(i).elements();
    if (!part || cx.input(i).rank() != 1) return std::nullopt;
    all.insert(all.end(), part->begin(), part->end());
  }
  return all;
}

// Sizes of equal parts; the last ones smaller or empty when `dim` is not a multiple of `parts`.
Shape even_parts(const Dim& dim, int64_t parts) {
  const Dim chunk = ceildiv(dim, parts);
  Shape sizes;
  for (int64_t i = 0; i < parts; ++i) {
    const Dim rest = dim - chunk * Dim(i);
    sizes.push_back(i == 0 || rest == chunk ? chunk : max(0, min(chunk, rest)));
  }
  return sizes;
}

Shape part_sizes(InferContext& cx, const Dim& dim, int64_t outputs) {
  if (!cx.has(1)) return even_parts(dim, outputs);
  expect_indices(cx, 1, "the sizes");
  const auto given = cx.input(1).elements();
  Shape sizes;
  if (!given) {
    for (int64_t i = 0; i < outputs; ++i) sizes.push_back(cx.unknown("split", dim));
    return sizes;
  }
  if (static_cast<int64_t>(given->size()) != outputs)
    fail(ErrorCode::shape_mismatch, "{} sizes are given for {} outputs", given->size(), outputs);
  Dim sum = 0;
  for (const Dim& d : *given) sum = sum + d;
  if (equal(sum, dim) == Tri::no)
    fail(ErrorCode::shape_mismatch, "the sizes {} add up to {}, the axis has {}", to_string(*given), sum.str(),
         dim.str());
  cx.require_equal(sum, dim, "the sum of the sizes and the split axis");
  return *given;
}

std::vector<int64_t> part_sizes(const EvalContext& cx, int64_t dim, int64_t outputs) {
  if (!cx.has(1)) return *const_dims(even_parts(dim, outputs));
  const auto sizes = numbers_of(cx, 1);
  int64_t sum = 0;
  bool negative = false;
  for (int64_t s : sizes) {
    negative = negative || s < 0;
    sum = checked_add(sum, s);
  }
  if (negative || sum != dim || static_cast<int64_t>(sizes.size()) != outputs)
    fail(ErrorCode::shape_mismatch, "the sizes {} must be {} numbers that add up to {}", dims_to_string(sizes), outputs,
         dim);
  return sizes;
}

std::optional<std::vector<Dim>> part_of(const std::optional<std::vector<Dim>>& content, const Shape& sizes,
                                        size_t part) {
  const auto numbers = const_dims(sizes);
  if (!content || !numbers) return std::nullopt;
  int64_t begin = 0;
  for (size_t i = 0; i < part; ++i) begin += (*numbers)[i];
  const int64_t end = begin + (*numbers)[part];
  if (begin < 0 || end < begin || end > static_cast<int64_t>(content->size())) return std::nullopt;
  return std::vector<Dim>(content->begin() + begin, content->begin() + end);
}

}  // namespace

std::vector<Fact> Concat::infer(InferContext& cx) const {
  if (cx.size() == 0) fail(ErrorCode::invalid_model, "at least one input is needed");
  std::optional<Shape> dims;
  bool complete = true;
  int64_t at = 0;
  for (int i = 0; i < cx.size(); ++i) {
    expect_rank(cx, i, "each input", 1);
    const Type& t = cx.input(i).type;
    if (t.dtype != cx.input(0).dtype())
      fail(ErrorCode::invalid_model, "all inputs must have one type; found {} and {}", cx.input(0).type.str(), t.str());
    if (!t.ranked) {
      complete = false;
    } else if (!dims) {
      dims = t.shape;
      at = resolve_axis(axis, t.rank());
    } else {
      if (t.rank() != static_cast<int>(dims->size()))
        fail(ErrorCode::shape_mismatch, "all inputs must have one rank; found {} and {}", dims->size(), t.rank());
      for (size_t k = 0; k < dims->size(); ++k)
        (*dims)[k] =
            static_cast<int64_t>(k) == at ? (*dims)[k] + t.shape[k] : common_dim(cx, (*dims)[k], t.shape[k], k);
    }
  }
  if (!dims) return {unranked(cx.input(0).dtype())};
  if (!complete) (*dims)[at] = cx.unknown("concat");
  return {with_content(Fact::tensor(cx.input(0).dtype(), *dims), joined_content(cx))};
}

std::vector<HostValue> Concat::evaluate(const EvalContext& cx) const {
  const int64_t rank = cx.tensor(0).rank(), at = resolve_axis(axis, rank);
  Dims dims = cx.tensor(0).dims();
  dims[at] = 0;
  for (int i = 0; i < cx.size(); ++i) {
    Dims own = cx.tensor(i).dims();
    if (cx.tensor(i).rank() == rank) own[at] = dims[at] = checked_add(dims[at], own[at]);
    if (own != dims)
      fail(ErrorCode::shape_mismatch, "shapes {} and {} can't be concatenated along axis {}",
           dims_to_string(cx.tensor(0).dims()), dims_to_string(cx.tensor(i).dims()), at);
  }
  Tensor out(cx.tensor(0).dtype(), dims);
  const Dims to = strides_of(dims);
  int64_t position = 0;
  for (int i = 0; i < cx.size(); ++i) {
    const Tensor& x = cx.tensor(i);
    copy_strided(x, out, {x.dims(), strides_of(x.dims()), to, 0, position * to[at]}, cx.threads());
    position += x.dim(at);
  }
  return {out};
}

std::vector<Fact> Split::infer(InferContext& cx) const {
  expect_rank(cx, 0, "the input", 1);
  if (outputs < 1 || outputs > (1 << 20)) fail(ErrorCode::invalid_model, "{} outputs: expected at least one", outputs);
  const Fact& x = cx.input(0);
  if (!x.type.ranked) return std::vector<Fact>(outputs, unranked(x.dtype()));
  const int64_t at = resolve_axis(axis, x.rank());
  const Shape sizes = part_sizes(cx, x.shape()[at], outputs);
  const auto content = x.elements();
  std::vector<Fact> parts;
  for (int64_t i = 0; i < outputs; ++i) {
    Shape dims = x.shape();
    dims[at] = sizes[i];
    parts.push_back(with_content(Fact::tensor(x.dtype(), dims), part_of(content, sizes, i)));
  }
  return parts;
}

std::vector<HostValue> Split::evaluate(const EvalContext& cx) const {
  const Tensor& x = cx.tensor(0);
  const int64_t at = resolve_axis(axis, x.rank());
  const Dims from = strides_of(x.dims());
  std::vector<HostValue> parts;
  int64_t position = 0;
  for (int64_t size : part_sizes(cx, x.dim(at), outputs)) {
    Dims dims = x.dims();
    dims[at] = size;
    parts.push_back(gather_strided(x, dims, from, position * from[at], cx.threads()));
    position += size;
  }
  return parts;
}

}  // namespace tenon::core
