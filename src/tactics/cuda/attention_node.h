#pragma once
#include "ops/packed_attention.h"
#include "tactics/tactic.h"

namespace tenon::core::cuda {

enum AttentionInput { kQuery, kKey, kValue, kMask, kLengths, kOffset, kSink };

/// The attention that a node computes: an Attention, or a Fused node whose queries, keys and values are views of one tensor.
struct AttentionNode {
  const Attention* op = nullptr;
  std::array<int, 7> inputs;  // of the node, by AttentionInput; -1: left out
  const Graph* body = nullptr;  // of the Fused node
  PackedAttention packed;       // in it
  std::optional<std::array<StridedView, 3>> views;  // in it, at the shapes that a kernel is prepared for

  /// Nothing, with a sentence, for other nodes.
  static std::optional<AttentionNode> of(const Problem&, std::string& why);
  /// The same, with the views at its shapes.
  static std::optional<AttentionNode> of(const PrepareContext&, std::string& why);
  const Fact& fact(const Problem& p, AttentionInput i) const { return inputs[i] < 0 ? p.graph.fact(Value{}) : p.input(inputs[i]); }
  /// Of queries, keys or values.
  Shape shape(const Problem& p, AttentionInput i) const;
  Dims dims(const NodeShapes&, AttentionInput i) const;
  /// Elements between neighbours along each axis.
  Dims strides(const PrepareContext&, AttentionInput i) const;
  /// Elements in front of the first.
  int64_t offset(AttentionInput i) const { return views && i <= kValue ? (*views)[i].offset : 0; }
};

/// Memory orders of [batch, heads, rows, columns]: [batch, rows, heads, columns], which a projection writes before its heads are
/// split off, and the same with the rows outermost.
inline Layout heads_inside() { return Layout{{0, 2, 1, 3}}; }
inline Layout rows_outside() { return Layout{{2, 0, 1, 3}}; }

/// A copy of `offer` for each memory order of the result that is worth having; queries have the order of the result, keys and values
/// that or, where `mixed`, another.
std::vector<Offer> in_attention_layouts(const AttentionNode&, const Offer& offer, DType storage, bool mixed);

}  // namespace tenon::core::cuda
