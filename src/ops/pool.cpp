#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "ops/infer_util.h"
#include "ops/reals.h"
#include "ops/window.h"

namespace tenon::core {
namespace {

/// A run of output positions of the slide with the input positions under each of them.
struct Run {
  int64_t first = 0, count = 0;
  std::vector<int64_t> sources;  // [tap][count]
  std::vector<double> divisors;  // average only
};

/// How many elements an average at output position p is divided by.
int64_t divisor(const Slide& s, int64_t p, bool include_padding) {
  int64_t result = 1;
  for (size_t i = s.in.size(); i-- > 0; p /= s.out[i]) {
    const int64_t start = p % s.out[i] * s.strides[i] - s.begin[i];
    const int64_t low = include_padding ? -s.begin[i] : 0, high = s.in[i] + (include_padding ? s.end[i] : 0);
    int64_t inside = 0;
    for (int64_t k = 0; k < s.kernel[i]; ++k) {
      const int64_t x = start + k * s.dilations[i];
      inside += x >= low && x < high;
    }
    result *= inside;
  }
  return std::max<int64_t>(result, 1);
}

Run make_run(const Pool& op, const Slide& s, int64_t first, int64_t count) {
  Run run{first, count, std::vector<int64_t>(static_cast<size_t>(s.taps * count)), {}};
  source_positions(s, first, count, count, run.sources.data());
  if (op.kind == PoolKind::average)
    for (int64_t i = 0; i < count; ++i)
      run.divisors.push_back(static_cast<double>(divisor(s, first + i, op.count_include_pad)));
  return run;
}

template <class T>
void pool_max(const Slide& s, const Run& run, const T* x, T* y, int64_t* at) {
  for (int64_t j = 0; j < run.count; ++j) {
    T best = -std::numeric_limits<T>::infinity();
    int64_t where = -1;
    for (int64_t t = 0; t < s.taps; ++t) {
      const int64_t source = run.sources[t * run.count + j];
      if (source < 0) continue;
      if (where >= 0 && !(x[source] > best) && !std::isnan(x[source])) continue;
      if (where >= 0 && std::isnan(best)) break;
      best = x[source], where = source;
    }
    y[j] = best;
    if (at) at[j] = std::max<int64_t>(where, 0);
  }
}

template <class T>
void pool_average(const Slide& s, const Run& run, const T* x, T* y) {
  for (int64_t j = 0; j < run.count; ++j) {
    double sum = 0;
    for (int64_t t = 0; t < s.taps; ++t)
      if (const int64_t source = run.sources[t * run.count + j]; source >= 0) sum += x[source];
    y[j] = static_cast<T>(sum / run.divisors[j]);
  }
}

template <class T>
void pool_lp(const Slide& s, const Run& run, double p, const T* x, T* y) {
  for (int64_t j = 0; j < run.count; ++j) {
    double sum = 0;
    for (int64_t t = 0; t < s.taps; ++t)
      if (const int64_t source = run.sources[t * run.count + j]; source >= 0)
        sum += std::pow(std::fabs(static_cast<double>(x[source])), p);
    y[j] = static_cast<T>(std::pow(sum, 1.0 / p));
  }
}

/// The flat position with the first axis running fastest.
int64_t column_major(const Dims& in, int64_t flat) {
  int64_t result = 0;
  Dims at(in.size());
  for (size_t i = in.size(); i-- > 0; flat /= in[i]) at[i] = flat % in[i];
  for (size_t i = in.size(); i-- > 0;) result = result * in[i] + at[i];
  return result;
}

template <class T>
void pool_run(const Pool& op, const Slide& s, const Run& run, int64_t plane, const T* x, T* y, int64_t* indices) {
  const T* from = x + plane * s.plane;
  T* to = y + plane * s.positions + run.first;
  if (op.kind == PoolKind::average) return pool_average(s, run, from, to);
  if (op.kind == PoolKind::lp) return pool_lp(s, run, static_cast<double>(op.p), from, to);
  int64_t* at = indices ? indices + plane * s.positions + run.first : nullptr;
  pool_max(s, run, from, to, at);
  for (int64_t j = 0; at && j < run.count; ++j)
    at[j] = plane * s.plane + (op.storage_order == 1 ? column_major(s.in, at[j]) : at[j]);
}

Slide pool_slide(const Pool& op, const Dims& in) {
  if (!op.global) return make_slide(op.window, in, op.window.kernel, op.ceil_mode);
  for (int64_t d : in)
    if (d == 0)
      fail(ErrorCode::shape_mismatch, "global pooling needs at least one element; found spatial dims {}",
           dims_to_string(in));
  return make_slide(Window{}, in, in);
}

template <class T>
std::vector<HostValue> evaluate_pool(const Pool& op, const EvalContext& cx) {
  const Tensor& x = cx.tensor(0);
  const Slide s = pool_slide(op, spatial_dims(x.dims()));
  Dims dims = {x.dim(0), x.dim(1)};
  dims.insert(dims.end(), s.out.begin(), s.out.end());
  RealResult<T> y(x.dtype(), dims);
  Tensor indices;
  if (op.with_indices) indices = Tensor(DType::i64, dims);
  int64_t* at = op.with_indices ? indices.mutable_data<int64_t>() : nullptr;
  const Reals<T> input(x);
  const int64_t run_length =
      std::clamp<int64_t>((1 << 16) / std::max<int64_t>(1, s.taps), 1, std::max<int64_t>(1, s.positions));
  cx.threads().parallel_ranges(x.dim(0) * x.dim(1), 1, [&](int64_t begin, int64_t end) {
    for (int64_t first = 0; first < s.positions; first += run_length) {
      const Run run = make_run(op, s, first, std::min(run_length, s.positions - first));
      for (int64_t plane = begin; plane < end; ++plane) pool_run(op, s, run, plane, input.data(), y.data(), at);
    }
  });
  std::vector<HostValue> out = {y.finish()};
  if (op.with_indices) out.emplace_back(std::move(indices));
  return out;
}

}  // namespace

std::span<const std::string_view> enum_names(PoolKind) {
  static constexpr std::string_view names[] = {"max", "average", "lp"};
  return names;
}

std::vector<Fact> Pool::infer(InferContext& cx) const {
  expect_rank(cx, 0, "the input of the pooling", global ? 2 : 3);
  const Type& x = cx.input(0).type;
  if (!is_float(x.dtype) && !(kind == PoolKind::max && is_integer(x.dtype)))
    fail(ErrorCode::invalid_model, "the pooling needs a float input (max: an integer one too); found {}", x.str());
  if (kind == PoolKind::lp && p < 1)
    fail(ErrorCode::invalid_model, "p of the Lp pooling must be 1 or more; found {}", p);
  std::vector<Fact> out;
  if (!x.ranked) {
    out = {unranked(x.dtype)};
  } else {
    const int spatial = x.rank() - 2;
    Shape shape = {x.shape[0], x.shape[1]};
    if (!global && window.kernel.empty()) fail(ErrorCode::invalid_model, "kernel_shape is needed for pooling");
    const Window filled = global ? Window{} : window.filled(spatial);
    for (int i = 0; i < spatial; ++i)
      shape.push_back(global ? Dim(1) : slide_dim(filled, i, x.shape[2 + i], filled.kernel[i], ceil_mode));
    out = {Fact::tensor(x.dtype, std::move(shape))};
  }
  if (with_indices) {
    Type type = out[0].type;
    type.dtype = DType::i64;
    out.emplace_back(type);
  }
  return out;
}

std::vector<HostValue> Pool::evaluate(const EvalContext& cx) const {
  return with_real_type(cx.tensor(0).dtype(), [&](auto t) { return evaluate_pool<decltype(t)>(*this, cx); });
}

}  // namespace tenon::core
