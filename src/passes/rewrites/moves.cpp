#include "passes/rewrites/moves.h"

#include <algorithm>

#include "passes/match.h"
#include "passes/rewrites/shapes.h"

namespace tenon::core {
namespace {

/// Parts of which both shapes are made: each axis is a run of parts, an axis of size 1 an empty one.
struct Parts {
  Shape sizes;
  std::vector<std::vector<int>> a, b;
};

std::optional<Dim> quotient(const Dim& a, const Dim& b) {
  if (known_equal(b, 0)) return std::nullopt;
  const Dim q = floordiv(a, b);
  return known_equal(q * b, a) ? std::optional(q) : std::nullopt;
}

std::optional<Parts> common_parts(const Shape& a, const Shape& b) {
  Parts parts{{}, std::vector<std::vector<int>>(a.size()), std::vector<std::vector<int>>(b.size())};
  size_t i = 0, j = 0;
  Dim rest_a = a.empty() ? Dim(1) : a[0], rest_b = b.empty() ? Dim(1) : b[0];
  const auto next_a = [&] { rest_a = ++i < a.size() ? a[i] : Dim(1); };
  const auto next_b = [&] { rest_b = ++j < b.size() ? b[j] : Dim(1); };
  while (i < a.size() || j < b.size()) {
    if (i < a.size() && known_equal(rest_a, 1)) {
      next_a();
    } else if (j < b.size() && known_equal(rest_b, 1)) {
      next_b();
    } else {
      const bool same = known_equal(rest_a, rest_b);
      const auto more_b = same ? std::nullopt : quotient(rest_b, rest_a);
      const auto more_a = same || more_b ? std::nullopt : quotient(rest_a, rest_b);
      if (i >= a.size() || j >= b.size() || (!same && !more_a && !more_b)) return std::nullopt;
      const int part = static_cast<int>(parts.sizes.size());
      parts.sizes.push_back(more_a ? rest_b : rest_a);
      parts.a[i].push_back(part);
      parts.b[j].push_back(part);
      if (more_a) {
        rest_a = *more_a;
      } else {
        next_a();
      }
      if (more_b) {
        rest_b = *more_b;
      } else {
        next_b();
      }
    }
  }
  return parts;
}

/// The move from parts in the order `from` to the order `to`; parts that stay side by side become one axis.
AxesMove move_of(const Shape& sizes, const std::vector<int>& from, const std::vector<int>& to) {
  AxesMove move;
  std::vector<int> axis_of(sizes.size());
  for (size_t k = 0; k < from.size(); ++k) {
    const auto at = std::find(to.begin(), to.end(), from[k]);
    const bool joined = k > 0 && at != to.begin() && *(at - 1) == from[k - 1];
    if (joined)
      move.dims.back() = move.dims.back() * sizes[from[k]];
    else
      move.dims.push_back(sizes[from[k]]);
    axis_of[from[k]] = static_cast<int>(move.dims.size()) - 1;
  }
  for (int part : to)
    if (move.permutation.empty() || move.permutation.back() != axis_of[part]) move.permutation.push_back(axis_of[part]);
  return move;
}

}  // namespace

Shape AxesMove::result() const {
  Shape shape;
  for (int64_t axis : permutation) shape.push_back(dims[axis]);
  return shape;
}

std::optional<AxesMove> combined(const Shape& x, const std::vector<int64_t>& first, const Shape& between,
                             const std::vector<int64_t>& second) {
  Shape turned;
  for (int64_t axis : first) turned.push_back(x[axis]);
  const auto parts = common_parts(turned, between);
  if (!parts) return std::nullopt;
  std::vector<int> from, to;
  for (int64_t axis : inverse(first)) from.insert(from.end(), parts->a[axis].begin(), parts->a[axis].end());
  for (int64_t axis : second) to.insert(to.end(), parts->b[axis].begin(), parts->b[axis].end());
  return move_of(parts->sizes, from, to);
}

bool can_move(const Shape& x, const AxesMove& move, const Shape& target) {
  if (is_identity(move.permutation)) return can_reshape(x, target);
  return can_reshape(x, move.dims) && can_reshape(move.result(), target);
}

std::optional<Value> moved(Graph& g, Value x, const AxesMove& move, const Shape& target) {
  if (!ranked_tensor(g, x) || !can_move(g.type(x).shape, move, target)) return std::nullopt;
  if (is_identity(move.permutation)) return reshape_to(g, x, target);
  return reshape_to(g, transpose(g, *reshape_to(g, x, move.dims), move.permutation), target);
}

}  // namespace tenon::core
