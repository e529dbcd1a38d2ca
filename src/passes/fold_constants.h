#pragma once
#include "passes/driver.h"

namespace tenon::core {

/// Values that do not depend on inputs become constants, those with known contents too (a Shape of constant dims).
/// Impure nodes stay, and so does a node whose evaluation fails: its error belongs to the run.
void fold_constants(Graph&, PassContext&);

}  // namespace tenon::core
