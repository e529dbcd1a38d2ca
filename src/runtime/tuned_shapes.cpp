#include "runtime/tuned_shapes.h"

#include "base/error.h"
#include "ir/dim.h"
#include "runtime/check_shapes.h"

namespace tenon::core {

std::optional<NodeShapes> tuned_shapes(const Graph& g, NodeId id, const Bindings& tuned) {
  NodeShapes shapes;
  try {
    for (Value v : g.node(id).inputs) shapes.in.push_back(v && !g.type(v).boxed() ? evaluate(g.type(v).shape, tuned) : Dims{});
    for (const Fact& f : g.node(id).outputs) shapes.out.push_back(f.type.boxed() ? Dims{} : evaluate(f.type.shape, tuned));
    check_shapes(g, id, shapes);
  } catch (const Error&) {
    return std::nullopt;
  }
  return shapes;
}

}  // namespace tenon::core
