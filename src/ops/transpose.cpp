#include <algorithm>
#include <numeric>

#include "ops/infer_util.h"
#include "ops/shape.h"
#include "ops/strided.h"

namespace tenon::core {
namespace {

std::vector<int64_t> full_permutation(const std::vector<int64_t>& given, int64_t rank) {
  std::vector<int64_t> p = given;
  if (p.empty()) {
    p.resize(rank);
    std::iota(p.rbegin(), p.rend(), 0);
  }
  std::vector<int64_t> sorted = p;
  std::sort(sorted.begin(), sorted.end());
  bool whole = static_cast<int64_t>(p.size()) == rank;
  for (size_t i = 0; i < sorted.size(); ++i) whole = whole && sorted[i] == static_cast<int64_t>(i);
  if (!whole)
    fail(ErrorCode::invalid_model, "the permutation {} must name each of the {} axes once", dims_to_string(p), rank);
  return p;
}

void check_blocksize(int64_t b) {
  if (b < 1 || b > (1 << 20)) fail(ErrorCode::invalid_model, "the block size {} is outside [1, {}]", b, 1 << 20);
}

// a / b; fails when known not to be exact.
Dim exact_quotient(InferContext& cx, const Dim& a, int64_t b, std::string_view what) {
  const Dim rest = mod(a, b);
  if (rest.is_const() && rest.value() != 0)
    fail(ErrorCode::shape_mismatch, "{} must be a multiple of {}; found {}", what, b, a.str());
  cx.require_equal(rest, 0, what);
  return floordiv(a, b);
}

int64_t exact_quotient(int64_t a, int64_t b, std::string_view what) {
  if (a % b != 0) fail(ErrorCode::shape_mismatch, "{} must be a multiple of {}; found {}", what, b, a);
  return a / b;
}

}  // namespace

std::vector<Fact> Transpose::infer(InferContext& cx) const {
  expect_tensor(cx, 0, "the input");
  const Fact& x = cx.input(0);
  if (!x.type.ranked && permutation.empty()) return {unranked(x.dtype())};
  if (!x.type.ranked) return {Fact::tensor(x.dtype(), unknown_shape(cx, "transpose", permutation.size()))};
  Shape dims;
  for (int64_t axis : full_permutation(permutation, x.rank())) dims.push_back(x.shape()[axis]);
  Fact out = Fact::tensor(x.dtype(), dims);
  if (x.rank() <= 1) out.content = x.content;
  return {out};
}

std::vector<HostValue> Transpose::evaluate(const EvalContext& cx) const {
  const Tensor& x = cx.tensor(0);
  return {transposed(x, full_permutation(permutation, x.rank()), cx.threads())};
}

std::vector<Fact> DepthToSpace::infer(InferContext& cx) const {
  expect_rank(cx, 0, "the input", 4, 4);
  check_blocksize(blocksize);
  const Fact& x = cx.input(0);
  if (!x.type.ranked) return {Fact::tensor(x.dtype(), unknown_shape(cx, "depth_to_space", 4))};
  const Shape& s = x.shape();
  const Dim channels = exact_quotient(cx, s[1], blocksize * blocksize, "the number of channels");
  return {Fact::tensor(x.dtype(), {s[0], channels, s[2] * Dim(blocksize), s[3] * Dim(blocksize)})};
}

std::vector<HostValue> DepthToSpace::evaluate(const EvalContext& cx) const {
  const Tensor& x = cx.tensor(0);
  const int64_t n = x.dim(0), h = x.dim(2), w = x.dim(3), b = blocksize;
  const int64_t c = exact_quotient(x.dim(1), b * b, "the number of channels");
  const Tensor blocks = crd ? transposed(x.reshaped({n, c, b, b, h, w}), {0, 1, 4, 2, 5, 3}, cx.threads())
                            : transposed(x.reshaped({n, b, b, c, h, w}), {0, 3, 4, 1, 5, 2}, cx.threads());
  return {blocks.reshaped({n, c, checked_mul(h, b), checked_mul(w, b)})};
}

std::vector<Fact> SpaceToDepth::infer(InferContext& cx) const {
  expect_rank(cx, 0, "the input", 4, 4);
  check_blocksize(blocksize);
  const Fact& x = cx.input(0);
  if (!x.type.ranked) return {Fact::tensor(x.dtype(), unknown_shape(cx, "space_to_depth", 4))};
  const Shape& s = x.shape();
  const Dim h = exact_quotient(cx, s[2], blocksize, "the height"), w = exact_quotient(cx, s[3], blocksize, "the width");
  return {Fact::tensor(x.dtype(), {s[0], s[1] * Dim(blocksize * blocksize), h, w})};
}

std::vector<HostValue> SpaceToDepth::evaluate(const EvalContext& cx) const {
  const Tensor& x = cx.tensor(0);
  const int64_t n = x.dim(0), c = x.dim(1), b = blocksize;
  const int64_t h = exact_quotient(x.dim(2), b, "the height"), w = exact_quotient(x.dim(3), b, "the width");
  const std::vector<int64_t> order =
      crd ? std::vector<int64_t>{0, 1, 3, 5, 2, 4} : std::vector<int64_t>{0, 3, 5, 1, 2, 4};
  const Tensor depth = transposed(x.reshaped({n, c, h, b, w, b}), order, cx.threads());
  return {depth.reshaped({n, checked_mul(c, b * b), h, w})};
}

}  // namespace tenon::core
