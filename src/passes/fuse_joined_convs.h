#pragma once
#include "passes/driver.h"

namespace tenon::core {

/// Conv1x1(relu(Concat(...) * scale + shift)) => Fused, where one kernel computes it: the layers of
/// dense blocks. See ops/joined_conv.h. Left out for devices without such a kernel.
void fuse_joined_convs(Graph&, PassContext&);

}  // namespace tenon::core
