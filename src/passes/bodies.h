#pragma once
#include "ops/control.h"

namespace tenon::core {

/// Where the captured values of a body are: body input `body_first + i` is node input `node_first + i`.
struct Captures {
  GraphRef body;
  int body_first = 0, node_first = 0, count = 0;
};
/// One entry per body of an If, Loop, Scan, BatchedScan or SequenceMap; empty for other nodes.
std::vector<Captures> captures_of(const Node&);

/// Copies the nodes of `body` into `g`, with `inputs` in the place of its inputs; gives its outputs. Origins become
/// origins of `g`; `names` says whether tensor names come along.
std::vector<Value> inline_body(Graph& g, const Graph& body, const std::vector<Value>& inputs, bool names);

/// `body` with constants in the place of the captured inputs that are not null.
Graph with_constants(const Graph& body, const std::vector<ConstRef>& constants);

/// A new node like `id` with other bodies and captured values, one list per body, and a patch to it.
Patch replace_bodies(Graph& g, NodeId id, const std::vector<GraphRef>& bodies,
                     const std::vector<std::vector<Value>>& captured);

/// `values` for the outputs of `id` that are read. A graph output does not become a graph input: an Identity stays
/// between.
Patch replace_outputs(Graph& g, NodeId id, const std::vector<Value>& values);

}  // namespace tenon::core
