#pragma once
#include "passes/driver.h"

namespace tenon::core {

/// Above this many rows of output, splitting the merged result costs more than one product saves.
inline constexpr int64_t kMaxMergedRows = 64;

/// MatMuls (and Convs of one group) that read the same value through constant weights, with the same fields, become
/// one with a Split behind it.
void merge_siblings(Graph&, PassContext&);

}  // namespace tenon::core
