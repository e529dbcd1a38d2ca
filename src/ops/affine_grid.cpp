#include "base/error.h"
#include "ops/infer_util.h"
#include "ops/reals.h"
#include "ops/sample.h"
#include "ops/window.h"

namespace tenon::core {
namespace {

/// The normalized coordinate of element i of an axis.
double coordinate(bool align_corners, int64_t i, int64_t size) {
  const auto x = static_cast<double>(i), n = static_cast<double>(size);
  if (align_corners) return size > 1 ? 2 * x / (n - 1) - 1 : 0;
  return (2 * x + 1) / n - 1;
}

template <class T>
Tensor evaluate_grid(const AffineGrid& op, const EvalContext& cx) {
  const Tensor& theta = cx.tensor(0);
  const std::vector<int64_t> size = to_int64s(cx.tensor(1));
  const int64_t spatial = static_cast<int64_t>(size.size()) - 2;
  if (spatial < 1 || theta.dims() != Dims{size[0], spatial, spatial + 1})
    fail(ErrorCode::shape_mismatch,
         "theta must have shape [N,r,r+1] for a size of r + 2 elements; found {} and size {}",
         dims_to_string(theta.dims()), dims_to_string(size));
  const Dims space(size.begin() + 2, size.end());
  Dims dims = {size[0]};
  dims.insert(dims.end(), space.begin(), space.end());
  dims.push_back(spatial);
  RealResult<T> y(theta.dtype(), dims);
  const Reals<T> matrix(theta);
  const int64_t points = checked_product(space);
  cx.threads().parallel_ranges(size[0] * points, 1024, [&](int64_t begin, int64_t end) {
    std::vector<double> at(static_cast<size_t>(spatial));  // innermost first
    for (int64_t p = begin; p < end; ++p) {
      int64_t rest = p % points;
      for (int64_t i = 0; i < spatial; ++i) {
        const int64_t n = space[spatial - 1 - i];
        at[i] = coordinate(op.align_corners, rest % n, n);
        rest /= n;
      }
      for (int64_t row = 0; row < spatial; ++row) {
        const T* m = matrix.data() + (p / points * spatial + row) * (spatial + 1);
        double sum = m[spatial];
        for (int64_t i = 0; i < spatial; ++i) sum += m[i] * at[i];
        y.data()[p * spatial + row] = static_cast<T>(sum);
      }
    }
  });
  return y.finish();
}

}  // namespace

std::vector<Fact> AffineGrid::infer(InferContext& cx) const {
  expect_rank(cx, 0, "theta", 3, 3);
  expect_rank(cx, 1, "the size", 1, 1);
  const Type &theta = cx.input(0).type, &size = cx.input(1).type;
  if (!is_float(theta.dtype)) fail(ErrorCode::invalid_model, "theta must be of a float type; found {}", theta.str());
  if (!size.ranked || !size.shape[0].is_const()) return {unranked(theta.dtype)};
  const int64_t spatial = size.shape[0].value() - 2;
  if (spatial != 2 && spatial != 3)
    fail(ErrorCode::invalid_model, "the size must have 4 or 5 elements; found {}", spatial + 2);
  const auto known = cx.input(1).elements();
  const Shape full = known ? *known : unknown_shape(cx, "grid", spatial + 2);
  if (theta.ranked) {
    expect_same(cx, full[0], theta.shape[0], "batch of the size against that of theta");
    expect_same(cx, theta.shape[1], Dim(spatial), "rows of theta");
    expect_same(cx, theta.shape[2], Dim(spatial + 1), "columns of theta");
  }
  Shape out(full.begin() + 2, full.end());
  out.insert(out.begin(), full[0]);
  out.push_back(Dim(spatial));
  return {Fact::tensor(theta.dtype, out)};
}

std::vector<HostValue> AffineGrid::evaluate(const EvalContext& cx) const {
  return {with_real_type(cx.tensor(0).dtype(), [&](auto t) { return evaluate_grid<decltype(t)>(*this, cx); })};
}

}  // namespace tenon::core
