#include "tactics/cuda/attention_node.h"

#include <algorithm>

#include "ops/fused.h"

namespace tenon::core::cuda {

std::optional<AttentionNode> AttentionNode::of(const Problem& p, std::string& why) {
  AttentionNode result;
  result.inputs.fill(-1);
  result.op = p.node().as<Attention>();
  if (result.op) {
    for (int i = 0; i < std::min(p.inputs(), 7); ++i)
      if (p.input(i).present()) result.inputs[static_cast<size_t>(i)] = i;
    return result;
  }
  const Fused* fused = p.node().as<Fused>();
  const auto packed = fused ? packed_attention(*fused->body) : std::nullopt;
  if (!packed) {
    why = "not an attention";
    return {};
  }
  result.op = packed->op;
  result.body = fused->body.get();
  result.packed = *packed;
  result.inputs = packed->inputs;
  for (const AttentionInput i : {kQuery, kKey, kValue}) result.inputs[i] = packed->packed;
  return result;
}

std::optional<AttentionNode> AttentionNode::of(const PrepareContext& cx, std::string& why) {
  auto node = of(cx.problem, why);
  if (!node || !node->body) return node;
  node->views = views_at(*node->body, node->packed, cx.shapes.in[static_cast<size_t>(node->packed.packed)]);
  if (node->views) return node;
  why = "queries, keys and values of these dims are no views of their tensor";
  return {};
}

Shape AttentionNode::shape(const Problem& p, AttentionInput i) const {
  return body ? body->type(packed.operands[i]).shape : p.input(inputs[i]).shape();
}

Dims AttentionNode::dims(const NodeShapes& shapes, AttentionInput i) const {
  return views ? (*views)[i].dims : shapes.in[static_cast<size_t>(inputs[i])];
}

Dims AttentionNode::strides(const PrepareContext& cx, AttentionInput i) const {
  return views ? (*views)[i].strides : strides_of(cx.offer.in[static_cast<size_t>(inputs[i])].layout, dims(cx.shapes, i));
}

std::vector<Offer> in_attention_layouts(const AttentionNode& node, const Offer& offer, DType storage, bool mixed) {
  std::vector<Offer> result;
  for (const Layout& rows : {heads_inside(), Layout{}, rows_outside()})
    for (const Layout& keys : {heads_inside(), Layout{}}) {
      if (node.body ? !keys.row_major() : rows == rows_outside() || (!mixed && !(keys == rows))) continue;
      Offer next = offer;
      next.out[0].layout = rows;
      next.out[0].storage = storage;
      for (const AttentionInput i : {kQuery, kKey, kValue}) {
        Format& format = next.in[static_cast<size_t>(node.inputs[i])];
        format.layout = node.body ? Layout{} : i == kQuery ? rows : keys;
        format.storage = storage;
      }
      result.push_back(std::move(next));
    }
  return result;
}

}  // namespace tenon::core::cuda
