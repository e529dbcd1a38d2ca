#include "ops/reduce.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "ops/content.h"
#include "ops/elements.h"
#include "ops/infer_util.h"
#include "ops/reduce_loops.h"
#include "ops/shape_infer.h"
#include "ops/strided.h"

namespace tenon::core {

std::span<const std::string_view> enum_names(ReduceKind) {
  static constexpr std::array<std::string_view, 10> names{"sum",        "mean", "max", "min",     "prod",
                                                          "sum_square", "l1",   "l2",  "log_sum", "log_sum_exp"};
  return names;
}

namespace {

bool is_extreme(ReduceKind k) { return k == ReduceKind::max || k == ReduceKind::min; }

std::vector<int64_t> reduced_axes(std::span<const int64_t> given, bool noop, int64_t rank) {
  std::vector<int64_t> axes = resolve_axes(given, rank);
  if (given.empty() && !noop) {
    axes.resize(rank);
    std::iota(axes.begin(), axes.end(), 0);
  }
  std::sort(axes.begin(), axes.end());
  return axes;
}

template <class D>
std::vector<D> reduced_dims(const std::vector<D>& dims, const std::vector<int64_t>& axes, bool keepdims) {
  std::vector<D> out;
  for (size_t i = 0; i < dims.size(); ++i) {
    const bool reduced = std::binary_search(axes.begin(), axes.end(), static_cast<int64_t>(i));
    if (!reduced)
      out.push_back(dims[i]);
    else if (keepdims)
      out.push_back(D(1));
  }
  return out;
}

std::optional<Dim> reduced_content(ReduceKind kind, const std::vector<Dim>& x) {
  if (kind == ReduceKind::sum) return std::accumulate(x.begin(), x.end(), Dim(0));
  if (kind == ReduceKind::prod) return product(x);
  if (!is_extreme(kind) || x.empty()) return std::nullopt;
  Dim best = x[0];
  for (const Dim& d : x) best = kind == ReduceKind::max ? max(best, d) : min(best, d);
  return best;
}

// `x` as [outer, count, inner] with the reduced axes in the middle; moved to the end when they do not stand together.
struct Arranged {
  Tensor x;
  AxisSpan span;
};

Arranged arrange(const Tensor& x, const std::vector<int64_t>& axes, Threads& threads) {
  std::vector<int64_t> kept;
  for (int64_t i = 0; i < x.rank(); ++i)
    if (!std::binary_search(axes.begin(), axes.end(), i)) kept.push_back(i);
  AxisSpan span;
  for (int64_t a : axes) span.count = checked_mul(span.count, x.dim(a));
  bool together = true;
  for (int64_t k : kept) {
    const bool before = axes.empty() || k < axes.front(), behind = !axes.empty() && k > axes.back();
    together = together && (before || behind || x.dim(k) == 1);
    int64_t& part = before ? span.outer : span.inner;
    part = checked_mul(part, x.dim(k));
  }
  if (together) return {x, span};
  std::vector<int64_t> order = kept;
  order.insert(order.end(), axes.begin(), axes.end());
  return {transposed(x, order, threads), {checked_mul(span.outer, span.inner), span.count, 1}};
}

// The largest and smallest number of an integer type, as visit_ordered gives them.
int64_t highest(DType d) {
  if (d == DType::boolean) return 1;
  if (d == DType::u64) return INT64_MAX;
  const int bits = d == DType::i4 || d == DType::u4   ? 4
                   : d == DType::i2 || d == DType::u2 ? 2
                                                      : 8 * static_cast<int>(size_of(d));
  return static_cast<int64_t>((uint64_t{1} << (is_signed_integer(d) ? bits - 1 : bits)) - 1);
}
int64_t lowest(DType d) {
  if (d == DType::u64) return INT64_MIN;
  return is_signed_integer(d) ? -highest(d) - 1 : 0;
}

double finished(ReduceKind kind, double v, int64_t count) {
  switch (kind) {
    case ReduceKind::mean:
      return v / static_cast<double>(count);
    case ReduceKind::l2:
      return std::sqrt(v);
    case ReduceKind::log_sum:
      return std::log(v);
    default:
      return v;
  }
}

std::vector<double> log_sum_exp(const Tensor& x, const AxisSpan& span, Threads& threads) {
  std::vector<double> values = to_doubles(x);
  std::vector<double> shift = reduce_loops(std::span<const double>(values), span, ReduceKind::max, threads);
  for (double& s : shift)
    if (!std::isfinite(s)) s = 0;
  threads.parallel_ranges(span.outer * span.count, 4096 / std::max<int64_t>(span.inner, 1) + 1,
                          [&](int64_t begin, int64_t end) {
                            for (int64_t row = begin; row < end; ++row)
                              for (int64_t i = 0; i < span.inner; ++i) {
                                double& v = values[row * span.inner + i];
                                v = std::exp(v - shift[row / span.count * span.inner + i]);
                              }
                          });
  std::vector<double> sums = reduce_loops(std::span<const double>(values), span, ReduceKind::sum, threads);
  for (size_t i = 0; i < sums.size(); ++i) sums[i] = std::log(sums[i]) + shift[i];
  return sums;
}

Tensor reduced_floats(ReduceKind kind, const Arranged& a, DType dtype, Dims dims, Threads& threads) {
  std::vector<double> out;
  if (kind == ReduceKind::log_sum_exp) {
    out = log_sum_exp(a.x, a.span, threads);
  } else if (is_float(a.x.dtype())) {
    out = visit_ordered(a.x, [&](auto values) -> std::vector<double> {
      if constexpr (std::is_same_v<decltype(values), std::span<const int64_t>>)
        return {};
      else
        return reduce_loops(values, a.span, kind, threads);
    });
  } else {
    out = reduce_loops(std::span<const double>(to_doubles(a.x)), a.span, kind, threads);
  }
  for (double& v : out) v = finished(kind, v, a.span.count);
  return from_doubles(dtype, std::move(dims), out);
}

Tensor reduced_integers(ReduceKind kind, const Arranged& a, Dims dims, Threads& threads) {
  const DType dtype = a.x.dtype();
  std::vector<int64_t> values = to_int64s(a.x);
  const bool flip = dtype == DType::u64 && is_extreme(kind);
  if (flip) std::transform(values.begin(), values.end(), values.begin(), flip_sign_bit);
  std::vector<int64_t> out = reduce_loops(std::span<const int64_t>(values), a.span, kind, threads);
  if (a.span.count == 0 && is_extreme(kind))
    std::fill(out.begin(), out.end(), kind == ReduceKind::max ? lowest(dtype) : highest(dtype));
  if (kind == ReduceKind::mean)
    for (int64_t& v : out) v = a.span.count == 0 ? 0 : v / a.span.count;
  if (flip) std::transform(out.begin(), out.end(), out.begin(), flip_sign_bit);
  return from_int64s(dtype, std::move(dims), out);
}

}  // namespace

std::optional<std::vector<int64_t>> Reduce::axes(int rank, const Fact& axes_input) const {
  if (!axes_input.present()) return reduced_axes({}, noop_with_empty_axes, rank);
  const auto given = axes_input.numbers();
  if (!given) return std::nullopt;
  return reduced_axes(*given, noop_with_empty_axes, rank);
}

std::vector<Fact> Reduce::infer(InferContext& cx) const {
  expect_tensor(cx, 0, "the input");
  if (cx.has(1)) expect_indices(cx, 1, "the axes", true);
  const Fact& x = cx.input(0);
  const bool number = is_float(x.dtype()) || is_integer(x.dtype());
  if (!number && !(x.dtype() == DType::boolean && is_extreme(kind)))
    fail(ErrorCode::invalid_model, "{} of elements of type {} is not defined", enum_names(kind)[static_cast<int>(kind)],
         to_string(x.dtype()));
  if (!x.type.ranked) {
    if (!cx.has(1) && !keepdims && !noop_with_empty_axes) return {Fact::tensor(x.dtype(), {})};
    return {unranked(x.dtype())};
  }
  const auto at = axes(x.rank(), cx.input(1));
  if (!at) {
    if (keepdims) return {Fact::tensor(x.dtype(), unknown_shape(cx, "reduce", x.rank()))};
    const auto count = length_of(cx.input(1));
    if (!count || *count == 0 || *count > x.rank()) return {unranked(x.dtype())};
    return {Fact::tensor(x.dtype(), unknown_shape(cx, "reduce", x.rank() - *count))};
  }
  Fact out = Fact::tensor(x.dtype(), reduced_dims(x.shape(), *at, keepdims));
  const auto content = x.elements();
  if (content && x.rank() == 1 && !at->empty())
    carry_content(out, [&](int64_t) { return reduced_content(kind, *content); });
  return {out};
}

std::vector<HostValue> Reduce::evaluate(const EvalContext& cx) const {
  const Tensor& x = cx.tensor(0);
  const auto at = reduced_axes(cx.has(1) ? numbers_of(cx, 1) : std::vector<int64_t>(), noop_with_empty_axes, x.rank());
  const Arranged a = arrange(x, at, cx.threads());
  Dims dims = reduced_dims(x.dims(), at, keepdims);
  const bool irrational = kind == ReduceKind::l2 || kind == ReduceKind::log_sum || kind == ReduceKind::log_sum_exp;
  if (is_float(x.dtype()) || irrational) return {reduced_floats(kind, a, x.dtype(), std::move(dims), cx.threads())};
  return {reduced_integers(kind, a, std::move(dims), cx.threads())};
}

}  // namespace tenon::core
