#pragma once
#include <string>
#include <vector>

#include "plan/choices.h"

namespace tenon::core {

using SlotId = int32_t;

/// A place for one value in one format.
struct Slot {
  /// Input `input` of the step `step`, which joins its inputs.
  struct Part {
    int step = -1, input = -1;
  };
  enum class Kind {
    input,     // the caller's memory
    constant,  // a weight in the wanted format
    arena,     // planned memory
    box,       // a HostValue: sequences, strings, and tensors whose dims are known only when they exist
  };
  Kind kind = Kind::arena;
  Value value;
  Format format;
  /// The slot whose memory this one is (itself when it owns memory). Views, in-place results and parts share a root.
  SlotId root = -1;
  /// Where it lies in the result of a step of Share::parts, when it does.
  Part part;
  /// This slot's memory is a graph output's buffer.
  int output = -1;
};

struct Step {
  enum class Kind { run, view, reorder };
  Kind kind = Kind::run;
  NodeId node = -1;              // of the graph; for a reorder, the consumer that asked for it
  std::vector<SlotId> in, out;   // -1: absent
  /// Symbols whose value is known only after this step ran (NonZero's count); such a step ends a segment.
  std::vector<std::string> defines;
  std::string reason;            // of a reorder: "'a' is nhwc, 'b' reads row-major"
};

/// Steps [first, last): all their shapes are known once the symbols defined before are bound.
struct Segment {
  int first = 0, last = 0;
};

/// How a graph is run: derived from graph and choices alone, in the same way by build and by load.
struct Plan {
  std::vector<Slot> slots;
  std::vector<Step> steps;
  std::vector<Segment> segments;
  std::vector<SlotId> inputs;   // per graph input
  std::vector<SlotId> outputs;  // per graph output: the slot that holds it, in row-major order
  /// Per slot: the first and last step that touches its memory; roots cover their aliases.
  std::vector<std::pair<int, int>> life;
};

Plan make_plan(const Graph&, const Choices&);

/// Values whose dims contain symbols that nothing has bound when they are computed, node by node in order; such values
/// are boxed, and only the reference tactic runs their nodes.
std::vector<bool> nodes_with_open_shapes(const Graph&);

}  // namespace tenon::core
