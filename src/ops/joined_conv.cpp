#include "ops/joined_conv.h"

#include "ops/point_conv.h"
#include "ops/pointwise.h"
#include "ops/shape.h"

namespace tenon::core {
namespace {

template <class T>
const T* as(const Graph& g, Value v) {
  return v && v.output == 0 ? g.node(v.node).as<T>() : nullptr;
}

/// The inputs of the node of `v` when it is a Binary of this kind.
std::optional<std::pair<Value, Value>> operands(const Graph& g, Value v, BinaryKind kind) {
  const Binary* op = as<Binary>(g, v);
  if (!op || op->kind != kind) return {};
  return std::pair{g.node(v.node).inputs[0], g.node(v.node).inputs[1]};
}

}  // namespace

std::optional<JoinedConv> joined_conv(const Graph& body) {
  if (body.outputs().size() != 1 || body.outputs()[0].output != 0) return {};
  const Value y = body.outputs()[0];
  if (!is_point_conv(body, y.node)) return {};
  const auto& conv = body.node(y.node).inputs;
  const Unary* relu = as<Unary>(body, conv[0]);
  if (!relu || relu->kind != UnaryKind::relu) return {};
  const auto sum = operands(body, body.node(conv[0].node).inputs[0], BinaryKind::add);
  const auto product = sum ? operands(body, sum->first, BinaryKind::mul) : std::nullopt;
  const Concat* concat = product ? as<Concat>(body, product->first) : nullptr;
  if (!concat || concat->axis != 1) return {};
  const auto& parts = body.node(product->first.node).inputs;
  for (size_t i = 0; i < parts.size(); ++i)
    if (place_of_input(body, parts[i]) != static_cast<int>(i)) return {};
  JoinedConv joined{static_cast<int>(parts.size()), place_of_input(body, product->second), place_of_input(body, sum->second), place_of_input(body, conv[1]), -1,
                    body.node(y.node).as<Conv>()->activation};
  const bool biased = conv.size() > 2 && conv[2];
  if (biased) joined.bias = place_of_input(body, conv[2]);
  const bool known = joined.scale >= 0 && joined.shift >= 0 && joined.weights >= 0 && (!biased || joined.bias >= 0);
  return known ? std::optional(joined) : std::nullopt;
}

}  // namespace tenon::core
