#include <algorithm>

#include "ir/dim_expr.h"

namespace tenon::core {
namespace {

using Wide = __int128;
constexpr Wide kTop = Interval::kUnbounded;

// Saturates at +-kUnbounded, which stands for "no limit".
int64_t narrow(Wide v) { return static_cast<int64_t>(std::clamp<Wide>(v, -kTop, kTop)); }

Interval multiply(const Interval& a, const Interval& b) {
  const Wide p[] = {Wide(a.low) * b.low, Wide(a.low) * b.high, Wide(a.high) * b.low, Wide(a.high) * b.high};
  return {narrow(*std::min_element(p, p + 4)), narrow(*std::max_element(p, p + 4))};
}

Wide floor_div(Wide a, Wide b) { return a / b - ((a % b != 0 && (a < 0) != (b < 0)) ? 1 : 0); }

Interval floordiv_bounds(const Interval& a, const Interval& b) {
  if (b.low <= 0) return a.low >= 0 && b.low >= 0 ? Interval{0, a.high} : Interval{-Interval::kUnbounded, Interval::kUnbounded};
  const Wide q[] = {floor_div(a.low, b.low), floor_div(a.low, b.high), floor_div(a.high, b.low), floor_div(a.high, b.high)};
  Interval r{narrow(*std::min_element(q, q + 4)), narrow(*std::max_element(q, q + 4))};
  if (a.high == Interval::kUnbounded) r.high = Interval::kUnbounded;
  return r;
}

Interval atom_bounds(const DimAtom& atom, const Ranges& ranges) {
  if (atom.kind == AtomKind::symbol) {
    const auto it = ranges.find(atom.name);
    return it == ranges.end() ? Interval{} : it->second;
  }
  const Interval a = atom.a.bounds(ranges), b = atom.b.bounds(ranges);
  switch (atom.kind) {
    case AtomKind::floordiv: return floordiv_bounds(a, b);
    case AtomKind::mod: return b.low > 0 ? Interval{0, b.high == Interval::kUnbounded ? b.high : b.high - 1} : Interval{-Interval::kUnbounded, Interval::kUnbounded};
    case AtomKind::min: return {std::min(a.low, b.low), std::min(a.high, b.high)};
    case AtomKind::max: return {std::max(a.low, b.low), std::max(a.high, b.high)};
    default:
      // One of the two is 1, or they are equal; 0 wins over 1.
      return {std::min(a.low, b.low), std::max(a.high, b.high)};
  }
}

}  // namespace

Interval Dim::bounds(const Ranges& ranges) const {
  if (!expr_) return {value_, value_};
  Wide low = 0, high = 0;
  for (const auto& t : expr_->terms) {
    Interval p{t.coefficient, t.coefficient};
    for (const auto& a : t.atoms) p = multiply(p, atom_bounds(*a, ranges));
    low += p.low;
    high += p.high;
    if (p.low == -Interval::kUnbounded) low = std::min(low, -kTop * 1000000);
    if (p.high == Interval::kUnbounded) high = std::max(high, kTop * 1000000);
  }
  return {narrow(low), narrow(high)};
}

}  // namespace tenon::core
