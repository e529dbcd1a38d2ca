#pragma once
#include "ir/op.h"

namespace tenon::core {

/// Every op of src/ops by name.
const OpRegistry& op_registry();

/// One function per family of ops, each defined beside its ops and called by `op_registry`.
void register_pointwise_ops(OpRegistry&);
void register_spatial_ops(OpRegistry&);
void register_moving_ops(OpRegistry&);
void register_linear_ops(OpRegistry&);
void register_control_ops(OpRegistry&);
void register_fused_ops(OpRegistry&);

}  // namespace tenon::core
