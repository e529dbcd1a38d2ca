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
/// `v` as a view of the tensor `root` that reshapes, transposes, splits and picks; nothing where it is none, or dims are open.
std::optional<StridedView> view_of(const Graph&, Value v, Value root);
/// What `v` is a view of, itself where it is none.
Value viewed(const Graph&, Value v);

/// Attention whose queries, keys and values are views of one tensor, as the body of a Fused node.
struct PackedAttention {
  const Attention* op = nullptr;
  int packed = -1;                 // input of the node
  std::array<StridedView, 3> views;  // queries, keys, values: [B,H,S,D]
  std::array<int, 7> inputs;       // of the node, for each input of Attention from the mask on; -1: left out
};
std::optional<PackedAttention> packed_attention(const Graph& body);

}  // namespace tenon::core
