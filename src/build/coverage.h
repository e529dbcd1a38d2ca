#pragma once
#include "build/build.h"

namespace tenon::core {

/// The tier of a step: fast, generated, bodies, reference, view or reorder.
std::string_view tier_of(const Program&, const Step&);
/// "212 of 220 nodes in 57 fast steps; 5 generated; 3 reference (names)" into the report and the log.
void note_coverage(Built&, const Log&);
/// Runs the program at its tuned dims, on inputs that `original` takes, and adds to that line which shares of the time its
/// generated and its reference steps take. Nothing where these inputs can't be run.
void note_time_shares(Built&, const Graph& original, const Log&);

}  // namespace tenon::core
