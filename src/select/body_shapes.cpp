#include "select/body_shapes.h"

#include "ir/subgraphs.h"
#include "ops/control.h"
#include "ops/infer_util.h"

namespace tenon::core {
namespace {

void bind_dims(const Type& type, const Dims& dims, Bindings& bindings) {
  if (type.boxed() || type.rank() != static_cast<int>(dims.size())) return;
  for (size_t i = 0; i < dims.size(); ++i)
    if (const auto symbol = type.shape[i].as_symbol()) bindings.emplace(*symbol, dims[i]);
}

/// The node's input that is input 0 of the body: the rest follows one by one.
size_t first_input(const Node& node, size_t body) {
  const auto* op = node.as<If>();
  if (!op) return 0;
  return body == 0 ? 1 : 1 + op->then_branch->inputs().size();
}

}  // namespace

Bindings body_bindings(const Node& node, size_t body, const NodeShapes& shapes) {
  const GraphRef graph = subgraphs(*node.op)[body];
  const size_t first = first_input(node, body);
  const auto* scan = node.as<Scan>();
  Bindings bindings;
  for (size_t i = node.as<Loop>() ? 2 : 0; i < graph->inputs().size(); ++i) {
    Dims dims = shapes.in[first + i];
    const int64_t sequence = static_cast<int64_t>(i) - (scan ? scan->states : 0);
    if (scan && sequence >= 0 && sequence < scan->sequences && !dims.empty()) {
      const auto& axes = scan->input_axes;
      const int64_t axis = static_cast<size_t>(sequence) < axes.size() ? axes[sequence] : 0;
      dims.erase(dims.begin() + resolve_axis(axis, static_cast<int64_t>(dims.size())));
    }
    bind_dims(graph->type(graph->inputs()[i]), dims, bindings);
  }
  return bindings;
}

}  // namespace tenon::core
