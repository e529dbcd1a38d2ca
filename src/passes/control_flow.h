#pragma once
#include "passes/driver.h"

namespace tenon::core {

/// A loop whose trip count is known may be written out when that adds at most this many nodes.
inline constexpr int64_t kMaxUnrolledNodes = 128;

/// Captured constants move into the bodies, where they can fold.
void sink_constants(Graph&, PassContext&);
/// If with a constant condition becomes the branch taken.
void inline_branches(Graph&, PassContext&);
/// What a Loop or Scan body computes from captured values alone is computed once, in front of it.
void hoist_invariants(Graph&, PassContext&);
/// What a Scan body makes of its elements alone, products with a matrix among it, is made of all elements at once in
/// front of the loop.
void batch_scans(Graph&, PassContext&);
/// Loops over one range that do not need each other become one.
void merge_loops(Graph&, PassContext&);
/// Loops with a known, small trip count become their bodies, one after the other, where PassOptions::unrolls has it so.
void unroll_loops(Graph&, PassContext&);

}  // namespace tenon::core
