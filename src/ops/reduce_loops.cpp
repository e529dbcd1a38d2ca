#include "ops/reduce_loops.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tenon::core {
namespace {

constexpr int64_t kLanes = 8;
constexpr int64_t kChunk = 1 << 15;    // elements of a piece of the reduced axis
constexpr int64_t kColumns = 1 << 12;  // columns of a piece
constexpr int64_t kFewestRows = 64;

inline int64_t wrapping_add(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}
inline int64_t wrapping_mul(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
}
inline double wrapping_add(double a, double b) { return a + b; }
inline double wrapping_mul(double a, double b) { return a * b; }
inline double magnitude(double v) { return std::fabs(v); }
inline int64_t magnitude(int64_t v) { return v < 0 ? wrapping_mul(v, -1) : v; }

struct Plain {
  template <class A>
  static A map(A v) {
    return v;
  }
};
struct Sum : Plain {
  template <class A>
  static A start() {
    return 0;
  }
  template <class A>
  static A join(A a, A b) {
    return wrapping_add(a, b);
  }
};
struct SumSquare : Sum {
  template <class A>
  static A map(A v) {
    return wrapping_mul(v, v);
  }
};
struct SumMagnitude : Sum {
  template <class A>
  static A map(A v) {
    return magnitude(v);
  }
};
struct Product : Plain {
  template <class A>
  static A start() {
    return 1;
  }
  template <class A>
  static A join(A a, A b) {
    return wrapping_mul(a, b);
  }
};
// a != a: NaN wins over everything.
struct Maximum : Plain {
  template <class A>
  static A start() {
    using L = std::numeric_limits<A>;
    return L::has_infinity ? -L::infinity() : L::lowest();
  }
  template <class A>
  static A join(A a, A b) {
    return a != a || a > b ? a : b;
  }
};
struct Minimum : Plain {
  template <class A>
  static A start() {
    using L = std::numeric_limits<A>;
    return L::has_infinity ? L::infinity() : L::max();
  }
  template <class A>
  static A join(A a, A b) {
    return a != a || a < b ? a : b;
  }
};

template <class R, class A, class T>
A reduce_row(const T* x, int64_t count) {
  A lanes[kLanes];
  std::fill_n(lanes, kLanes, R::template start<A>());
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    for (int64_t k = 0; k < kLanes; ++k) lanes[k] = R::join(lanes[k], R::map(static_cast<A>(x[i + k])));
  for (; i < count; ++i) lanes[0] = R::join(lanes[0], R::map(static_cast<A>(x[i])));
  A all = lanes[0];
  for (int64_t k = 1; k < kLanes; ++k) all = R::join(all, lanes[k]);
  return all;
}

template <class R, class A, class T>
void reduce_columns(const T* x, int64_t rows, int64_t stride, int64_t columns, A* out) {
  std::fill_n(out, columns, R::template start<A>());
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; ++c) out[c] = R::join(out[c], R::map(static_cast<A>(x[r * stride + c])));
}

template <class R, class A, class T>
std::vector<A> run(std::span<const T> x, const AxisSpan& span, Threads& threads) {
  std::vector<A> out(checked_mul(span.outer, span.inner), R::template start<A>());
  if (out.empty() || span.count == 0) return out;
  const int64_t rows = std::max(kFewestRows, kChunk / span.inner), chunks = (span.count + rows - 1) / rows;
  const int64_t strips = (span.inner + kColumns - 1) / kColumns;
  std::vector<A> parts(span.outer * chunks * span.inner);
  const int64_t work = std::min(rows, span.count) * std::min(span.inner, kColumns);
  threads.parallel_ranges(span.outer * chunks * strips, kChunk / work + 1, [&](int64_t begin, int64_t end) {
    for (int64_t piece = begin; piece < end; ++piece) {
      const int64_t part = piece / strips, column = piece % strips * kColumns;
      const int64_t first = part % chunks * rows, last = std::min(first + rows, span.count);
      const T* from = x.data() + (part / chunks * span.count + first) * span.inner + column;
      A* to = parts.data() + part * span.inner + column;
      if (span.inner == 1)
        *to = reduce_row<R, A>(from, last - first);
      else
        reduce_columns<R, A>(from, last - first, span.inner, std::min(kColumns, span.inner - column), to);
    }
  });
  if (chunks == 1) return parts;
  for (int64_t part = 0; part < span.outer * chunks; ++part)
    for (int64_t c = 0; c < span.inner; ++c) {
      A& to = out[part / chunks * span.inner + c];
      to = R::join(to, parts[part * span.inner + c]);
    }
  return out;
}

template <class A, class T>
std::vector<A> dispatch(std::span<const T> x, const AxisSpan& span, ReduceKind kind, Threads& threads) {
  switch (kind) {
    case ReduceKind::sum_square:
    case ReduceKind::l2:
      return run<SumSquare, A>(x, span, threads);
    case ReduceKind::l1:
      return run<SumMagnitude, A>(x, span, threads);
    case ReduceKind::prod:
      return run<Product, A>(x, span, threads);
    case ReduceKind::max:
      return run<Maximum, A>(x, span, threads);
    case ReduceKind::min:
      return run<Minimum, A>(x, span, threads);
    default:
      return run<Sum, A>(x, span, threads);
  }
}

}  // namespace

std::vector<double> reduce_loops(std::span<const float> x, const AxisSpan& span, ReduceKind kind, Threads& threads) {
  return dispatch<double>(x, span, kind, threads);
}
std::vector<double> reduce_loops(std::span<const double> x, const AxisSpan& span, ReduceKind kind, Threads& threads) {
  return dispatch<double>(x, span, kind, threads);
}
std::vector<int64_t> reduce_loops(std::span<const int64_t> x, const AxisSpan& span, ReduceKind kind, Threads& threads) {
  return dispatch<int64_t>(x, span, kind, threads);
}

}  // namespace tenon::core
