#include "passes/pack_attention.h"

#include <algorithm>
#include <map>

#include "ops/fused.h"
#include "ops/packed_attention.h"
#include "passes/match.h"

namespace tenon::core {
namespace {

constexpr std::string_view kPackingEquation = "Attention(views of x) => Fused";
constexpr int64_t kMostDepth = 256;

bool only_symbols(const Shape& shape) {
  return std::all_of(shape.begin(), shape.end(), [](const Dim& d) { return d.is_const() || d.as_symbol(); });
}

/// Copies what leads from `x` to a value.
class Copier {
 public:
  Copier(const Graph& from, Graph& to, Value x) : from_(from), to_(to), x_(x), input_(to.add_input("x0", from.type(x))) {}
  Value copy(Value v) {
    if (v == x_) return input_;
    auto& made = nodes_[v.node];
    if (const ConstRef c = from_.constant(v)) {
      if (!made) made = to_.add_constant(c);
      return made;
    }
    if (!made) {
      std::vector<Value> inputs;
      for (Value in : from_.node(v.node).inputs) inputs.push_back(in ? copy(in) : Value{});
      made = to_.add(from_.node(v.node).op, std::move(inputs));
    }
    return Graph::output(made, v.output);
  }

 private:
  const Graph& from_;
  Graph& to_;
  Value x_, input_;
  std::map<NodeId, Value> nodes_;
};

Patch packed(Graph& g, NodeId id, Value x) {
  Graph body;
  body.name = "fused";
  std::vector<Value> outer{x}, inputs;
  Copier copier(g, body, x);
  const std::vector<Value> given = g.node(id).inputs;
  for (size_t i = 0; i < given.size(); ++i) {
    if (i < 3) {
      inputs.push_back(copier.copy(given[i]));
    } else if (!given[i]) {
      inputs.emplace_back();
    } else {
      inputs.push_back(body.add_input("x" + std::to_string(outer.size()), g.type(given[i])));
      outer.push_back(given[i]);
    }
  }
  body.add_output("y0", body.add(g.node(id).op, std::move(inputs)));
  Fused op;
  op.body = std::make_shared<const Graph>(std::move(body));
  return {{{Value{id, 0}, g.add(std::move(op), outer)}}};
}

/// The tensor that queries, keys and values are views of.
std::optional<Value> packed_operand(const Graph& g, NodeId id) {
  const Node& node = g.node(id);
  const Attention* op = node.as<Attention>();
  if (!op || node.outputs.size() != 1 || op->probe != AttentionProbe::none) return std::nullopt;
  for (Value v : node.inputs)
    if (v && !ranked_tensor(g, v)) return std::nullopt;
  const Value x = viewed(g, node.inputs[0]);
  const DType dtype = g.type(x).dtype;
  if (x == node.inputs[0] || !only_symbols(g.type(x).shape) || g.constant(x) || (dtype != DType::f32 && dtype != DType::f16 && dtype != DType::bf16)) return std::nullopt;
  if (node.inputs.size() > 3 && node.inputs[3] && g.type(node.inputs[3]).dtype != DType::boolean && !is_float(g, node.inputs[3]))
    return std::nullopt;
  for (int i = 0; i < 3; ++i) {
    const auto view = viewed(g, node.inputs[i]) == x ? view_of(g, node.inputs[i], x) : std::nullopt;
    if (!view || view->dims.size() != 4 || view->dims[3] > kMostDepth || (view->strides[3] != 1 && view->dims[3] != 1)) return std::nullopt;
  }
  return x;
}

}  // namespace

bool feed_one_attention(const Graph& g, std::vector<Value> values) {
  std::sort(values.begin(), values.end());
  for (Value v : values)
    if (!single_use(g, v)) return false;
  for (NodeId id : g.order()) {
    if (!g.node(id).as<Attention>()) continue;
    std::vector<Value> roots;
    for (int i = 0; i < 3; ++i) {
      const Value operand = g.node(id).inputs[i];
      roots.push_back(viewed(g, operand));
      if (!view_of(g, operand, roots.back())) return false;
    }
    std::sort(roots.begin(), roots.end());
    roots.erase(std::unique(roots.begin(), roots.end()), roots.end());
    if (roots == values) return true;
  }
  return false;
}

void pack_attention(Graph& g, PassContext& context) {
  if (!context.options().fuse_gates) return;
  for (NodeId id : g.order()) {
    if (!g.alive(id) || !context.may_change()) continue;
    if (const auto x = packed_operand(g, id)) context.apply(g, packed(g, id, *x), kPackingEquation);
  }
}

}  // namespace tenon::core
