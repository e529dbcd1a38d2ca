#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "ops/infer_util.h"
#include "ops/reals.h"
#include "ops/sample.h"
#include "ops/window.h"

namespace tenon::core {
namespace {

/// One input element that contributes to an output element.
template <class T>
struct Contribution {
  int64_t offset;
  T weight;
};

template <class T>
T reflect(T x, T low, T high) {
  const T range = high - low;
  if (!(range > 0)) return low;
  const T distance = x < low ? low - x : x - high;
  if (!(distance > 0)) return x;
  const T rest = std::fmod(distance, 2 * range);
  const T folded = rest <= range ? rest : 2 * range - rest;
  return x < low ? low + folded : high - folded;
}

template <class T>
class Sampler {
 public:
  Sampler(const GridSample& op, Dims in) : op_(op), in_(std::move(in)) {}

  /// What contributes at the normalized position `at` (innermost axis first).
  void gather(const T* at, std::vector<Contribution<T>>& result) const {
    result.assign(1, {0, T(1)});
    const size_t rank = in_.size();
    for (size_t i = 0; i < rank; ++i) {
      std::vector<Contribution<T>> axis = taps(position(at[rank - 1 - i], in_[i]), in_[i]), next;
      for (const auto& outer : result)
        for (const auto& inner : axis)
          next.push_back({outer.offset * in_[i] + inner.offset, outer.weight * inner.weight});
      result = std::move(next);
    }
  }

 private:
  T low(int64_t) const { return op_.align_corners ? T(0) : T(-0.5); }
  T high(int64_t size) const { return static_cast<T>(size) - (op_.align_corners ? T(1) : T(0.5)); }

  T position(T normalized, int64_t size) const {
    const T n = static_cast<T>(size);
    T x = op_.align_corners ? (normalized + 1) / 2 * (n - 1) : ((normalized + 1) * n - 1) / 2;
    if (op_.mode == SampleMode::nearest) x = std::nearbyint(x);
    if (op_.mode == SampleMode::cubic || (x >= low(size) && x <= high(size)))
      return x;  // cubic taps are padded one by one
    if (op_.padding == SamplePadding::border) return std::clamp(x, T(0), n - 1);
    if (op_.padding == SamplePadding::reflection) return reflect(x, low(size), high(size));
    return x;
  }

  /// The element at index x of an axis, or nothing in the zero padding.
  void add(T x, int64_t size, T weight, std::vector<Contribution<T>>& to) const {
    const T last = static_cast<T>(size - 1);
    if (op_.padding == SamplePadding::zeros && !(x >= 0 && x <= last)) return;
    if (op_.padding == SamplePadding::reflection) x = std::trunc(reflect(x, low(size), high(size)));
    to.push_back({std::isnan(x) ? 0 : static_cast<int64_t>(std::clamp(x, T(0), last)), weight});
  }

  std::vector<Contribution<T>> taps(T x, int64_t size) const {
    std::vector<Contribution<T>> result;
    const T base = std::floor(x), f = x - base;
    if (op_.mode == SampleMode::nearest) {
      add(x, size, 1, result);
    } else if (op_.mode == SampleMode::linear) {
      add(base, size, 1 - f, result);
      add(base + 1, size, f, result);
    } else {
      for (int k = -1; k <= 2; ++k) add(base + static_cast<T>(k), size, cubic(f - static_cast<T>(k)), result);
    }
    return result;
  }

  static T cubic(T x) {
    constexpr T a = T(-0.75);
    x = std::fabs(x);
    if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  }

  const GridSample& op_;
  Dims in_;
};

template <class T>
Tensor evaluate_sample(const GridSample& op, const EvalContext& cx) {
  const Tensor &x = cx.tensor(0), &grid = cx.tensor(1);
  const int64_t spatial = x.rank() - 2;
  if (grid.rank() != x.rank() || grid.dim(spatial + 1) != spatial || grid.dim(0) != x.dim(0))
    fail(ErrorCode::shape_mismatch, "the grid of an input {} must have shape [{},...,{}] and the same rank; found {}",
         dims_to_string(x.dims()), x.dim(0), spatial, dims_to_string(grid.dims()));
  Dims dims = {x.dim(0), x.dim(1)};
  dims.insert(dims.end(), grid.dims().begin() + 1, grid.dims().end() - 1);
  const int64_t channels = x.dim(1), points = grid.size() / std::max<int64_t>(1, spatial * grid.dim(0));
  const int64_t plane = checked_product(spatial_dims(x.dims()));
  const Reals<T> input(x), positions(grid);
  RealResult<T> y(x.dtype(), dims);
  if (y.size() == 0) return y.finish();
  if (plane == 0)
    fail(ErrorCode::shape_mismatch, "there is nothing to sample in an input of shape {}", dims_to_string(x.dims()));
  const Sampler<T> sampler(op, spatial_dims(x.dims()));
  cx.threads().parallel_ranges(x.dim(0) * points, 64, [&](int64_t begin, int64_t end) {
    std::vector<Contribution<T>> parts;
    for (int64_t p = begin; p < end; ++p) {
      sampler.gather(positions.data() + p * spatial, parts);
      for (int64_t c = 0; c < channels; ++c) {
        const int64_t at = p / points * channels + c;
        T sum = 0;
        for (const auto& part : parts) sum += part.weight * input[at * plane + part.offset];
        y.data()[at * points + p % points] = sum;
      }
    }
  });
  return y.finish();
}

}  // namespace

std::span<const std::string_view> enum_names(SampleMode) {
  static constexpr std::string_view names[] = {"linear", "nearest", "cubic"};
  return names;
}
std::span<const std::string_view> enum_names(SamplePadding) {
  static constexpr std::string_view names[] = {"zeros", "border", "reflection"};
  return names;
}

std::vector<Fact> GridSample::infer(InferContext& cx) const {
  expect_rank(cx, 0, "the input of the grid sample", 3);
  expect_rank(cx, 1, "the grid", 3);
  const Type &x = cx.input(0).type, &grid = cx.input(1).type;
  if (!is_float(x.dtype) && !is_integer(x.dtype) && x.dtype != DType::boolean)
    fail(ErrorCode::invalid_model, "only numbers can be sampled; found {}", x.str());
  if (!is_float(grid.dtype)) fail(ErrorCode::invalid_model, "the grid must be of a float type; found {}", grid.str());
  if (!x.ranked || !grid.ranked) return {unranked(x.dtype)};
  if (x.rank() != grid.rank())
    fail(ErrorCode::shape_mismatch, "the input and the grid must have the same rank; found {} and {}", x.str(),
         grid.str());
  expect_same(cx, grid.shape[0], x.shape[0], "batch of the grid against that of the input");
  expect_same(cx, grid.shape.back(), Dim(x.rank() - 2), "coordinates of each position in the grid");
  Shape out = {x.shape[0], x.shape[1]};
  out.insert(out.end(), grid.shape.begin() + 1, grid.shape.end() - 1);
  return {Fact::tensor(x.dtype, out)};
}

std::vector<HostValue> GridSample::evaluate(const EvalContext& cx) const {
  const DType wide = cx.tensor(1).dtype() == DType::f64 ? DType::f64 : cx.tensor(0).dtype();
  return {with_real_type(wide, [&](auto t) { return evaluate_sample<decltype(t)>(*this, cx); })};
}

}  // namespace tenon::core
