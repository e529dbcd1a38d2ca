#pragma once
#include "passes/driver.h"

namespace tenon::core {

/// Nodes with equal ops and equal inputs become one. Small constants too, when their bytes and their names are equal, and
/// small integer tensors with the same symbolic contents.
void merge_common(Graph&, PassContext&);

}  // namespace tenon::core
