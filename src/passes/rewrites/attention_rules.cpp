#include "ops/attention.h"
#include "ops/matmul.h"
#include "ops/normalize.h"
#include "ops/shape.h"
#include "passes/fold.h"
#include "passes/match.h"
#include "passes/rewrites/families.h"
#include "passes/rewrites/numbers.h"
#include "passes/rewrites/shapes.h"

namespace tenon::core {
namespace {

/// scale * q @ k^T, perhaps with a mask; k is [B,G,T,D] or [B,G,D,T].
struct Scores {
  Value q, k, mask;
  bool k_transposed = false;  // k is [B,G,T,D]
  double scale = 1;
};

std::optional<Scores> as_product(const Graph& g, Value v) {
  const auto* product = is<MatMul>(g, v);
  if (!product || product->transpose_a || product->activation.present() || input(g, v, 3)) return std::nullopt;
  return Scores{input(g, v, 0), input(g, v, 1), input(g, v, 2), product->transpose_b, product->alpha};
}

/// Sums with a mask, products with a number, then the matrix product; each read once.
std::optional<Scores> as_scores(const Graph& g, Value v, int depth = 4) {
  if (depth == 0 || !single_use(g, v)) return std::nullopt;
  if (auto product = as_product(g, v)) return product;
  for (const BinaryKind kind : {BinaryKind::mul, BinaryKind::div}) {
    const auto found = with_number(g, v, kind);
    if (!found) continue;
    auto scores = as_scores(g, found->x, depth - 1);
    if (!scores || scores->mask) return std::nullopt;
    scores->scale = kind == BinaryKind::mul ? scores->scale * found->number : scores->scale / found->number;
    return scores;
  }
  if (!is_binary(g, v, BinaryKind::add)) return std::nullopt;
  for (const int side : {0, 1}) {
    const Value x = input(g, v, side);
    auto scores = same_shape(g, x, v) ? as_scores(g, x, depth - 1) : std::nullopt;
    if (!scores || scores->mask) continue;
    scores->mask = input(g, v, 1 - side);
    return scores;
  }
  return std::nullopt;
}

/// Scores [B*W,H,S,T] seen as [B,W,H,S,T], where a mask [1,W,1 or H,S,T] is added, and put back: the windows of an image.
struct Windows {
  Value scores, mask;
};

std::optional<Windows> as_windows(const Graph& g, Value v) {
  const Value sum = is<Reshape>(g, v) && single_use(g, v) ? input(g, v) : Value{};
  if (!is_binary(g, sum, BinaryKind::add) || !single_use(g, sum) || !ranked_tensor(g, sum)) return std::nullopt;
  for (const int side : {0, 1}) {
    const Value split = input(g, sum, side), mask = input(g, sum, 1 - side);
    if (!is<Reshape>(g, split) || !single_use(g, split) || !same_shape(g, split, sum)) continue;
    if (!same_shape(g, input(g, split), v) || g.type(sum).rank() != 5 || g.type(v).rank() != 4) continue;
    if (!ranked_tensor(g, mask) || g.type(mask).rank() != 5) continue;
    const Shape &whole = g.type(sum).shape, &joined = g.type(v).shape, &part = g.type(mask).shape;
    bool fits = known_equal(part[0], 1) && (known_equal(part[2], 1) || known_equal(part[2], whole[2]));
    for (const int axis : {1, 3, 4}) fits = fits && whole[axis].is_const() && known_equal(part[axis], whole[axis]);
    for (const int axis : {1, 2, 3}) fits = fits && joined[axis].is_const() && known_equal(joined[axis], whole[axis + 1]);
    if (fits) return Windows{input(g, split), mask};
  }
  return std::nullopt;
}

/// Where(keep, scores, low), or with the choices exchanged: the same as adding Where(keep, 0, low) to the scores.
struct Hiding {
  Value scores, keep;
  double low;
  bool exchanged;
};

std::optional<Hiding> as_hiding(const Graph& g, Value v) {
  if (!is<Where>(g, v) || !single_use(g, v)) return std::nullopt;
  for (const bool exchanged : {false, true}) {
    const auto low = uniform(g, input(g, v, exchanged ? 1 : 2));
    const Value scores = input(g, v, exchanged ? 2 : 1);
    if (low && *low <= -1e4 && same_shape(g, scores, v)) return Hiding{scores, input(g, v), *low, exchanged};
  }
  return std::nullopt;
}

Value as_mask(Graph& g, const Hiding& h) {
  const Value zero = number_like(g, h.scores, 0), low = number_like(g, h.scores, h.low);
  return g.add(Where{}, {h.keep, h.exchanged ? low : zero, h.exchanged ? zero : low});
}

bool is_rank(const Graph& g, Value v, int low, int high) {
  return ranked_tensor(g, v) && g.type(v).rank() >= low && g.type(v).rank() <= high;
}

/// Why `v` cannot be an operand of Attention; the batch and head axes of queries, keys and values are the same.
std::optional<std::string> operand_problem(const Graph& g, Value v, Value scores) {
  const int rank = g.type(scores).rank();
  if (!is_rank(g, v, rank, rank)) return "an operand has another rank than the scores";
  for (int axis = 0; axis < rank - 2; ++axis)
    if (!known_equal(g.type(v).shape[axis], g.type(scores).shape[axis]))
      return "queries, keys and values differ in batch or heads";
  return std::nullopt;
}

/// Attention reads a mask whose last axis is shorter as hidden there, so that one must not broadcast.
bool mask_fits(const Graph& g, Value mask, Value scores) {
  return is_rank(g, mask, 1, g.type(scores).rank()) &&
         known_equal(g.type(mask).shape.back(), g.type(scores).shape.back());
}

/// [1,B,S,D] from [B,S,D].
Value with_heads(Graph& g, Value v) {
  if (g.type(v).rank() == 4) return v;
  return g.add(Unsqueeze{}, {v, constant_i64(g, {0})});
}

Value build(Graph& g, const Scores& s, Value mask, Value v) {
  Value k = s.k;
  if (!s.k_transposed)
    k = transpose(g, k, g.type(k).rank() == 3 ? std::vector<int64_t>{0, 2, 1} : std::vector<int64_t>{0, 1, 3, 2});
  Attention op;
  op.scale = s.scale;
  std::vector<Value> inputs{with_heads(g, s.q), with_heads(g, k), with_heads(g, v)};
  if (mask) inputs.push_back(mask);
  const Value y = g.add(std::move(op), std::move(inputs));
  return g.type(v).rank() == 4 ? y : g.add(Squeeze{}, {y, constant_i64(g, {0})});
}

bool is_plain(const Graph& g, Value product) {
  const auto* op = is<MatMul>(g, product);
  return !op->transpose_a && !op->transpose_b && op->alpha == 1 && !op->activation.present() &&
         input_count(g, product) == 2;
}

std::optional<Patch> attention(Graph& g, Value root, Near& near) {
  const Value p = is<MatMul>(g, root) ? input(g, root) : Value{};
  const auto* softmax = is<Softmax>(g, p);
  if (!softmax || softmax->log || !is_rank(g, p, 3, 4) || !is_float(g, root)) return std::nullopt;
  if (softmax->axis != -1 && softmax->axis != g.type(p).rank() - 1) return std::nullopt;
  const Value before = input(g, p), v = input(g, root, 1);
  const auto hiding = as_hiding(g, before);
  const auto scores = as_scores(g, hiding ? hiding->scores : before);
  if (!scores || (hiding && scores->mask)) return std::nullopt;
  if (!single_use(g, p)) return near.miss("the probabilities are used elsewhere");
  if (!is_plain(g, root)) return near.miss("the product with the values has more to it");
  if (scores->scale == 0) return std::nullopt;
  for (const Value operand : {scores->q, scores->k, v})
    if (const auto problem = operand_problem(g, operand, p)) return near.miss(*problem);
  const Value limit = hiding ? hiding->keep : scores->mask;
  if (limit && !mask_fits(g, limit, p)) return near.miss("the mask broadcasts over the keys");
  const Value mask = hiding ? as_mask(g, *hiding) : scores->mask;
  return replace(root, build(g, *scores, mask, v));
}

/// [B*W,H,S,D] with the windows as heads: [B,W*H,S,D].
Shape windows_as_heads(const Graph& g, Value x, const Dim& windows) {
  const Shape& s = g.type(x).shape;
  return {floordiv(s[0], windows), windows * s[1], s[2], s[3]};
}

/// [1,W*H,S,T] from the windows' mask [1,W,1 or H,S,T] and one [1,H,S,T] that all of them share, or none.
Value mask_of_heads(Graph& g, Value mask, Value shared, const Dim& heads) {
  Shape s = g.type(mask).shape;
  s[2] = heads;
  if (shared) mask = g.add(Binary(BinaryKind::add), {mask, shared});
  const Dims full{1, s[1].value(), heads.value(), s[3].value(), s[4].value()};
  mask = g.add(Expand{}, {mask, constant_i64(g, full)});
  return *reshape_to(g, mask, {1, s[1] * heads, s[3], s[4]});
}

std::optional<Patch> window_attention(Graph& g, Value root, Near& near) {
  const Value p = is<MatMul>(g, root) ? input(g, root) : Value{};
  const auto* softmax = is<Softmax>(g, p);
  if (!softmax || softmax->log || !is_rank(g, p, 4, 4) || !is_float(g, root)) return std::nullopt;
  if (softmax->axis != -1 && softmax->axis != 3) return std::nullopt;
  const auto windows = as_windows(g, input(g, p));
  auto scores = windows ? as_scores(g, windows->scores) : std::nullopt;
  if (!scores || scores->scale == 0) return std::nullopt;
  if (!single_use(g, p)) return near.miss("the probabilities are used elsewhere");
  if (!is_plain(g, root)) return near.miss("the product with the values has more to it");
  if (scores->mask && (!is_rank(g, scores->mask, 1, 4) || (is_rank(g, scores->mask, 4, 4) && !known_equal(g.type(scores->mask).shape[0], 1))))
    return near.miss("the mask inside the windows differs between them");
  const Dim count = g.type(windows->mask).shape[1];
  Value v = input(g, root, 1);
  for (const Value operand : {scores->q, scores->k, v}) {
    if (const auto problem = operand_problem(g, operand, p)) return near.miss(*problem);
    if (!can_reshape_to(g, operand, windows_as_heads(g, operand, count))) return near.miss("an operand's dims are open");
  }
  const Value mask = mask_of_heads(g, windows->mask, scores->mask, g.type(p).shape[1]);
  for (Value* operand : {&scores->q, &scores->k, &v}) *operand = *reshape_to(g, *operand, windows_as_heads(g, *operand, count));
  const auto y = reshape_to(g, build(g, *scores, mask, v), g.type(root).shape);
  return y ? std::optional(replace(root, *y)) : std::nullopt;
}

std::optional<Patch> mask_expanded(Graph& g, Value root, Near&) {
  const auto* attention = is<Attention>(g, root);
  const Value mask = attention ? input(g, root, 3) : Value{};
  if (!is<Expand>(g, mask) || g.node(root.node).outputs.size() > 1) return std::nullopt;
  const Value small = input(g, mask);
  if (!mask_fits(g, small, mask)) return std::nullopt;
  auto inputs = g.node(root.node).inputs;
  inputs[3] = small;
  return replace(root, g.add(Attention(*attention), std::move(inputs)));
}

/// The number that `v` was multiplied by behind reshapes and transposes, all read once.
std::optional<WithNumber> scaled(const Graph& g, Value v) {
  for (int steps = 0; steps < 8 && v && single_use(g, v); ++steps) {
    if (const auto found = with_number(g, v, BinaryKind::mul)) return found;
    if (!is<Reshape>(g, v) && !is<Transpose>(g, v) && !is<Unsqueeze>(g, v)) return std::nullopt;
    v = input(g, v);
  }
  return std::nullopt;
}

/// The reshapes and transposes of `v` on `x` in place of the product behind them.
Value unscaled(Graph& g, Value v, Value x) {
  if (with_number(g, v, BinaryKind::mul)) return x;
  const Value before = unscaled(g, input(g, v), x);
  auto inputs = g.node(v.node).inputs;
  inputs[0] = before;
  return g.add(g.node(v.node).op, std::move(inputs));
}

std::optional<Patch> scale_into_attention(Graph& g, Value root, Near&) {
  const auto* attention = is<Attention>(g, root);
  if (!attention || attention->scale == 0 || attention->softcap > 0 || g.node(root.node).outputs.size() > 1) return std::nullopt;
  for (const int side : {0, 1}) {
    const Value operand = input(g, root, side);
    const auto found = scaled(g, operand);
    if (!found || found->number == 0) continue;
    Attention op = *attention;
    op.scale *= found->number;
    auto inputs = g.node(root.node).inputs;
    inputs[side] = unscaled(g, operand, found->x);
    return replace(root, g.add(std::move(op), std::move(inputs)));
  }
  return std::nullopt;
}

/// A constant mask that hides the keys behind each query and shows all others.
bool is_causal(const Graph& g, Value mask, const Dim& queries, const Dim& keys) {
  const ConstRef c = g.constant(mask);
  const bool shows = c && c->type().dtype == DType::boolean;
  if (!c || is_refittable(c) || (!shows && !is_float(g, mask)) || c->dims().size() < 2) return false;
  const int64_t rows = c->dims()[c->dims().size() - 2], columns = c->dims().back();
  if (rows < 2 || columns < 1 || !known_equal(queries, rows) || (rows > columns && !known_equal(keys, columns))) return false;
  constexpr double kHides = -6e4;  // leaves no probability
  const std::vector<double> values = to_doubles(c->value());
  for (size_t i = 0; i < values.size(); ++i) {
    const int64_t column = static_cast<int64_t>(i) % columns, row = static_cast<int64_t>(i) / columns % rows;
    const bool visible = shows ? values[i] != 0 : values[i] == 0, hidden = shows ? values[i] == 0 : values[i] <= kHides;
    if (column <= row ? !visible : !hidden) return false;
  }
  return !values.empty();
}

std::optional<Patch> causal_mask(Graph& g, Value root, Near&) {
  const auto* attention = is<Attention>(g, root);
  if (!attention || attention->causal || input(g, root, 5) || g.node(root.node).outputs.size() > 1) return std::nullopt;
  const Value mask = input(g, root, 3);
  if (!mask || !is_causal(g, mask, g.type(input(g, root)).shape[2], g.type(input(g, root, 1)).shape[2])) return std::nullopt;
  Attention op = *attention;
  op.causal = true;
  auto inputs = g.node(root.node).inputs;
  inputs[3] = {};
  while (!inputs.back()) inputs.pop_back();
  return replace(root, g.add(std::move(op), std::move(inputs)));
}

constexpr Rewrite kAttentionRules[] = {
    {"Attention(q, k, v, constant causal mask) => Attention{causal}(q, k, v)", causal_mask, false, true},
    {"Attention(q * number, k, v) => Attention{scale}(q, k, v)", scale_into_attention, true},
    spelling("Attention(q, k, v, Expand(mask)) => Attention(q, k, v, mask)", mask_expanded),
    {"softmax(scale * q @ k^T + mask) @ v => Attention(q, k, v, mask)", attention, true, true},
    {"softmax(scale * q @ k^T + mask of each window) @ v => Attention, windows as heads", window_attention, true, true},
};

}  // namespace

Rewrites attention_rules() { return kAttentionRules; }

}  // namespace tenon::core
