#include <algorithm>
#include <cstring>

#include "ops/attention.h"
#include "ops/index.h"
#include "ops/infer_util.h"
#include "ops/shape.h"
#include "passes/fold.h"
#include "passes/match.h"
#include "passes/rewrites/families.h"
#include "passes/rewrites/shapes.h"

namespace tenon::core {
namespace {

/// Elements begin, begin + step, ... of the last axis of x.
struct Part {
  Value x;
  int64_t begin, count, step;
};

std::optional<int64_t> last_dim(const Graph& g, Value v) {
  if (!v || !ranked_tensor(g, v) || g.type(v).rank() == 0 || !g.type(v).shape.back().is_const()) return std::nullopt;
  return g.type(v).shape.back().value();
}

bool is_last_axis(const Graph& g, Value x, int64_t axis) { return axis == -1 || axis == g.type(x).rank() - 1; }

std::optional<Part> slice_part(const Graph& g, Value v) {
  const Value x = input(g, v);
  const auto size = last_dim(g, x), count = last_dim(g, v);
  const auto starts = numbers(g, input(g, v, 1)), axes = numbers(g, input(g, v, 3));
  if (!size || !count || !starts || starts->size() != 1 || !axes || !is_last_axis(g, x, (*axes)[0])) return std::nullopt;
  const auto steps = input(g, v, 4) ? numbers(g, input(g, v, 4)) : std::vector<int64_t>{1};
  if (!steps || (*steps)[0] < 1) return std::nullopt;
  const int64_t begin = (*starts)[0] < 0 ? (*starts)[0] + *size : (*starts)[0];
  return Part{x, std::clamp<int64_t>(begin, 0, *size), *count, (*steps)[0]};
}

std::optional<Part> part_of(const Graph& g, Value v) {
  if (is<Slice>(g, v)) return slice_part(g, v);
  const auto* split = v ? g.node(v.node).as<Split>() : nullptr;
  if (!split || !is_last_axis(g, input(g, v), split->axis)) return std::nullopt;
  int64_t begin = 0;
  for (int i = 0; i < v.output; ++i) {
    const auto before = last_dim(g, {v.node, i});
    if (!before) return std::nullopt;
    begin += *before;
  }
  const auto count = last_dim(g, v);
  return count ? std::optional(Part{input(g, v), begin, *count, 1}) : std::nullopt;
}

/// The tensor whose pairs (first[i], second[i]) these are: its two halves, or its even and odd elements.
struct Pairs {
  Value x;
  bool interleaved;
};

std::optional<Pairs> pairs(const Graph& g, Value first, Value second) {
  const auto a = part_of(g, first), b = part_of(g, second);
  if (!a || !b || a->x != b->x || a->count != b->count || a->step != b->step || a->begin != 0) return std::nullopt;
  if (last_dim(g, a->x) != 2 * a->count) return std::nullopt;
  if (a->step == 1 && b->begin == a->count) return Pairs{a->x, false};
  if (a->step == 2 && b->begin == 1) return Pairs{a->x, true};
  return std::nullopt;
}

/// The operands of a Concat of two along the last axis.
std::optional<std::pair<Value, Value>> joined_pair(const Graph& g, Value v) {
  const auto* concat = is<Concat>(g, v);
  if (!concat || input_count(g, v) != 2 || !ranked_tensor(g, v) || !is_last_axis(g, v, concat->axis)) return std::nullopt;
  return std::pair{input(g, v, 0), input(g, v, 1)};
}

/// x when v is x with an axis of one element behind the last.
Value without_last_one(const Graph& g, Value v) {
  if (!is<Reshape>(g, v) || last_dim(g, v) != 1 || !ranked_tensor(g, input(g, v))) return {};
  Shape shape = g.type(v).shape;
  shape.pop_back();
  return same_shape(shape, g.type(input(g, v)).shape) ? input(g, v) : Value{};
}

/// [..., h, 2] seen as [..., 2h].
bool merges_last_pair(const Graph& g, Value v) {
  const Value x = is<Reshape>(g, v) ? input(g, v) : Value{};
  const auto half = last_dim(g, v);
  if (!half || last_dim(g, x) != 2 || g.type(x).rank() != g.type(v).rank() + 1) return false;
  Shape shape = g.type(x).shape;
  shape.pop_back();
  shape.back() = *half;
  return same_shape(shape, g.type(v).shape);
}

/// x when each pair (a, b) of x is (-b, a) in v.
std::optional<Pairs> quarter_turned(const Graph& g, Value v) {
  const bool stacked = merges_last_pair(g, v);
  const auto both = joined_pair(g, stacked ? input(g, v) : v);
  if (!both || !single_use(g, v)) return std::nullopt;
  const Value negated = stacked ? without_last_one(g, both->first) : both->first;
  const Value first = stacked ? without_last_one(g, both->second) : both->second;
  if (!first || !negated || !is_unary(g, negated, UnaryKind::neg)) return std::nullopt;
  const auto found = pairs(g, first, input(g, negated));
  return found && found->interleaved == stacked ? found : std::nullopt;
}

/// A constant whose last axis holds each number twice.
bool constant_repeats(const ConstRef& c, bool interleaved) {
  if (is_refittable(c)) return false;
  const Tensor t = c->value();
  const int64_t row = t.dims().back(), half = row / 2;
  const int64_t size = size_of(t.dtype());
  const std::byte* bytes = t.bytes().data();
  for (int64_t first = 0; first < t.size(); first += row)
    for (int64_t i = 0; i < half; ++i) {
      const int64_t a = first + (interleaved ? 2 * i : i), b = interleaved ? a + 1 : a + half;
      if (std::memcmp(bytes + a * size, bytes + b * size, static_cast<size_t>(size)) != 0) return false;
    }
  return true;
}

Shape with_last(Shape shape, int64_t last) {
  shape.back() = last;
  return shape;
}

/// x when v holds each element of x twice along the last axis: [x x], or (x0 x0 x1 x1 ...).
Value doubled(const Graph& g, Value v, bool interleaved) {
  if (!interleaved) {
    const auto both = joined_pair(g, v);
    return both && both->first == both->second ? both->first : Value{};
  }
  if (!merges_last_pair(g, v)) return {};
  const Value pairs = input(g, v);
  if (is<Expand>(g, pairs)) {
    const Value one = input(g, pairs);
    const bool repeats = last_dim(g, one) == 1 && g.type(one).rank() == g.type(pairs).rank();
    return repeats && same_shape(with_last(g.type(one).shape, 2), g.type(pairs).shape) ? one : Value{};
  }
  const auto both = joined_pair(g, pairs);
  return both && both->first == both->second ? both->first : Value{};
}

/// The operand through which what `is_doubled` says of v follows; -1 when there is none.
int through(const Graph& g, Value v) {
  if (is<Unary>(g, v) || is<Cast>(g, v)) return 0;
  const Value x = input(g, v);
  if (is<Binary>(g, v))
    for (const int side : {0, 1})
      if (uniform(g, input(g, v, 1 - side)) && same_shape(g, input(g, v, side), v)) return side;
  if (const auto* gather = is<Gather>(g, v)) return ranked_tensor(g, x) && !is_last_axis(g, x, gather->axis) && gather->axis >= 0 ? 0 : -1;
  if (!is<Slice>(g, v) || !ranked_tensor(g, x)) return -1;
  const auto axes = numbers(g, input(g, v, 3));
  return axes && std::none_of(axes->begin(), axes->end(), [&](int64_t a) { return a < 0 || is_last_axis(g, x, a); }) ? 0 : -1;
}

constexpr int kMostSteps = 16;  // from a product to where angles are doubled

/// Whether v's last axis provably holds each angle's number twice, so that `undoubled` can be made.
bool is_doubled(const Graph& g, Value v, bool interleaved, int steps = kMostSteps) {
  const auto size = last_dim(g, v);
  if (!size || *size % 2 != 0 || steps == 0) return false;
  if (const ConstRef c = g.constant(v)) return constant_repeats(c, interleaved);
  if (const Value half = doubled(g, v, interleaved)) return can_reshape(g.type(half).shape, with_last(g.type(v).shape, *size / 2));
  if (is<Reshape>(g, v)) {
    const Value x = input(g, v);
    return last_dim(g, x) == size && can_reshape(with_last(g.type(x).shape, *size / 2), with_last(g.type(v).shape, *size / 2)) &&
           is_doubled(g, x, interleaved, steps - 1);
  }
  const int operand = through(g, v);
  return operand >= 0 && is_doubled(g, input(g, v, operand), interleaved, steps - 1);
}

Value constant_undoubled(Graph& g, Value v, int64_t half, bool interleaved) {
  const auto one = [&](int64_t n) { return constant_i64(g, {n}); };
  return fold(g, Slice{}, {v, one(0), one(interleaved ? 2 * half : half), one(g.type(v).rank() - 1), one(interleaved ? 2 : 1)});
}

/// What `is_doubled` found twice, once.
Value undoubled(Graph& g, Value v, bool interleaved) {
  const int64_t half = *last_dim(g, v) / 2;
  const Shape target = with_last(g.type(v).shape, half);
  if (g.constant(v)) return constant_undoubled(g, v, half, interleaved);
  if (const Value x = doubled(g, v, interleaved)) return *reshape_to(g, x, target);
  if (is<Reshape>(g, v)) return *reshape_to(g, undoubled(g, input(g, v), interleaved), target);
  const int operand = through(g, v);
  auto inputs = g.node(v.node).inputs;
  inputs[operand] = undoubled(g, inputs[operand], interleaved);
  return g.add(g.node(v.node).op, std::move(inputs));
}

/// Where tokens and heads are in x [B,H,S,D] or [B,S,H,D], and the dims that cosines and sines take.
struct AnglePlace {
  bool heads_last;  // [B,S,H,D]
  bool shared;      // all samples have the same angles
  Shape table;      // [S,D/2], or [B,S,D/2]
};

std::optional<AnglePlace> place_of(const Graph& g, Value x, const Shape& angles, int64_t half) {
  if (!ranked_tensor(g, x) || g.type(x).rank() != 4 || angles.size() > 4) return std::nullopt;
  const Shape& s = g.type(x).shape;
  Shape a(4 - angles.size(), Dim(1));
  a.insert(a.end(), angles.begin(), angles.end());
  const bool shared = known_equal(a[0], 1);
  if (!shared && !known_equal(a[0], s[0])) return std::nullopt;
  const bool heads_first = known_equal(a[1], 1) && known_equal(a[2], s[2]);
  if (!heads_first && !(known_equal(a[2], 1) && known_equal(a[1], s[1]) && s[2].is_const())) return std::nullopt;
  AnglePlace p{!heads_first, shared, {}};
  if (!shared) p.table.push_back(s[0]);
  p.table.push_back(heads_first ? s[2] : s[1]);
  p.table.push_back(half);
  const Shape packed{s[0], s[1], s[2] * s[3]};
  if (p.heads_last && (!can_reshape(s, packed) || !can_reshape(packed, s))) return std::nullopt;
  return can_reshape(with_last(angles, half), p.table) ? std::optional(p) : std::nullopt;
}

bool same_place(const AnglePlace& a, const AnglePlace& b) {
  return a.heads_last == b.heads_last && a.shared == b.shared && same_shape(a.table, b.table);
}

/// RotaryEmbedding of x with the cosines and sines of half a head.
Value rotary(Graph& g, const Pairs& p, const AnglePlace& place, Value cosines, Value sines) {
  const Shape shape = g.type(p.x).shape;
  RotaryEmbedding op;
  op.interleaved = p.interleaved;
  op.heads = place.heads_last ? shape[2].value() : 0;
  const Value x = place.heads_last ? *reshape_to(g, p.x, {shape[0], shape[1], shape[2] * shape[3]}) : p.x;
  std::vector<Value> inputs{x, *reshape_to(g, cosines, place.table), *reshape_to(g, sines, place.table)};
  if (place.shared) inputs.push_back(constant_i64(g, {0}));
  return *reshape_to(g, g.add(std::move(op), std::move(inputs)), shape);
}

/// x * cosines + turned(x) * sines, where cosines and sines hold each angle twice.
struct Rotation {
  Pairs pairs;
  Value cosines, sines;
};

std::optional<Rotation> rotation(const Graph& g, Value root) {
  if (!is_binary(g, root, BinaryKind::add) || !is_float(g, root)) return std::nullopt;
  for (const int side : {0, 1}) {
    const Value plain = input(g, root, side), crossed = input(g, root, 1 - side);
    if (!is_binary(g, plain, BinaryKind::mul) || !is_binary(g, crossed, BinaryKind::mul)) return std::nullopt;
    if (!single_use(g, plain) || !single_use(g, crossed)) return std::nullopt;
    for (const int i : {0, 1})
      if (const auto found = quarter_turned(g, input(g, crossed, i)))
        for (const int k : {0, 1})
          if (input(g, plain, k) == found->x) return Rotation{*found, input(g, plain, 1 - k), input(g, crossed, 1 - i)};
  }
  return std::nullopt;
}

std::optional<Patch> rotary_of_turned(Graph& g, Value root, Near& near) {
  const auto r = rotation(g, root);
  if (!r) return std::nullopt;
  const auto [x, interleaved] = r->pairs;
  if (!same_type(g, x, root)) return near.miss("the angles broadcast the rotated tensor");
  if (!is_doubled(g, r->cosines, interleaved) || !is_doubled(g, r->sines, interleaved))
    return near.miss("the two elements of a pair are not known to have one angle");
  const int64_t half = *last_dim(g, x) / 2;
  const auto cosines = place_of(g, x, g.type(r->cosines).shape, half), sines = place_of(g, x, g.type(r->sines).shape, half);
  if (!cosines || !sines || !same_place(*cosines, *sines) || last_dim(g, r->cosines) != 2 * half || last_dim(g, r->sines) != 2 * half)
    return near.miss("the angles are not those of tokens, shared by all heads");
  const Value c = undoubled(g, r->cosines, interleaved), s = undoubled(g, r->sines, interleaved);
  return replace(root, rotary(g, r->pairs, *cosines, c, s));
}

/// The factor of `x` in a product that is read once.
Value factor_beside(const Graph& g, Value product, Value x) {
  if (!is_binary(g, product, BinaryKind::mul) || !single_use(g, product)) return {};
  for (const int side : {0, 1})
    if (input(g, product, side) == x) return input(g, product, 1 - side);
  return {};
}

/// Concat(a * c - b * s, b * c + a * s) of the halves a and b of x.
std::optional<Patch> rotary_of_halves(Graph& g, Value root, Near& near) {
  const auto both = joined_pair(g, root);
  if (!both || !is_float(g, root) || !is_binary(g, both->first, BinaryKind::sub) || !is_binary(g, both->second, BinaryKind::add)) return std::nullopt;
  if (!single_use(g, both->first) || !single_use(g, both->second)) return std::nullopt;
  const Value minuend = input(g, both->first), subtrahend = input(g, both->first, 1);
  if (!is_binary(g, minuend, BinaryKind::mul) || !is_binary(g, subtrahend, BinaryKind::mul)) return std::nullopt;
  for (const int i : {0, 1})
    for (const int k : {0, 1}) {
      const Value a = input(g, minuend, i), b = input(g, subtrahend, k), c = input(g, minuend, 1 - i), s = input(g, subtrahend, 1 - k);
      const auto found = pairs(g, a, b);
      if (!found || found->interleaved || !same_type(g, found->x, root)) continue;
      const bool fits = (factor_beside(g, input(g, both->second), b) == c && factor_beside(g, input(g, both->second, 1), a) == s) ||
                        (factor_beside(g, input(g, both->second), a) == s && factor_beside(g, input(g, both->second, 1), b) == c);
      const int64_t half = *last_dim(g, found->x) / 2;
      if (!fits || last_dim(g, c) != half || last_dim(g, s) != half) continue;
      const auto cosines = place_of(g, found->x, g.type(c).shape, half), sines = place_of(g, found->x, g.type(s).shape, half);
      if (!cosines || !sines || !same_place(*cosines, *sines)) return near.miss("the angles are not those of tokens, shared by all heads");
      return replace(root, rotary(g, *found, *cosines, c, s));
    }
  return std::nullopt;
}

/// Concat(RotaryEmbedding(first part of x), rest of x), the heads before the tokens.
std::optional<Patch> rotary_of_a_part(Graph& g, Value root, Near&) {
  const auto both = joined_pair(g, root);
  const auto* op = both ? is<RotaryEmbedding>(g, both->first) : nullptr;
  if (!op || op->heads != 0 || op->rotary != 0 || !single_use(g, both->first)) return std::nullopt;
  const auto first = part_of(g, input(g, both->first)), rest = part_of(g, both->second);
  if (!first || !rest || first->x != rest->x || first->step != 1 || rest->step != 1) return std::nullopt;
  if (first->begin != 0 || rest->begin != first->count || last_dim(g, first->x) != first->count + rest->count) return std::nullopt;
  RotaryEmbedding whole = *op;
  whole.rotary = first->count;
  auto inputs = g.node(both->first.node).inputs;
  inputs[0] = first->x;
  return replace(root, g.add(std::move(whole), std::move(inputs)));
}

constexpr Rewrite kRotaryRules[] = {
    {"x * cos + turned(x) * sin => RotaryEmbedding(x, cos, sin)", rotary_of_turned, true},
    {"Concat(a * cos - b * sin, b * cos + a * sin) => RotaryEmbedding(Concat(a, b), cos, sin)", rotary_of_halves, true},
    {"Concat(RotaryEmbedding(part of x), rest of x) => RotaryEmbedding(x)", rotary_of_a_part},
};

}  // namespace

Rewrites rotary_rules() { return kRotaryRules; }

}  // namespace tenon::core
