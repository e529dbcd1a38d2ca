#include <algorithm>

#include "ops/index.h"
#include "ops/matmul.h"
#include "ops/shape.h"
#include "passes/fold.h"
#include "passes/match.h"
#include "passes/rewrites/families.h"
#include "passes/rewrites/numbers.h"
#include "passes/rewrites/shapes.h"

namespace tenon::core {
namespace {

constexpr int64_t kMaxTableBytes = 4 << 20;

/// The indices [..., 1] when v is Cast(indices == 0, 1, ..., count - 1 along the last axis).
std::optional<Value> as_one_hot(const Graph& g, Value v, int64_t count) {
  const Value equal = is<Cast>(g, v) ? input(g, v) : Value{};
  if (!is_binary(g, equal, BinaryKind::equal)) return std::nullopt;
  for (const int side : {0, 1}) {
    const Value indices = input(g, equal, side), classes = input(g, equal, 1 - side);
    const ConstRef c = g.constant(classes);
    if (!c || !is_integer(c->dtype()) || !ranked_tensor(g, indices) || checked_product(c->dims()) != count) continue;
    const Shape& shape = g.type(indices).shape;
    if (c->dims().empty() || c->dims().back() != count || c->dims().size() > shape.size()) continue;
    if (shape.empty() || !known_equal(shape.back(), 1)) continue;
    const auto values = to_int64s(c->value());
    bool counts_up = true;
    for (int64_t i = 0; i < count; ++i) counts_up &= values[i] == i;
    if (counts_up) return indices;
  }
  return std::nullopt;
}

/// An index outside the table selects nothing: the row of zeros behind it.
std::optional<Patch> one_hot_product(Graph& g, Value root, Near&) {
  const auto* product = is<MatMul>(g, root);
  if (!product || input_count(g, root) != 2 || product->transpose_a || product->transpose_b ||
      product->activation.present())
    return std::nullopt;
  const ConstRef table = g.constant(input(g, root, 1));
  if (!table || product->alpha != 1 || table->dims().size() != 2 || table->byte_size() > kMaxTableBytes)
    return std::nullopt;
  const int64_t rows = table->dims()[0];
  const auto found = as_one_hot(g, input(g, root), rows);
  if (!found) return std::nullopt;
  Shape shape = g.type(*found).shape;
  shape.pop_back();
  const auto indices = reshape_to(g, *found, shape);
  if (!indices) return std::nullopt;
  const Value zero = number_like(g, *indices, 0), end = number_like(g, *indices, static_cast<double>(rows));
  const Value below = g.add(Binary(BinaryKind::less), {*indices, zero});
  const Value above = g.add(Binary(BinaryKind::greater_equal), {*indices, end});
  const Value outside = g.add(Binary(BinaryKind::logical_or), {below, above});
  const Value zeros = g.add_constant(Tensor(table->dtype(), {1, table->dims()[1]}));
  const Value longer = fold(g, Concat{}, {input(g, root, 1), zeros});
  return replace(root, g.add(Gather{}, {longer, g.add(Where{}, {outside, end, *indices})}));
}

/// A number, or a constant over the last axis of rows [row].
bool applies_to_rows(const Graph& g, Value v, int64_t row) {
  const ConstRef c = g.constant(v);
  if (!c) return !v;
  const int64_t size = checked_product(c->dims());
  return size == 1 || (size == row && c->dims().back() == row);
}

/// Rows are changed before they are looked up, once.
std::optional<Patch> pointwise_of_gather(Graph& g, Value root, Near&) {
  if (!is<Unary>(g, root) && !is<Binary>(g, root) && !is<Clip>(g, root) && !is<Cast>(g, root)) return std::nullopt;
  auto inputs = g.node(root.node).inputs;
  const auto at = std::find_if(inputs.begin(), inputs.end(), [&](Value v) { return is<Gather>(g, v); });
  if (at == inputs.end() || !single_use(g, *at) || !same_shape(g, *at, root)) return std::nullopt;
  const Value looked_up = *at;
  const Gather gather = *is<Gather>(g, looked_up);
  const ConstRef table = g.constant(input(g, looked_up));
  if (!table || gather.axis != 0 || table->dims().size() != 2 || table->byte_size() > kMaxTableBytes)
    return std::nullopt;
  for (Value& v : inputs) {
    if (v == looked_up)
      v = input(g, looked_up);
    else if (!applies_to_rows(g, v, table->dims()[1]))
      return std::nullopt;
    else if (v)
      v = fold_reshape(g, v, g.type(v).rank() == 0 ? Dims{} : Dims{checked_product(g.constant(v)->dims())});
  }
  const Value changed = fold(g, g.node(root.node).op, inputs);
  return replace(root, g.add(Gather(gather), {changed, input(g, looked_up, 1)}));
}

constexpr Rewrite kGatherRules[] = {
    {"OneHot(i) @ table => Gather(table, i)", one_hot_product, false, true},
    {"pointwise(Gather(constant, i)) => Gather(pointwise(constant), i)", pointwise_of_gather},
};

}  // namespace

Rewrites gather_rules() { return kGatherRules; }

}  // namespace tenon::core
