#include "runtime/check_shapes.h"

#include "ir/concrete_infer.h"
#include "ir/subgraphs.h"
#include "ops/fused.h"

namespace tenon::core {
namespace {

bool has_dims(const Type& type) { return type.is_tensor() && type.ranked && !type.boxed(); }

}  // namespace

void check_shapes(const Graph& g, NodeId id, const NodeShapes& shapes) {
  const Node& n = g.node(id);
  // A branch that these dims contradict may be one that is never taken: control flow is checked as it runs.
  if (!subgraphs(*n.op).empty() && !n.as<Fused>()) return;
  std::vector<Fact> facts;
  for (size_t i = 0; i < n.inputs.size(); ++i) {
    Fact fact = g.fact(n.inputs[i]);
    if (has_dims(fact.type) && fact.type.shape.size() != shapes.in[i].size()) return;  // a box whose dims are not known yet
    if (has_dims(fact.type) && !fact.constant) fact.type.shape.assign(shapes.in[i].begin(), shapes.in[i].end());
    facts.push_back(std::move(fact));
  }
  ConcreteInfer context(facts);
  const auto found = n.op->infer(context);
  for (size_t i = 0; i < found.size(); ++i) {
    if (!has_dims(found[i].type) || found[i].type.shape.size() != shapes.out[i].size()) continue;
    for (size_t axis = 0; axis < shapes.out[i].size(); ++axis)
      if (equal(found[i].type.shape[axis], shapes.out[i][axis]) == Tri::no)
        fail(ErrorCode::shape_mismatch, "output {} would have the shape {}, {} was expected: these input dims do not go together", i,
             to_string(found[i].type.shape), dims_to_string(shapes.out[i]));
  }
}

}  // namespace tenon::core
