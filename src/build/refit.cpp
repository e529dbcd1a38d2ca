#include "build/refit.h"

#include <algorithm>

#include "passes/fold.h"

namespace tenon::core {

void make_refittable(Graph& g) {
  for (NodeId id : g.order()) {
    const auto* constant = g.node(id).as<ConstantOp>();
    if (!constant || constant->value->is_expression() || constant->value->name().empty() || !is_float(constant->value->dtype())) continue;
    const Value fresh = g.add_constant(refittable_constant(constant->value->value(), constant->value->name()));
    g.apply({{{Value{id, 0}, fresh}}});
  }
}

bool has_refittable_weights(const Graph& g) {
  const auto order = g.order();
  return std::any_of(order.begin(), order.end(), [&](NodeId id) {
    const auto* constant = g.node(id).as<ConstantOp>();
    return constant && is_refittable(constant->value);
  });
}

}  // namespace tenon::core
