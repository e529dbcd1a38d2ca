#include <algorithm>
#include <cmath>
#include <complex>
#include <functional>
#include <numeric>

#include "ops/elements.h"
#include "ops/index.h"
#include "ops/infer_util.h"
#include "ops/shape_infer.h"
#include "ops/strided.h"

namespace tenon::core {
namespace {

// <0, 0, >0; NaN is equal to NaN and after every number.
int order(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return static_cast<int>(std::isnan(a)) - static_cast<int>(std::isnan(b));
  return a < b ? -1 : a > b;
}
int order(int64_t a, int64_t b) { return a < b ? -1 : a > b; }
int order(const std::string& a, const std::string& b) { return a.compare(b); }

using Compare = std::function<int(int64_t, int64_t)>;

template <class T>
Compare row_compare(std::vector<T> values, int64_t width) {
  return [values = std::move(values), width](int64_t a, int64_t b) {
    for (int64_t i = 0; i < width; ++i)
      if (const int o = order(values[a * width + i], values[b * width + i])) return o;
    return 0;
  };
}

template <class T>
std::vector<double> complex_parts(const Tensor& t) {
  std::vector<double> parts;
  for (const std::complex<T>& c : t.values<std::complex<T>>()) parts.insert(parts.end(), {c.real(), c.imag()});
  return parts;
}

// Compares the rows of a tensor of `width` elements a row, element by element.
Compare compare_rows(const Tensor& t, int64_t width) {
  if (t.dtype() == DType::string)
    return row_compare(std::vector(t.data<std::string>(), t.data<std::string>() + t.size()), width);
  if (t.dtype() == DType::c64) return row_compare(complex_parts<float>(t), 2 * width);
  if (t.dtype() == DType::c128) return row_compare(complex_parts<double>(t), 2 * width);
  return visit_ordered(t, [&](auto values) {
    using Wide = std::conditional_t<std::is_same_v<decltype(values), std::span<const int64_t>>, int64_t, double>;
    return row_compare(std::vector<Wide>(values.begin(), values.end()), width);
  });
}

struct Groups {
  std::vector<int64_t> first, inverse, counts;
};

Groups group(int64_t rows, const Compare& compare, bool sorted) {
  std::vector<int64_t> by_value(rows);
  std::iota(by_value.begin(), by_value.end(), 0);
  std::sort(by_value.begin(), by_value.end(), [&](int64_t a, int64_t b) {
    const int o = compare(a, b);
    return o != 0 ? o < 0 : a < b;
  });
  Groups g;
  g.inverse.resize(rows);
  for (int64_t i = 0; i < rows; ++i) {
    if (i == 0 || compare(by_value[i - 1], by_value[i]) != 0) {
      g.first.push_back(by_value[i]);
      g.counts.push_back(0);
    }
    ++g.counts.back();
    g.inverse[by_value[i]] = static_cast<int64_t>(g.first.size()) - 1;
  }
  if (sorted) return g;
  std::vector<int64_t> by_place(g.first.size()), rank(g.first.size());
  std::iota(by_place.begin(), by_place.end(), 0);
  std::sort(by_place.begin(), by_place.end(), [&](int64_t a, int64_t b) { return g.first[a] < g.first[b]; });
  Groups placed;
  for (size_t i = 0; i < by_place.size(); ++i) {
    rank[by_place[i]] = static_cast<int64_t>(i);
    placed.first.push_back(g.first[by_place[i]]);
    placed.counts.push_back(g.counts[by_place[i]]);
  }
  for (int64_t i : g.inverse) placed.inverse.push_back(rank[i]);
  return placed;
}

Tensor vector_of(const std::vector<int64_t>& v) { return tensor_of<int64_t>({static_cast<int64_t>(v.size())}, v); }

// Axis `at` first, the others behind it.
std::vector<int64_t> axis_first(int64_t at, int64_t rank) {
  std::vector<int64_t> p{at};
  for (int64_t i = 0; i < rank; ++i)
    if (i != at) p.push_back(i);
  return p;
}

}  // namespace

std::vector<Fact> Unique::infer(InferContext& cx) const {
  expect_rank(cx, 0, "the input", axis ? 1 : 0);
  const Fact& x = cx.input(0);
  std::optional<Dim> rows;
  if (x.type.ranked) rows = axis ? x.shape()[resolve_axis(*axis, x.rank())] : product(x.shape());
  const Dim count = cx.unknown("unique", rows);
  Fact values = unranked(x.dtype());
  if (!axis) values = Fact::tensor(x.dtype(), {count});
  if (axis && x.type.ranked) {
    Shape dims = x.shape();
    dims[resolve_axis(*axis, x.rank())] = count;
    values = Fact::tensor(x.dtype(), dims);
  }
  const Fact inverse = Fact::tensor(DType::i64, {rows ? *rows : cx.unknown("unique_inverse")});
  return {values, Fact::tensor(DType::i64, {count}), inverse, Fact::tensor(DType::i64, {count})};
}

std::vector<HostValue> Unique::evaluate(const EvalContext& cx) const {
  const Tensor x = axis ? cx.tensor(0) : cx.tensor(0).reshaped({cx.tensor(0).size()});
  const int64_t at = axis ? resolve_axis(*axis, x.rank()) : 0;
  const Tensor rows = x.rank() > 1 ? transposed(x, axis_first(at, x.rank()), cx.threads()) : x;
  const int64_t count = x.dim(at), width = count == 0 ? 0 : x.size() / count;
  const Groups g = group(count, compare_rows(rows, width), sorted);
  return {taken(x, at, g.first, cx.threads()), vector_of(g.first), vector_of(g.inverse), vector_of(g.counts)};
}

}  // namespace tenon::core
