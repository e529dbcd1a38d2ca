#pragma once
#include <array>

#include "ir/graph.h"

#include "ops/attention.h"

namespace tenon::core {

/// Elements of a tensor in its memory, seen under dims of their own. Counted in elements.
struct StridedView {
  int64_t offset = 0;
  Dims dims, strides;
};
/// `v` as a view of the tensor `root` that reshapes, transposes, splits and picks; nothing where it is none. Open dims of `root` stand as
/// large numbers.
std::optional<StridedView> view_of(const Graph&, Value v, Value root);
/// What `v` is a view of, itself where it is none.
Value viewed(const Graph&, Value v);

/// Attention whose queries, keys and values are views of one tensor, as the body of a Fused node.
struct PackedAttention {
  const Attention* op = nullptr;
  int packed = -1;                // input of the node
  std::array<Value, 3> operands;  // of the body: queries, keys, values, [B,H,S,D]
  std::array<int, 7> inputs;      // of the node, for each input of Attention from the mask on; -1: left out
};
std::optional<PackedAttention> packed_attention(const Graph& body);
/// The operands as views of the packed tensor where that has these dims; an empty one, or one whose open dims are more than symbols, has none.
std::optional<std::array<StridedView, 3>> views_at(const Graph& body, const PackedAttention&, const Dims& packed);

}  // namespace tenon::core
