#pragma once
#include <map>
#include <string>
#include <vector>

#include "ir/graph.h"
#include "plan/format.h"

namespace tenon::core {

using Config = std::map<std::string, int64_t>;

/// How the outputs of a step may use the memory of its inputs.
enum class Share {
  none,
  in_place,  // the first may overwrite input `shared_input` when that one is not needed afterwards and has the same byte size
  view,      // each is input `shared_input` seen under other dims or from an offset: no step runs
  parts,     // the first is its inputs one behind the other: they may be written there from the start; a step copies the others
};

/// One joint alternative of one node: a tactic with its knobs, and the formats it reads and writes.
struct Offer {
  std::string tactic;
  Config config;
  std::vector<Format> in, out;  // one per input (absent ones too) and per output
  Share share = Share::none;
  int shared_input = 0;
  auto operator<=>(const Offer&) const = default;
  std::string str() const;  // "onednn_conv{pieces=2} nhwc -> nhwc"
};

/// What runs each node: complete from the first moment, improved by measuring. Indexed by NodeId; dead nodes, inputs
/// and constants have an empty offer.
struct Choices {
  std::vector<Offer> offers;
  std::map<NodeId, std::vector<Choices>> bodies;  // of control-flow nodes, in the order of their GraphRef fields
};

}  // namespace tenon::core
