#pragma once
#include <array>

#include "runtime/program.h"

namespace tenon::core {

/// A step with its executable and dims, for one binding of the symbols.
struct BoundStep {
  std::shared_ptr<const Prepared> prepared;
  std::vector<Dims> in, out;
  Place workspace_place = Place::device;
  int64_t workspace_offset = 0;  // in the arena of that place
};

/// One segment of the plan at concrete shapes: where each slot that lives only inside the segment lies in the arena.
/// Slots that live across segments get buffers of their own (`kept`).
struct BoundSegment {
  std::vector<BoundStep> steps;        // of the segment, in order
  std::map<SlotId, int64_t> offsets;   // of arena roots inside the segment
  std::map<SlotId, int64_t> kept;      // bytes of roots that live across segments and begin here
  std::map<SlotId, int64_t> parts;     // byte offset inside its root of each slot that is a part
  std::vector<std::pair<int, Dims>> output_dims;  // graph outputs written in this segment
  std::array<int64_t, 2> arena_bytes{};  // of each Place
  /// Nothing here needs the host while it runs, so that the work can be recorded.
  bool recordable = true;
};

/// Prepares every step of the segment; fails naming the node. Boxed values get no dims.
BoundSegment bind_segment(const Program&, int segment, const Bindings&);

}  // namespace tenon::core
