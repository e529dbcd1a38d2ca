#pragma once
#include "ir/op.h"

namespace tenon::core {

/// Every op of src/ops by name.
const OpRegistry& op_registry();

}  // namespace tenon::core
